# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process that has a file lock may only run on CPU 1, and there a real-time
# task computes without an end. Two others want the lock.

make() {
    echo -1 >/proc/sys/kernel/sched_rt_runtime_us || fail sched_rt_runtime_us
    # Newer kernels keep a share for everybody else.
    if [ -e /sys/kernel/debug/sched ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null; then
        for f in /sys/kernel/debug/sched/fair_server/cpu*/runtime; do
            [ -e "$f" ] && echo 0 >"$f"
        done
    fi
    background spinner_p taskset 2 role flock-spin /tmp/lock-a
    facts_of spinner_p spinner
    background waiter1 taskset 1 role flock-wait /tmp/lock-a
    background waiter2 taskset 1 role flock-wait /tmp/lock-a
    for t in $waiter1 $waiter2; do
        stays_in_state "$t" S 10
        until_true 5 stack_has "$t" flock || fail "$t does not wait for the lock"
    done
    background hog_p role rt-hog 1
    facts_of hog_p hog
    fact waiter1 "$waiter1"
    fact waiter2 "$waiter2"
    stays_in_state "$hog" R 5
}

heal() {
    kill "$hog"
    ends "$hog" 20
    echo 950000 >/proc/sys/kernel/sched_rt_runtime_us
    kill "$spinner"
    for t in $spinner $waiter1 $waiter2; do
        ends "$t" 20
    done
}
