# SPDX-License-Identifier: LGPL-2.1-or-later
#
# btrfs on a device-mapper device that is suspended: readers wait for pages, a lister for a tree
# block, an fsync for the log's blocks, another for what it has to do with the transaction.

make() {
    dm_on_loop slow 256
    mkfs.btrfs -q -K -f /dev/mapper/slow >/dev/null || fail mkfs.btrfs
    mount -t btrfs /dev/mapper/slow /data || fail mount
    dd if=/dev/zero of=/data/cold bs=64k count=4 2>/dev/null
    touch /data/touched
    mkdir /data/dir
    n=0
    while [ $n -lt 300 ]; do
        : >"/data/dir/a-rather-long-name-for-a-file-that-has-nothing-in-it-$n"
        n=$((n + 1))
    done
    umount /data
    echo 3 >/proc/sys/vm/drop_caches
    mount -t btrfs /dev/mapper/slow /data || fail mount
    ls -l /data >/dev/null
    dmsetup suspend --noudevsync --noflush --nolockfs slow || fail "dmsetup suspend"

    hangs reader 'folio_wait_bit|filemap_|generic_file' cat /data/cold
    hangs lister 'read_extent_buffer|read_tree_block' ls /data/dir
    hangs syncer 'btrfs_' role chmod-sync /data/touched
    hangs creator 'btrfs_' role write-sync /data/new 64
}

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    for victim in $reader $lister $syncer $creator; do
        ends "$victim" 20
    done
    umount /data || fail umount
    dm_gone slow
}
