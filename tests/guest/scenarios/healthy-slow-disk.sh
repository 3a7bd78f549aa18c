# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A disk that takes 60 ms for whatever it is asked: writers and readers wait for it all the time, and it moves.

make() {
    fs_on_loop /data 48
    umount /data
    sectors=$(blockdev --getsz "$loop")
    dmsetup create slow --table "0 $sectors delay $loop 0 60" || fail dmsetup
    dmsetup mknodes
    mount -t ext4 /dev/mapper/slow /data || fail mount
    background storm_p role storm-writes /data 2
    facts_of storm_p storm
    sleep 1
    fact loop "$loop"
}

heal() {
    kill -9 "-$storm"
    ends "$storm" 20
    until_true 10 calm || fail "the storm goes on"
    umount /data || fail umount
    dmsetup remove slow || fail "dmsetup remove"
    losetup -d "$loop"
    rm -f /tmp/_data.img
}

calm() { ! grep -q '^storm' /proc/[0-9]*/comm 2>/dev/null; }
