# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Healthy, but slow: every request takes 400 ms, and there is always somebody who waits. It moves.

make() {
    truncate -s 32M /tmp/slow.img
    loop=$(losetup -f)
    losetup "$loop" /tmp/slow.img || fail losetup
    fact loop "$loop"
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F "$loop" || fail mkfs.ext4
    mount -t ext4 "$loop" /data || fail mount
    dd if=/dev/zero of=/data/cold bs=1M count=8 2>/dev/null
    umount /data
    dmsetup create --noudevsync slow --table "0 65536 delay $loop 0 400" || fail "dmsetup create"
    until_true 5 [ -e /dev/mapper/slow ] || dmsetup mknodes slow
    mount -t ext4 -o noinit_itable /dev/mapper/slow /data || fail mount
    background reader_p role read-for-ever /data/cold
    background syncer_p role sync-for-ever /data/a
    background syncer2_p role sync-for-ever /data/b
    fact readers "$reader_p"
    fact syncer "$syncer_p"
    fact syncer2 "$syncer2_p"
    sleep 3
}

heal() {
    kill -9 "$readers" "$syncer" "$syncer2"
    ends "$readers" 20
    ends "$syncer" 20
    ends "$syncer2" 20
    until_true 60 umount /data || fail umount
    dmsetup remove --noudevsync slow || fail "dmsetup remove"
    losetup -d "$loop"
}
