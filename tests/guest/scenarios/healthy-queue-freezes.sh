# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The queue of a busy disk is frozen for an instant again and again, for another scheduler.

make() {
    until_true 20 scsi_disk || fail "no disk"
    touch /tmp/busy
    for i in 1 2; do
        background "job$i" sh -c "while [ -e /tmp/busy ]; do dd if=/dev/$disk of=/dev/null bs=4k count=64 2>/dev/null; echo 1 >/proc/sys/vm/drop_caches; done"
    done
    background job3 sh -c "while [ -e /tmp/busy ]; do echo mq-deadline >/sys/block/$disk/queue/scheduler; echo none >/sys/block/$disk/queue/scheduler; usleep 20000; done"
    for i in 1 2 3; do eval "fact job$i \$job$i"; done
    sleep 1
}

heal() {
    rm /tmp/busy
    for j in $job1 $job2 $job3; do ends "$j" 30; done
}
