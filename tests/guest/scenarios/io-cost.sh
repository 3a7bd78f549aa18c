# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A device of which io.cost thinks that it can do next to nothing: the readers of a cgroup have used
# up its share and wait, and nothing of theirs is with the device.

make() {
    truncate -s 16M /tmp/shared.img
    loop=$(losetup -f)
    losetup "$loop" /tmp/shared.img || fail losetup
    fact loop "$loop"
    dev="7:${loop#/dev/loop}"; fact dev "$dev"
    mkdir -p /tmp/cg
    mount -t cgroup2 cgroup /tmp/cg || fail cgroup2
    echo +io >/tmp/cg/cgroup.subtree_control || fail "no io controller"
    mkdir /tmp/cg/job
    echo "$dev ctrl=user model=linear rbps=1000 rseqiops=1 rrandiops=1 wbps=1000 wseqiops=1 wrandiops=1" >/tmp/cg/io.cost.model || fail io.cost
    echo "$dev enable=1 ctrl=user rpct=0 wpct=0 min=50.00 max=50.00" >/tmp/cg/io.cost.qos || fail io.cost
    for i in 1 2 3 4; do
        background "first$i" sh -c 'echo $$ >/tmp/cg/job/cgroup.procs; exec role direct-read '"$loop"
    done
    sleep 0.5
    hangs a ioc_rqos_throttle sh -c 'echo $$ >/tmp/cg/job/cgroup.procs; exec role direct-read '"$loop"
    for i in 1 2 3 4; do eval "fact first$i \$first$i"; done
}

heal() {
    # It goes on by itself, one after the other; newer kernels change nothing before that.
    for t in $first1 $first2 $first3 $first4 $a; do ends "$t" 90; done
    echo "$dev enable=0" >/tmp/cg/io.cost.qos
    rmdir /tmp/cg/job
    umount /tmp/cg
    losetup -d "$loop"
}
