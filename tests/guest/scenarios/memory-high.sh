# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process with a file lock eats memory in a cgroup that is far over
# memory.high: the kernel lets it go on for a moment every two seconds. Two
# others want the lock.

make() {
    mkdir -p /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup || fail "mount cgroup2"
    echo +memory >/sys/fs/cgroup/cgroup.subtree_control || fail "no memory controller"
    mkdir -p /sys/fs/cgroup/leaky.service
    echo 8M >/sys/fs/cgroup/leaky.service/memory.high || fail memory.high

    (
        echo 0 >/sys/fs/cgroup/leaky.service/cgroup.procs || exit 1
        exec setsid role eat-memory 64 /tmp/lock-a
    ) >/tmp/eater_p.out 2>&1 </dev/null &
    facts_of eater_p eater
    background waiter1 role flock-wait /tmp/lock-a
    background waiter2 role flock-wait /tmp/lock-a
    for t in $waiter1 $waiter2; do
        stays_in_state "$t" S 10
        until_true 5 stack_has "$t" flock || fail "$t does not wait for the lock"
    done
    until_true 20 stack_has "$eater" 'handle_over_high' || fail "it is not held back"
    fact waiter1 "$waiter1"
    fact waiter2 "$waiter2"
    sleep 3
}

heal() {
    kill -9 "$eater"
    for t in $eater $waiter1 $waiter2; do
        ends "$t" 20
    done
    rmdir /sys/fs/cgroup/leaky.service
    umount /sys/fs/cgroup
}
