# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A logical volume under ext4 is suspended: a write with fsync, then chmod of another file.

make() {
    truncate -s 256M /var/tmp/pv.img
    loop=$(losetup -f --show /var/tmp/pv.img) || fail losetup
    fact loop "$loop"
    pvcreate -q "$loop" && vgcreate -q vgt "$loop" && lvcreate -q -y -L 64M -n data vgt || fail LVM
    mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 /dev/vgt/data || fail mkfs.ext4
    mkdir -p /data
    mount /dev/vgt/data /data || fail mount
    touch /data/first /data/other /data/file
    sync -f /data
    fact dm "dev:dm-$(dmsetup info -c --noheadings -o minor vgt-data | tr -d ' ')"
    dmsetup suspend --noudevsync --nolockfs --noflush vgt-data || fail suspend
    hangs writer 'ext4|jbd2|file_write_and_wait' role write-sync /data/file 64
    jbd2=$(task_named jbd2/dm-)
    until_true 30 is_in_state "$jbd2" D || fail "no transaction is committed"
    hangs changer 'do_get_write_access|jbd2' chmod 600 /data/other
    fact jbd2 "$jbd2"
    sleep 1
}

heal() {
    dmsetup resume --noudevsync vgt-data || fail resume
    ends "$writer" 40
    ends "$changer" 40
    umount /data || fail umount
    vgremove -q -f vgt
    losetup -d "$loop"
    rm /var/tmp/pv.img
}
