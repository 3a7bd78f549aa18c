# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A disk that takes every command and answers none; its time-out is long, so that no error recovery
# begins.

make() {
    until_true 20 scsi_disk || fail "no disk"
    fact disk "$disk"
    echo 20 >"/sys/block/$disk/device/timeout"
    echo 4 >/sys/bus/pseudo/drivers/scsi_debug/opts || fail "scsi_debug's opts"
    echo 1 >/sys/bus/pseudo/drivers/scsi_debug/every_nth || fail "scsi_debug's every_nth"
    hangs reader 'blkdev|submit_bio|iomap' role direct-read "/dev/$disk"
}

heal() {
    echo 0 >/sys/bus/pseudo/drivers/scsi_debug/every_nth
    echo 0 >/sys/bus/pseudo/drivers/scsi_debug/opts
    # It times out, is aborted, and sent again.
    ends "$reader" 60
    echo 30 >"/sys/block/$disk/device/timeout"
}
