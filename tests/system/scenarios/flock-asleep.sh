# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A job has the lock of its file and sleeps; the next one of its kind waits for it.

make() {
    background holder flock /run/lock/job sleep 10000
    sleep 1
    background second flock /run/lock/job true
    fact second "$second"
    fact holder "$holder"
    sleep 1
}

heal() {
    # The lock is its child's as well, which is in its group.
    kill -- "-$holder"
    ends "$holder" 20
    ends "$second" 20
}
