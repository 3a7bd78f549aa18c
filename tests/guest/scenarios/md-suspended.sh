# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A mirror of which a part is suspended, as who reshapes it from user space does: a writer to that
# part waits.

make() {
    for m in a b; do
        truncate -s 16M "/tmp/md-$m.img"
        loop=$(losetup -f)
        losetup "$loop" "/tmp/md-$m.img" || fail losetup
        eval "loop_$m=$loop"
        fact "loop_$m" "$loop"
    done
    echo md_test >/sys/module/md_mod/parameters/new_array || fail new_array
    until_true 10 [ -e /sys/block/md_test/md ] || fail "no array"
    cd /sys/block/md_test/md || fail "no array"
    echo none >metadata_version
    echo raid1 >level || fail raid1
    echo 2 >raid_disks
    for m in a b; do
        eval "loop=\$loop_$m"
        echo "7:${loop#/dev/loop}" >new_dev || fail new_dev
    done
    echo 0 >"dev-${loop_a#/dev/}/slot"
    echo 1 >"dev-${loop_b#/dev/}/slot"
    echo 16000 >component_size
    echo 16000 >resync_start
    echo active >array_state || fail array_state
    cd /
    until_true 10 [ -e /dev/md_test ] || fail "no /dev/md_test"
    echo 0 >/sys/block/md_test/md/suspend_lo || fail suspend_lo
    echo 1024 >/sys/block/md_test/md/suspend_hi || fail suspend_hi
    hangs writer 'blkdev|submit_bio|iomap|md_' role direct-write /dev/md_test 65536
}

heal() {
    echo 0 >/sys/block/md_test/md/suspend_hi
    ends "$writer" 20
    echo clear >/sys/block/md_test/md/array_state
    losetup -d "$loop_a"
    losetup -d "$loop_b"
}
