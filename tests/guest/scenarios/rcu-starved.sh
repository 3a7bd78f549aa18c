# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The thread that drives RCU's grace periods may only run on CPU 1, and there a
# real-time task computes without an end. Two processes wait for a grace period.

make() {
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
    background victim1 taskset 1 role membarrier
    background victim2 taskset 1 role membarrier
    blocks_in "$victim1" 'rcu'
    blocks_in "$victim2" 'rcu'
    for v in driver victim1 victim2; do eval "fact $v \$$v"; done
}

heal() {
    kill "$hog"
    ends "$hog" 20
    taskset -p 3 "$driver"
    echo 950000 >/proc/sys/kernel/sched_rt_runtime_us
    ends "$victim1" 20
    ends "$victim2" 20
}
