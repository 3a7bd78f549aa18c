# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A disk that does not answer, a read of it under way, a change of its scheduler that waits for that; then it is to
# be deleted, which waits for the change to leave the attribute, or for the queue.

make() {
    until_true 20 scsi_disk || fail "no disk"
    fact disk "$disk"
    echo 3000 >"/sys/block/$disk/device/timeout"
    sync
    echo 7500 >/sys/bus/pseudo/drivers/scsi_debug/delay || fail "scsi_debug's delay"
    hangs reader 'blkdev|submit_bio|iomap' role direct-read "/dev/$disk"
    other=mq-deadline
    case $(cat "/sys/block/$disk/queue/scheduler") in *"[$other]"*) other=none ;; esac
    hangs freezer 'freeze_queue' sh -c "echo $other >/sys/block/$disk/queue/scheduler"
    background deleter sh -c "echo 1 >/sys/block/$disk/device/delete"
    stays_in_state "$deleter" D 10
    fact deleter "$deleter"
}

heal() {
    for p in $reader $freezer $deleter; do ends "$p" 120; done
    echo 1 >/sys/bus/pseudo/drivers/scsi_debug/delay
}
