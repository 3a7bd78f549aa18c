# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A program waits, with a lock, for a cookie of device mapper; who receives the kernel's events of devices is stopped.

make() {
    background udev_p role uevents
    facts_of udev_p udev
    kill -STOP "$udev"
    stays_in_state "$udev" T 5
    background waiter_p role cookie /tmp/lock 0d4d1234
    facts_of waiter_p waiter
    sleeps_in "$waiter" sem
    sleeps second flock role flock-wait /tmp/lock
}

heal() {
    kill -9 "$waiter" "$second" "$udev"
    for p in $waiter $second $udev; do ends "$p" 10; done
    ipcrm -s "$sem"
    rm /tmp/lock
}
