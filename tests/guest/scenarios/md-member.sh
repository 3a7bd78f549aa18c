# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A mirror of two devices, one of which is a suspended device-mapper device: reads may go on, a
# write that both have to take hangs.

make() {
    dm_on_loop half 16
    truncate -s 16M /tmp/other.img
    other=$(losetup -f)
    losetup "$other" /tmp/other.img || fail losetup
    fact other "$other"
    echo md_test >/sys/module/md_mod/parameters/new_array || fail new_array
    until_true 10 [ -e /sys/block/md_test/md ] || fail "no array"
    cd /sys/block/md_test/md || fail "no array"
    echo none >metadata_version
    echo raid1 >level || fail raid1
    echo 2 >raid_disks
    echo "7:${other#/dev/loop}" >new_dev || fail new_dev
    echo "254:${dm#dev:dm-}" >new_dev || echo "253:${dm#dev:dm-}" >new_dev || fail new_dev
    echo 0 >"dev-${other#/dev/}/slot"
    echo 1 >"dev-${dm#dev:}/slot"
    echo 16000 >component_size
    echo 16000 >resync_start
    echo active >array_state || fail array_state
    cd /
    until_true 10 [ -e /dev/md_test ] || fail "no /dev/md_test"
    dmsetup suspend --noudevsync --noflush --nolockfs half || fail "dmsetup suspend"
    hangs writer 'blkdev|submit_bio|iomap|md_' role direct-write /dev/md_test 65536
}

heal() {
    dmsetup resume --noudevsync half || fail "dmsetup resume"
    ends "$writer" 20
    echo clear >/sys/block/md_test/md/array_state
    losetup -d "$other"
    until_true 10 dmsetup remove --noudevsync half || fail "dmsetup remove"
    losetup -d "$loop"
}
