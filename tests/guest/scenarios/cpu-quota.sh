# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A cgroup may use a thousandth of a CPU. A process in it has a file lock and
# computes; two others want the lock. Not throttled for good, but for ages.

make() {
    mkdir -p /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup || fail "mount cgroup2"
    echo +cpu >/sys/fs/cgroup/cgroup.subtree_control || fail "no cpu controller"
    mkdir -p /sys/fs/cgroup/batch.slice
    echo +cpu >/sys/fs/cgroup/batch.slice/cgroup.subtree_control
    mkdir -p /sys/fs/cgroup/batch.slice/job.service
    echo "1000 1000000" >/sys/fs/cgroup/batch.slice/cpu.max || fail cpu.max

    background spinner_p role flock-spin /tmp/lock-a
    facts_of spinner_p spinner
    background waiter1 role flock-wait /tmp/lock-a
    background waiter2 role flock-wait /tmp/lock-a
    for t in $waiter1 $waiter2; do
        stays_in_state "$t" S 10
        until_true 5 stack_has "$t" flock || fail "$t does not wait for the lock"
    done
    echo "$spinner" >/sys/fs/cgroup/batch.slice/job.service/cgroup.procs || fail cgroup.procs
    until_true 10 throttled || fail "it is not throttled"
    fact waiter1 "$waiter1"
    fact waiter2 "$waiter2"
}

throttled() { awk '/^nr_throttled/ { exit $2 < 2 }' /sys/fs/cgroup/batch.slice/cpu.stat; }

heal() {
    kill "$spinner"
    echo max >/sys/fs/cgroup/batch.slice/cpu.max
    for t in $spinner $waiter1 $waiter2; do
        ends "$t" 20
    done
    rmdir /sys/fs/cgroup/batch.slice/job.service /sys/fs/cgroup/batch.slice
    umount /sys/fs/cgroup
}
