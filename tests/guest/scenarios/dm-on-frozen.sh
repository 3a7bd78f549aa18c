# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Storage upon storage: a filesystem on a device-mapper device on a loop device whose file is on
# a filesystem that somebody has frozen. A writer up there waits for what is down there.

make() {
    fs_on_loop /data 48
    fact lower "$loop"
    mkdir /upper
    dd if=/dev/zero of=/data/image bs=1M count=24 2>/dev/null
    sync
    loop=$(losetup -f)
    losetup "$loop" /data/image || fail losetup
    fact upper_loop "$loop"
    dmsetup create --noudevsync up --table "0 $((24 * 2048)) linear $loop 0" || fail "dmsetup create"
    [ -e /dev/mapper/up ] || dmsetup mknodes up
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F /dev/mapper/up || fail mkfs.ext4
    mount -t ext4 -o noinit_itable /dev/mapper/up /upper || fail mount
    touch /upper/file
    sync
    fsfreeze --freeze /data || fail fsfreeze
    hangs writer 'ext4_|file_write_and_wait|filemap' role write-sync /upper/file 64
    hangs reader 'blkdev|submit_bio|iomap' role direct-read /dev/mapper/up
    kernel_threads threads
}

heal() {
    fsfreeze --unfreeze /data || fail fsfreeze
    ends "$writer" 20
    ends "$reader" 20
    umount /upper || fail umount
    dmsetup remove --noudevsync up || fail "dmsetup remove"
    losetup -d "$upper_loop"
    fs_gone /data
}
