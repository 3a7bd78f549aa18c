# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A module has a kernel thread on each CPU and is to be removed, which waits for the threads to end; on CPU 1 a
# real-time task computes without an end, and the thread there does not run. Who wants a network namespace waits
# for the removal.

make() {
    [ -d /sys/module/pktgen ] || fail "no pktgen"
    echo -1 >/proc/sys/kernel/sched_rt_runtime_us || fail sched_rt_runtime_us
    if [ -e /sys/kernel/debug/sched ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null; then
        for f in /sys/kernel/debug/sched/fair_server/cpu*/runtime; do
            [ -e "$f" ] && echo 0 >"$f"
        done
    fi
    # Grace periods of RCU are to end nevertheless.
    chrt -f -p 60 "$(task_named ksoftirqd/1)" || fail chrt
    thread=$(task_named kpktgend_1)
    [ -n "$thread" ] || fail "no thread"
    fact thread "$thread"
    background hog_p role rt-hog 1
    facts_of hog_p hog
    stays_in_state "$hog" R 5
    hangs rmmod 'kthread_stop|pg_net_exit' taskset 1 rmmod pktgen
    hangs netns 'copy_net_ns|create_new_namespaces' taskset 1 unshare -n true
}

heal() {
    kill "$hog"
    ends "$hog" 20
    echo 950000 >/proc/sys/kernel/sched_rt_runtime_us
    for p in $rmmod $netns; do ends "$p" 20; done
}
