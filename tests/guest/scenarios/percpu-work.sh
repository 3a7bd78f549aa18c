# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Something needs a worker on every CPU (as dropping caches and much else does);
# on CPU 1 a real-time task computes without an end, and its worker never runs.

make() {
    echo -1 >/proc/sys/kernel/sched_rt_runtime_us || fail sched_rt_runtime_us
    if [ -e /sys/kernel/debug/sched ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null; then
        for f in /sys/kernel/debug/sched/fair_server/cpu*/runtime; do
            [ -e "$f" ] && echo 0 >"$f"
        done
    fi
    background hog_p role rt-hog 1
    facts_of hog_p hog
    stays_in_state "$hog" R 5
    background victim taskset 1 sh -c 'echo 1 >/proc/sys/vm/stat_refresh'
    blocks_in "$victim" 'flush_work|schedule_on_each_cpu'
    fact victim "$victim"
}

heal() {
    kill "$hog"
    ends "$hog" 20
    echo 950000 >/proc/sys/kernel/sched_rt_runtime_us
    ends "$victim" 20
}
