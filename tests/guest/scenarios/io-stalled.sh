# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A disk takes requests and does not answer for half a minute: a reader past the page cache, one
# through it, and a program in sync.

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
    hangs buffered 'blkdev|filemap|folio|generic_file' dd "if=/dev/$disk" of=/dev/null bs=4k count=1 skip=200
}

disk() { ls /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*/block 2>/dev/null | head -1; }

heal() {
    ends "$reader" 60
    ends "$buffered" 60
    echo 1 >/sys/bus/pseudo/drivers/scsi_debug/delay
}
