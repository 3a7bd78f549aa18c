# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A dm-delay device keeps what is asked of it for hours: its disk has nothing in flight.

make() {
    truncate -s 16M /tmp/under.img
    loop=$(losetup -f)
    losetup "$loop" /tmp/under.img || fail losetup
    fact loop "$loop"
    dmsetup create --noudevsync late --table "0 32768 delay $loop 0 0" || fail "dmsetup create"
    [ -e /dev/mapper/late ] || dmsetup mknodes late
    fact dm "dev:dm-$(dmsetup info -c --noheadings -o minor late)"
    echo "0 32768 delay $loop 0 9000000" | dmsetup load --noudevsync late || fail "dmsetup load"
    dmsetup suspend --noudevsync late && dmsetup resume --noudevsync late || fail "dmsetup resume"
    hangs direct 'blkdev|submit_bio|iomap' role direct-read /dev/mapper/late
    hangs buffered 'blkdev|filemap|folio|generic_file' dd if=/dev/mapper/late of=/dev/null bs=4k count=1 skip=200
}

heal() {
    # A suspend sends on what was kept.
    echo "0 32768 delay $loop 0 0" | dmsetup load --noudevsync late || fail "dmsetup load"
    dmsetup suspend --noudevsync late && dmsetup resume --noudevsync late || fail "dmsetup resume"
    ends "$direct" 20
    ends "$buffered" 20
    dm_gone late
    rm -f /tmp/under.img
}
