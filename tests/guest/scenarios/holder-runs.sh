# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process has a file lock and computes without an end. Two others want the lock.

make() {
    background spinner_p role flock-spin /tmp/lock-a
    facts_of spinner_p spinner
    background waiter1 role flock-wait /tmp/lock-a
    background waiter2 role flock-wait /tmp/lock-a
    for t in $waiter1 $waiter2; do
        stays_in_state "$t" S 10
        until_true 5 stack_has "$t" flock || fail "$t does not wait for the lock"
    done
    fact waiter1 "$waiter1"
    fact waiter2 "$waiter2"
}

heal() {
    kill "$spinner"
    for t in $spinner $waiter1 $waiter2; do ends "$t" 20; done
}
