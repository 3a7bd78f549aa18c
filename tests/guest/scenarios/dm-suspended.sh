# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A device-mapper device with a filesystem is suspended and stays so. Readers of files and of the
# device itself hang; a writer in fsync has a handle of the journal open while it reads a bitmap,
# so that the commit thread waits for it, and another fsync for the commit.

make() {
    dm_on_loop slow 32
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F /dev/mapper/slow || fail mkfs.ext4
    mount -t ext4 /dev/mapper/slow /data || fail mount
    dd if=/dev/zero of=/data/cold bs=64k count=4 2>/dev/null
    dd if=/dev/zero of=/data/cold2 bs=64k count=4 2>/dev/null
    touch /data/touched /data/new
    umount /data
    echo 3 >/proc/sys/vm/drop_caches
    mount -t ext4 -o no_prefetch_block_bitmaps /dev/mapper/slow /data 2>/dev/null ||
        mount -t ext4 /dev/mapper/slow /data || fail mount
    # In the cache: the names and inodes, but no data.
    ls -l /data/* >/dev/null
    dmsetup suspend --noudevsync --noflush --nolockfs slow || fail "dmsetup suspend"

    hangs reader 'folio_wait_bit|wait_on_page_bit|filemap_|generic_file' cat /data/cold
    hangs writer 'ext4_' role write-sync /data/new 64
    hangs syncer 'jbd2_log_wait_commit|jbd2_complete|ext4_|jbd2' role chmod-sync /data/touched
    hangs raw 'blkdev|filemap|folio|generic_file' dd if=/dev/mapper/slow of=/dev/null bs=4k count=1 skip=4000
    hangs direct 'blkdev|submit_bio|iomap' role direct-read /dev/mapper/slow
    hangs direct_file 'iomap' role direct-read /data/cold2
    fact jbd2 "$(task_named jbd2/dm-)"
}

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    for victim in $reader $writer $syncer $raw $direct $direct_file; do
        ends "$victim" 20
    done
    umount /data || fail umount
    dm_gone slow
}
