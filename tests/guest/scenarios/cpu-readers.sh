# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Something needs a worker on every CPU and reads cpu_hotplug_lock meanwhile; on CPU 1
# a real-time task computes without an end, and its worker never runs. Then CPU 1 is to go offline,
# which waits for the reader, and the next reader waits for that.

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
    hangs reader1 'flush_work|schedule_on_each_cpu' taskset 1 sh -c 'echo 1 >/proc/sys/vm/stat_refresh'
    hangs offline 'cpuhp|_cpu_down|work_on_cpu' taskset 1 sh -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
    # Newer kernels let a worker do it.
    until_true 5 find_writer || fail "nobody waits for the reader"
    fact writer "$writer"
    hangs reader2 'percpu|cpus_read_lock' taskset 1 sh -c 'echo 1 >/proc/sys/vm/stat_refresh'
}

heal() {
    kill "$hog"
    ends "$hog" 20
    echo 950000 >/proc/sys/kernel/sched_rt_runtime_us
    for p in $offline $reader1 $reader2; do ends "$p" 30; done
    echo 1 >/sys/devices/system/cpu/cpu1/online
}

# In percpu_down_write(), which /proc hides, and past the grace period that it begins with.
find_writer() {
    writer=$(grep -l -E 'cpus_write_lock|_cpu_down' /proc/[0-9]*/stack 2>/dev/null | head -n 1 | cut -d / -f 3)
    [ -n "$writer" ] && ! stack_has "$writer" rcu_sync && is_in_state "$writer" D
}
