# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A program waits, with a lock, for a semaphore to become zero, as dmsetup does for udev's word; somebody else
# wants the lock. Nobody is known who would bring it to zero.

make() {
    background waiter_p role cookie /tmp/lock 0
    facts_of waiter_p waiter
    sleeps_in "$waiter" sem
    sleeps second flock role flock-wait /tmp/lock
}

heal() {
    kill -9 "$waiter" "$second"
    ends "$waiter" 10
    ends "$second" 10
    ipcrm -s "$sem"
    rm /tmp/lock
}
