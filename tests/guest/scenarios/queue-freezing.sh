# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A disk does not answer for half a minute. Somebody changes a setting of its queue and waits until
# no request uses it, a sleep that no rule knows; a reader that comes later waits until the queue
# takes requests again.

make() {
    until_true 20 [ -n "$(disk)" ] || fail "no disk"
    disk=$(disk)
    fact disk "$disk"
    echo 3000 >"/sys/block/$disk/device/timeout"
    dd if=/dev/zero of="/dev/$disk" bs=4k count=16 2>/dev/null
    sync
    echo 3 >/proc/sys/vm/drop_caches
    echo 7500 >/sys/bus/pseudo/drivers/scsi_debug/delay || fail "scsi_debug's delay"
    hangs reader 'blkdev|submit_bio|iomap' role direct-read "/dev/$disk"
    hangs tuner 'blk_mq_freeze_queue' sh -c "echo 7 >/sys/block/$disk/queue/nr_requests"
    hangs late 'queue_enter' role direct-read "/dev/$disk"
}

disk() { ls /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*/block 2>/dev/null | head -1; }

heal() {
    ends "$reader" 60
    ends "$tuner" 60
    ends "$late" 60
    echo 1 >/sys/bus/pseudo/drivers/scsi_debug/delay
}
