# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A mirror of two devices, one of which is a disk that takes commands and does not answer: a write
# that both have to take hangs, and so does the thread that syncs them.

debug=/sys/bus/pseudo/drivers/scsi_debug

make() {
    until_true 20 scsi_disk || fail "no disk"
    fact disk "$disk"
    number=$(cat "/sys/block/$disk/dev")
    truncate -s 8M /tmp/other.img
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
    echo "$number" >new_dev || fail new_dev
    echo 0 >"dev-${other#/dev/}/slot"
    echo 1 >"dev-$disk/slot"
    echo 8000 >component_size
    echo 8000 >resync_start
    echo active >array_state || fail array_state
    cd /
    until_true 10 [ -e /dev/md_test ] || fail "no /dev/md_test"
    echo 20 >"/sys/block/$disk/device/timeout"
    echo 4 >"$debug/opts" || fail "scsi_debug's opts"
    echo 1 >"$debug/every_nth" || fail "scsi_debug's every_nth"
    hangs writer 'blkdev|submit_bio|iomap|md_' role direct-write /dev/md_test 65536
    sync=$(task_named md_test_resync)
    blocks_in "$sync" md_do_sync
    fact sync "$sync"
}

heal() {
    echo 0 >"$debug/every_nth"
    echo 0 >"$debug/opts"
    # Its command times out, is aborted, and sent again.
    ends "$writer" 60
    echo 30 >"/sys/block/$disk/device/timeout"
    echo clear >/sys/block/md_test/md/array_state
    losetup -d "$other"
}
