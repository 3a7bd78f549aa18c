# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A cgroup may read two bytes a second. Its reader waits, and no request of it is with the device.

make() {
    truncate -s 16M /tmp/limited.img
    loop=$(losetup -f)
    losetup "$loop" /tmp/limited.img || fail losetup
    fact loop "$loop"
    mkdir -p /tmp/cg
    mount -t cgroup2 cgroup /tmp/cg || fail cgroup2
    echo +io >/tmp/cg/cgroup.subtree_control || fail "no io controller"
    mkdir /tmp/cg/tight
    echo "7:${loop#/dev/loop} rbps=2" >/tmp/cg/tight/io.max || fail io.max
    hangs reader 'blkdev|submit_bio|iomap' sh -c 'echo $$ >/tmp/cg/tight/cgroup.procs; exec role direct-read '"$loop"
}

heal() {
    echo "7:${loop#/dev/loop} rbps=max" >/tmp/cg/tight/io.max
    ends "$reader" 20
    rmdir /tmp/cg/tight
    umount /tmp/cg
    losetup -d "$loop"
}
