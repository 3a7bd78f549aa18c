# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process needs its supervisor's word for mkdir (a seccomp filter that notifies), and has a lock meanwhile; the
# supervisor is stopped. Another process wants the lock.

make() {
    background supervised_p role seccomp-mkdir /tmp/lock /tmp/made
    facts_of supervised_p supervised
    sleeps_in "$supervisor" seccomp
    kill -STOP "$supervisor"
    stays_in_state "$supervisor" T 5
    kill -USR1 "$supervised"
    until_true 5 stack_has "$supervised" seccomp || fail "it does not wait for its supervisor"
    sleeps waiter flock role flock-wait /tmp/lock
}

heal() {
    kill -CONT "$supervisor"
    ends "$supervised" 10
    kill -9 "$supervisor" "$waiter"
    ends "$supervisor" 10
    ends "$waiter" 10
    rm -r /tmp/made /tmp/lock
}
