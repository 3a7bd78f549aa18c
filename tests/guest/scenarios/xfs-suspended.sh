# SPDX-License-Identifier: LGPL-2.1-or-later
#
# XFS on a device-mapper device that is suspended: a reader of a directory waits for a buffer, an
# fsync for the log, a reader of a file for a page.

make() {
    dm_on_loop slow 320
    mkfs.xfs -q -f /dev/mapper/slow || fail mkfs.xfs
    mount -t xfs /dev/mapper/slow /data || fail mount
    mkdir /data/dir
    n=0
    while [ $n -lt 200 ]; do
        : >"/data/dir/a-rather-long-name-for-a-file-that-has-nothing-in-it-$n"
        n=$((n + 1))
    done
    dd if=/dev/zero of=/data/cold bs=64k count=2 2>/dev/null
    touch /data/touched
    umount /data
    echo 3 >/proc/sys/vm/drop_caches
    mount -t xfs /dev/mapper/slow /data || fail mount
    ls -l /data >/dev/null
    dmsetup suspend --noudevsync --noflush --nolockfs slow || fail "dmsetup suspend"

    hangs lister 'xfs_' ls /data/dir
    hangs reader 'folio_wait_bit|wait_on_page_bit|filemap_|generic_file' cat /data/cold
    hangs syncer 'xfs_|xlog' role chmod-sync /data/touched
}

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    for victim in $lister $reader $syncer; do
        ends "$victim" 20
    done
    umount /data || fail umount
    dm_gone slow
}
