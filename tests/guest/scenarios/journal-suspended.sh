# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A suspended device under ext4: a write with fsync, and then chmod of another file, which needs a buffer that is in
# the transaction under way.

make() {
    dm_on_loop slow 32
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F /dev/mapper/slow || fail mkfs.ext4
    mount -t ext4 /dev/mapper/slow /data || fail mount
    # Inodes 13 and 14: in one block, of four.
    touch /data/first /data/other
    echo x >/data/file
    sync
    dmsetup suspend --noudevsync --nolockfs --noflush slow || fail "dmsetup suspend"
    hangs writer 'ext4|jbd2|file_write_and_wait' role write-sync /data/file 64
    fact jbd2 "$(task_named jbd2/dm-)"
    until_true 20 is_in_state "$(task_named jbd2/dm-)" D || fail "no transaction is committed"
    hangs changer 'do_get_write_access|jbd2' chmod 600 /data/other
    kernel_threads workers
}

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    ends "$writer" 20
    ends "$changer" 20
    umount /data || fail umount
    dm_gone slow
}
