# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A device is suspended for a moment and resumed again and again, as LVM does when it changes a volume.

make() {
    fs_on_loop /data 48
    umount /data
    sectors=$(blockdev --getsz "$loop")
    dmsetup create volume --table "0 $sectors linear $loop 0" || fail dmsetup
    dmsetup mknodes
    mount -t ext4 /dev/mapper/volume /data || fail mount
    background storm_p role storm-writes /data 2
    facts_of storm_p storm
    background changes sh -c 'while :; do dmsetup suspend volume; usleep 150000; dmsetup resume volume; usleep 300000; done'
    sleep 1
    fact loop "$loop"
    fact changes "$changes"
}

heal() {
    kill -9 "-$changes"
    dmsetup resume volume
    kill -9 "-$storm"
    ends "$storm" 20
    until_true 10 calm || fail "the storm goes on"
    umount /data || fail umount
    dmsetup remove volume || fail "dmsetup remove"
    losetup -d "$loop"
    rm -f /tmp/_data.img
}

calm() { ! grep -q '^storm' /proc/[0-9]*/comm 2>/dev/null; }
