# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A device-mapper device is suspended as LVM does it for a snapshot: its filesystem is frozen
# first. Writers wait for the filesystem, readers for the device; one resume ends both.

make() {
    dm_on_loop snap 32
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F /dev/mapper/snap || fail mkfs.ext4
    mount -t ext4 -o noinit_itable /dev/mapper/snap /data || fail mount
    echo x >/data/cold
    touch /data/file
    sync
    echo 3 >/proc/sys/vm/drop_caches
    dmsetup suspend --noudevsync snap || fail "dmsetup suspend"
    hangs writer 'mnt_want_write|sb_start_write|percpu_down_read|vfs_write|percpu_rwsem' touch /data/new
    hangs writer2 'mnt_want_write|sb_start_write|percpu_down_read|vfs_write|percpu_rwsem' mkdir /data/dir
    hangs raw 'blkdev|submit_bio|iomap' role direct-read /dev/mapper/snap
}

heal() {
    dmsetup resume --noudevsync snap || fail "dmsetup resume"
    for victim in $writer $writer2 $raw; do
        ends "$victim" 20
    done
    umount /data || fail umount
    dm_gone snap
}
