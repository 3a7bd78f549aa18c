# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A disk does not answer a read of a block of inodes. One program waits for it in stat, another one for the first
# one's look-up of the same name, a third for the same inode by another name.

make() {
    until_true 20 scsi_disk || fail "no disk"
    fact disk "$disk"
    echo 3000 >"/sys/block/$disk/device/timeout"
    /usr/sbin/mkfs.ext4 -q -b 1024 -E lazy_itable_init=0,lazy_journal_init=0 -F "/dev/$disk" || fail mkfs.ext4
    mount -t ext4 "/dev/$disk" /data || fail mount
    mkdir /data/d1 /data/d2
    # Inodes far from the directories' own.
    for i in $(seq 40); do touch "/data/d1/f$i"; done
    touch /data/d1/f
    ln /data/d1/f /data/d2/y
    umount /data
    echo 3 >/proc/sys/vm/drop_caches
    mount -t ext4 -o inode_readahead_blks=0 "/dev/$disk" /data || fail mount
    # The directories' blocks come into the cache, but no file's inode: only names are read.
    echo /data/d1/* /data/d2/* >/dev/null
    sync
    echo 7500 >/sys/bus/pseudo/drivers/scsi_debug/delay || fail "scsi_debug's delay"
    hangs first 'ext4_lookup|__ext4_get_inode_loc|ext4_iget' stat /data/d1/f
    hangs second 'd_alloc_parallel|lookup_slow|lookup' stat /data/d1/f
    hangs third 'iget_locked|inode_wait|wait_on_inode|find_inode' stat /data/d2/y
    kernel_threads workers
}

heal() {
    for p in $first $second $third; do ends "$p" 120; done
    # It does not take a new delay as long as something is in flight.
    until_true 60 fast || fail "the disk stays slow"
    umount /data || fail umount
}
fast() { echo 1 >/sys/bus/pseudo/drivers/scsi_debug/delay; } 2>/dev/null
