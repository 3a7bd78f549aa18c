# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The device that keeps a snapshot's old blocks is suspended. Who writes to the origin has to wait until the old
# blocks are copied there.

make() {
    for d in real cow; do
        truncate -s 32M "/tmp/$d.img"
        l=$(losetup -f)
        losetup "$l" "/tmp/$d.img" || fail losetup
        fact "loop_$d" "$l"
        eval "loop_$d=$l"
        made "$d" "0 65536 linear $l 0"
    done
    made data "0 65536 snapshot-origin /dev/mapper/real"
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F /dev/mapper/data || fail mkfs.ext4
    mount -t ext4 /dev/mapper/data /data || fail mount
    dd if=/dev/zero of=/data/old bs=64k count=16 2>/dev/null
    echo x >/data/other
    sync
    dmsetup suspend --noudevsync data || fail "dmsetup suspend"
    made snap "0 65536 snapshot /dev/mapper/real /dev/mapper/cow P 8"
    dmsetup resume --noudevsync data || fail "dmsetup resume"
    fact cow "dev:dm-$(dmsetup info -c --noheadings -o minor cow)"
    dmsetup suspend --noudevsync --nolockfs --noflush cow || fail "dmsetup suspend"
    hangs writer 'folio_wait|wait_on_page|file_write_and_wait|filemap|iomap|blkdev' dd if=/dev/zero of=/data/old bs=64k count=16 conv=notrunc,fsync
    hangs syncer 'ext4|jbd2' role chmod-sync /data/other
    fact jbd2 "$(task_named jbd2/dm-)"
    kernel_threads workers
}

made() {
    dmsetup create --noudevsync "$1" --table "$2" || fail "dmsetup create $1"
    [ -e "/dev/mapper/$1" ] || dmsetup mknodes "$1"
}

heal() {
    dmsetup resume --noudevsync cow || fail "dmsetup resume"
    ends "$writer" 30
    ends "$syncer" 30
    umount /data || fail umount
    for d in snap data cow real; do
        dmsetup remove --noudevsync "$d" || fail "dmsetup remove $d"
    done
    losetup -d "$loop_real"
    losetup -d "$loop_cow"
    rm -f /tmp/real.img /tmp/cow.img
}
