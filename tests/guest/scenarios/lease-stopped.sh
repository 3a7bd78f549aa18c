# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process has a write lease on a file and is stopped. Another one has a lock and opens the file: the kernel wakes it at
# every tick to look again. A third wants the lock.

make() {
    echo 300 >/proc/sys/fs/lease-break-time
    background holder_p role lease /tmp/leased 0
    facts_of holder_p holder
    kill -STOP "$holder"
    stays_in_state "$holder" T 5
    background opener_p role flock-open /tmp/lock /tmp/leased
    facts_of opener_p opener
    until_true 5 stack_has "$opener" __break_lease || fail "it does not wait for the lease"
    sleeps waiter flock role flock-wait /tmp/lock
}

heal() {
    kill -9 "$holder"
    ends "$holder" 5
    ends "$opener" 10
    # It keeps the lock, once it has it.
    usleep 200000
    kill -9 "$waiter"
    ends "$waiter" 5
    echo 45 >/proc/sys/fs/lease-break-time
    rm -f /tmp/leased /tmp/lock
}
