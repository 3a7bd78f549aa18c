# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process with a file lock is at the memory limit of a cgroup (v1) whose OOM killer is switched off:
# it waits until somebody makes room. Somebody else wants the lock.

make() {
    mkdir -p /sys/fs/cgroup/memory 2>/dev/null || { mount -t tmpfs cgroup /sys/fs/cgroup && mkdir /sys/fs/cgroup/memory; } || fail mkdir
    mount -t cgroup -o memory none /sys/fs/cgroup/memory || fail "mount cgroup"
    mkdir /sys/fs/cgroup/memory/tight
    echo 8M >/sys/fs/cgroup/memory/tight/memory.limit_in_bytes || fail memory.limit_in_bytes
    echo 1 >/sys/fs/cgroup/memory/tight/memory.oom_control || fail memory.oom_control
    (
        echo 0 >/sys/fs/cgroup/memory/tight/cgroup.procs || exit 1
        exec setsid role eat-memory 64 /tmp/lock-a
    ) >/tmp/eater_p.out 2>&1 </dev/null &
    facts_of eater_p eater
    until_true 20 stack_has "$eater" 'mem_cgroup_oom_synchronize' || fail "it is not held back"
    sleeps waiter flock role flock-wait /tmp/lock-a
}

heal() {
    kill -9 "$eater"
    ends "$eater" 20
    ends "$waiter" 20
    rmdir /sys/fs/cgroup/memory/tight
    umount /sys/fs/cgroup/memory
    umount /sys/fs/cgroup
}
