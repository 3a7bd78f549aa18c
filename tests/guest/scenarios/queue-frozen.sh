# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A disk does not answer. With a read under way its queue is frozen for another scheduler, for which a new reader
# waits, and another setting of the queue.

make() {
    until_true 20 scsi_disk || fail "no disk"
    fact disk "$disk"
    echo 3000 >"/sys/block/$disk/device/timeout"
    # Nothing that the kernel does by itself with a disk is to be in flight.
    sync
    echo 7500 >/sys/bus/pseudo/drivers/scsi_debug/delay || fail "scsi_debug's delay"
    hangs reader 'blkdev|submit_bio|iomap' role direct-read "/dev/$disk"
    other=mq-deadline
    case $(cat "/sys/block/$disk/queue/scheduler") in *"[$other]"*) other=none ;; esac
    hangs freezer 'freeze_queue' sh -c "echo $other >/sys/block/$disk/queue/scheduler"
    hangs entering 'blk_queue_enter|bio_queue_enter|__submit_bio|blk_mq' role direct-read "/dev/$disk"
    background setting_p sh -c "echo 128 >/sys/block/$disk/queue/max_sectors_kb"
    setting=$setting_p
    stays_in_state "$setting" DS 5
    fact setting "$setting"
}

heal() {
    for p in $reader $freezer $entering $setting; do ends "$p" 120; done
    echo 1 >/sys/bus/pseudo/drivers/scsi_debug/delay
}
