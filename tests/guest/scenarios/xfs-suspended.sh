# SPDX-License-Identifier: LGPL-2.1-or-later
#
# XFS on a device-mapper device that is suspended: a reader of a directory waits for a buffer, an
# fsync for the log, a reader of a file for a page. Who makes a file has the buffer of the allocation
# group's inodes locked and waits for another; the next one waits for that lock.

make() {
    dm_on_loop slow 320
    mkfs.xfs -q -f -K -d agcount=2 /dev/mapper/slow || fail mkfs.xfs
    mount -t xfs /dev/mapper/slow /data || fail mount
    mkdir /data/dir
    # In the first of the two allocation groups, as /data itself.
    for other in /data/a /data/b /data/c /data/d; do
        mkdir $other
        [ "$(stat -c %i $other)" -gt 500000 ] || break
    done
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
    ls -l /data $other >/dev/null
    dmsetup suspend --noudevsync --noflush --nolockfs slow || fail "dmsetup suspend"

    hangs creator 'xfs_create|xfs_dialloc' sh -c ': >/data/new'
    hangs second 'xfs_buf_lock|xfs_buf_find|xfs_create' sh -c ': >'$other/new
    hangs lister 'xfs_' ls /data/dir
    hangs reader 'folio_wait_bit|wait_on_page_bit|filemap_|generic_file' cat /data/cold
    hangs syncer 'xfs_|xlog' role chmod-sync /data/touched
}

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    for victim in $creator $second $lister $reader $syncer; do
        ends "$victim" 20
    done
    umount /data || fail umount
    dm_gone slow
}
