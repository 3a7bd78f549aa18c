# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The freezer of cgroup v1: a frozen process holds a file lock that two others
# want. A second frozen process sleeps in a lock of its own; nobody needs it.

make() {
    mkdir -p /tmp/freezer
    mount -t cgroup -o freezer none /tmp/freezer || fail "mount freezer"
    mkdir -p /tmp/freezer/lxc/web1

    background holder_p role flock-hold /tmp/lock-a
    facts_of holder_p holder
    background bystander sleep 1000
    echo "$holder" >/tmp/freezer/lxc/web1/cgroup.procs || fail cgroup.procs
    echo "$bystander" >/tmp/freezer/lxc/web1/cgroup.procs || fail cgroup.procs
    echo FROZEN >/tmp/freezer/lxc/freezer.state || fail freezer.state
    until_true 10 grep -q FROZEN /tmp/freezer/lxc/web1/freezer.state || fail "the cgroup is not frozen"

    background waiter1 role flock-wait /tmp/lock-a
    background waiter2 role flock-wait /tmp/lock-a
    for t in $waiter1 $waiter2; do
        stays_in_state "$t" S 10
        until_true 5 stack_has "$t" flock || fail "$t does not wait for the lock"
    done
    fact waiter1 "$waiter1"
    fact waiter2 "$waiter2"
}

heal() {
    echo THAWED >/tmp/freezer/lxc/freezer.state
    kill "$holder" "$bystander"
    for t in $holder $bystander $waiter1 $waiter2; do
        ends "$t" 20
    done
    rmdir /tmp/freezer/lxc/web1 /tmp/freezer/lxc
    umount /tmp/freezer
}
