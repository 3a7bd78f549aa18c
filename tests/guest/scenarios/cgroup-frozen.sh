# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A container is paused (its cgroup above it is frozen) while a process in it
# holds a file lock. Outside, somebody wants that lock, and has one that two
# others want.

make() {
    mkdir -p /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup || fail "mount cgroup2"
    scope=/sys/fs/cgroup/system.slice/docker-$id.scope
    mkdir -p "$scope/inner"

    background holder_p role flock-hold /tmp/lock-a
    facts_of holder_p holder
    echo "$holder" >"$scope/inner/cgroup.procs" || fail cgroup.procs
    # Asleep in the same container, and nobody wants anything of it.
    background bystander sleep 1000
    echo "$bystander" >"$scope/inner/cgroup.procs" || fail cgroup.procs

    background between_p role flock-both /tmp/lock-b /tmp/lock-a
    facts_of between_p between
    background waiter1 role flock-wait /tmp/lock-b
    background waiter2 role flock-wait /tmp/lock-b
    fact waiter1 "$waiter1"
    fact waiter2 "$waiter2"
    echo 1 >"$scope/cgroup.freeze" || fail cgroup.freeze
    until_true 10 grep -q 'frozen 1' "$scope/cgroup.events" || fail "the cgroup is not frozen"
    for t in $between $waiter1 $waiter2; do
        stays_in_state "$t" S 10
        until_true 5 stack_has "$t" flock || fail "$t does not wait for the lock"
    done
}

id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

heal() {
    echo 0 >"/sys/fs/cgroup/system.slice/docker-$id.scope/cgroup.freeze"
    kill "$holder" "$bystander"
    for t in $holder $between $waiter1 $waiter2; do
        ends "$t" 20
    done
    rmdir "/sys/fs/cgroup/system.slice/docker-$id.scope/inner" "/sys/fs/cgroup/system.slice/docker-$id.scope"
    umount /sys/fs/cgroup
}
