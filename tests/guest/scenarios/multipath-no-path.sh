# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The only path of a multipath device has failed, and it queues what comes.

make() {
    truncate -s 4M /tmp/path.img
    loop=$(losetup -f)
    losetup "$loop" /tmp/path.img || fail losetup
    fact loop "$loop"
    dmsetup create --noudevsync lun --table "0 8192 multipath 1 queue_if_no_path 0 1 1 round-robin 0 1 1 $loop 1000" || fail multipath
    until_true 5 [ -e /dev/mapper/lun ] || dmsetup mknodes lun
    dmsetup message lun 0 "fail_path 7:${loop#/dev/loop}" || fail fail_path
    hangs reader 'blkdev|submit_bio|iomap' role direct-read /dev/mapper/lun
    hangs buffered 'blkdev|filemap|folio|generic_file' dd if=/dev/mapper/lun of=/dev/null bs=4k count=1 skip=100
    fact dm "dev:dm-$(dmsetup info -c --noheadings -o minor lun)"
}

heal() {
    dmsetup message lun 0 "reinstate_path 7:${loop#/dev/loop}" || fail reinstate_path
    ends "$reader" 20
    ends "$buffered" 20
    dmsetup remove --noudevsync lun || fail "dmsetup remove"
    losetup -d "$loop"
}
