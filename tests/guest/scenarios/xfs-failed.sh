# SPDX-License-Identifier: LGPL-2.1-or-later
#
# XFS on a disk of which a part has gone bad. The log is elsewhere and works, so nothing fails; but
# metadata cannot be written back, and is tried again for ever. A freeze has to write back all
# of it first, and whoever wants to write waits for the freezer.

make() {
    truncate -s 320M /tmp/disk.img
    truncate -s 80M /tmp/log.img
    disk=$(losetup -f); losetup "$disk" /tmp/disk.img || fail losetup
    log=$(losetup -f); losetup "$log" /tmp/log.img || fail losetup
    fact disk "$disk"
    fact log "$log"
    dmsetup create --noudevsync bad --table "0 655360 linear $disk 0" || fail "dmsetup create"
    [ -e /dev/mapper/bad ] || dmsetup mknodes bad
    mkfs.xfs -q -f -K -d agcount=4 -l logdev="$log",size=64m /dev/mapper/bad || fail mkfs.xfs
    mount -t xfs -o logdev="$log" /dev/mapper/bad /data || fail mount
    for n in 0 1 2 3 4 5 6 7; do
        mkdir /data/$n
        touch /data/$n/a
    done
    sync
    table "0 163840 linear $disk 0
163840 491520 error"
    for n in 0 1 2 3 4 5 6 7; do
        touch /data/$n/b
    done
    hangs freezer 'xfs_ail_push_all_sync|xfs_log_quiesce' fsfreeze --freeze /data
    hangs writer 'percpu_rwsem_wait|percpu_down_read|mnt_want_write' touch /data/0/c
}

# table TEXT: make it the one of `bad`. No flush: that would fail.
table() {
    echo "$1" >/tmp/table
    dmsetup suspend --noudevsync --noflush --nolockfs bad || fail "dmsetup suspend"
    dmsetup load bad /tmp/table || fail "dmsetup load"
    dmsetup resume --noudevsync bad || fail "dmsetup resume"
}

heal() {
    table "0 655360 linear $disk 0"
    ends "$freezer" 40
    fsfreeze --unfreeze /data || fail "fsfreeze -u"
    ends "$writer" 20
    umount /data || fail umount
    dmsetup remove --noudevsync bad || fail "dmsetup remove"
    losetup -d "$disk"
    losetup -d "$log"
    rm -f /tmp/disk.img /tmp/log.img
}
