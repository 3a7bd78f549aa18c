# SPDX-License-Identifier: LGPL-2.1-or-later
#
# CPU 1 is to go offline, while a real-time task computes on it without an end: the
# CPU's own thread, which has to take it down, does not run. Who takes it down has cpu_hotplug_lock
# for write, and does not say so anywhere; two more want to read it.

make() {
    echo -1 >/proc/sys/kernel/sched_rt_runtime_us || fail sched_rt_runtime_us
    if [ -e /sys/kernel/debug/sched ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null; then
        for f in /sys/kernel/debug/sched/fair_server/cpu*/runtime; do
            [ -e "$f" ] && echo 0 >"$f"
        done
    fi
    # Grace periods of RCU are to end nevertheless.
    chrt -f -p 60 "$(task_named ksoftirqd/1)" || fail chrt
    background hog_p role rt-hog 1
    facts_of hog_p hog
    stays_in_state "$hog" R 5
    driver=$(task_named cpuhp/1)
    [ -n "$driver" ] || fail "no cpuhp/1"
    fact driver "$driver"
    hangs offline 'cpuhp|_cpu_down|work_on_cpu' taskset 1 sh -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
    # Newer kernels let a worker do it.
    until_true 5 find_writer || fail "nobody waits for cpuhp/1"
    fact writer "$writer"
    hangs reader1 'percpu|cpus_read_lock' taskset 1 sh -c 'echo 1 >/proc/sys/vm/stat_refresh'
    hangs reader2 'percpu|cpus_read_lock' taskset 1 sh -c 'echo 1 >/proc/sys/vm/stat_refresh'
}

heal() {
    kill "$hog"
    ends "$hog" 20
    echo 950000 >/proc/sys/kernel/sched_rt_runtime_us
    for p in $offline $reader1 $reader2; do ends "$p" 30; done
    echo 1 >/sys/devices/system/cpu/cpu1/online
}

find_writer() {
    writer=$(grep -l -E 'cpuhp_kick_ap' /proc/[0-9]*/stack 2>/dev/null | head -n 1 | cut -d / -f 3)
    [ -n "$writer" ]
}
