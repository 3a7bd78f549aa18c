# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A freeze that does not come to its end: a writer is inside of the filesystem and waits for a
# suspended device; the freezer waits for that writer; whoever else wants to write, for the freezer.

make() {
    dm_on_loop slow 32
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F /dev/mapper/slow || fail mkfs.ext4
    mount -t ext4 -o noinit_itable /dev/mapper/slow /data || fail mount
    dd if=/dev/zero of=/data/cold bs=64k count=4 2>/dev/null
    sync
    echo 3 >/proc/sys/vm/drop_caches
    ls -l /data >/dev/null
    dmsetup suspend --noudevsync --noflush --nolockfs slow || fail "dmsetup suspend"
    # A part of a block has to be read before it can be written.
    hangs writer 'ext4_' dd if=/dev/zero of=/data/cold bs=100 count=1 seek=3 conv=notrunc
    hangs freezer 'freeze_super|sb_wait_write|percpu_down_write|ioctl_fsfreeze' fsfreeze --freeze /data
    hangs late 'mnt_want_write|sb_start_write|percpu_down_read|vfs_write|percpu_rwsem' mkdir /data/late
    fact jbd2 "$(task_named jbd2/dm-)"
}

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    ends "$writer" 20
    ends "$freezer" 20
    fsfreeze --unfreeze /data || fail "fsfreeze -u"
    ends "$late" 20
    umount /data || fail umount
    dm_gone slow
}
