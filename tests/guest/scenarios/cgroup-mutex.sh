# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process is moved into a cgroup, which takes a grace period of RCU, with cgroup_mutex held. The thread that
# drives grace periods may only run on CPU 1, and there a real-time task computes without an end. Whoever
# makes a cgroup, or moves a process, waits for the mutex; who makes one beside it waits for the folder.

make() {
    mkdir -p /cg
    mount -t cgroup2 none /cg || fail "no cgroup2"
    mkdir /cg/zoo /cg/zoo2 || fail mkdir
    background sleeper sleep 1000
    fact sleeper "$sleeper"
    echo -1 >/proc/sys/kernel/sched_rt_runtime_us || fail sched_rt_runtime_us
    if [ -e /sys/kernel/debug/sched ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null; then
        for f in /sys/kernel/debug/sched/fair_server/cpu*/runtime; do
            [ -e "$f" ] && echo 0 >"$f"
        done
    fi
    driver=$(grep -l -E '^rcu_(sched|preempt)$' /proc/[0-9]*/comm | head -n 1 | cut -d / -f 3)
    [ -n "$driver" ] || fail "no thread of RCU"
    taskset -p 2 "$driver" || fail taskset
    background hog_p role rt-hog 1
    facts_of hog_p hog
    stays_in_state "$hog" R 5
    hangs mover 'rcu_sync_enter|cgroup_procs_write|cgroup_attach' taskset 1 sh -c "echo $sleeper >/cg/zoo/cgroup.procs"
    hangs mover2 'cgroup_kn_lock|cgroup_procs_write' taskset 1 sh -c "echo $sleeper >/cg/zoo2/cgroup.procs"
    hangs maker 'cgroup_mkdir|cgroup_kn_lock' taskset 1 mkdir /cg/zoo3
    hangs looker 'lookup_slow|filename_create' taskset 1 mkdir /cg/zoo4
    fact driver "$driver"
}

heal() {
    kill "$hog"
    ends "$hog" 20
    taskset -p 3 "$driver"
    echo 950000 >/proc/sys/kernel/sched_rt_runtime_us
    for p in $mover $maker $mover2 $looker; do ends "$p" 20; done
    kill "$sleeper"
    ends "$sleeper" 10
    until_true 5 rmdir /cg/zoo /cg/zoo2 /cg/zoo3 /cg/zoo4
    umount /cg
}
