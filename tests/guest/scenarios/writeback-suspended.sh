# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The device below a filesystem is suspended while much is to be written: one writer has dirtied
# more than it may and is paused, sync waits for the flusher.

make() {
    dm_on_loop slow 64
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F /dev/mapper/slow || fail mkfs.ext4
    mount -t ext4 -o noinit_itable /dev/mapper/slow /data || fail mount
    touch /data/big
    sync
    dmsetup suspend --noudevsync --noflush --nolockfs slow || fail "dmsetup suspend"
    echo 2000000 >/proc/sys/vm/dirty_bytes
    hangs writer 'balance_dirty_pages|ext4_|jbd2' dd if=/dev/zero of=/data/big bs=64k count=800
    hangs syncer 'sync_inodes|wb_wait|writeback|sync_fs|iterate_supers|filemap|jbd2' sync
    kernel_threads threads
}

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    ends "$writer" 40
    ends "$syncer" 40
    echo 20 >/proc/sys/vm/dirty_ratio
    umount /data || fail umount
    dm_gone slow
}
