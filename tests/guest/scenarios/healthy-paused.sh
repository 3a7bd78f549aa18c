# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Paused, and nobody waits for it: a job stopped by ^Z, a pipeline that is stopped as a whole, a container (all of
# its processes frozen, also those that wait for each other).

make() {
    background job sleep 100000
    background pipeline sh -c 'sleep 100000 | cat'
    background group sh -c 'sleep 100000 | cat'
    sleep 1
    mkdir -p /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup || fail "mount cgroup2"
    mkdir /sys/fs/cgroup/paused
    for p in $(session "$group"); do echo "$p" >/sys/fs/cgroup/paused/cgroup.procs || fail cgroup.procs; done
    [ "$(grep -c . /sys/fs/cgroup/paused/cgroup.procs)" = 3 ] || fail "the group is not complete"
    echo 1 >/sys/fs/cgroup/paused/cgroup.freeze
    until_true 10 grep -q 'frozen 1' /sys/fs/cgroup/paused/cgroup.events || fail "the cgroup is not frozen"
    kill -STOP "$job" "-$pipeline"
    stays_in_state "$job" T 5
    for p in $(session "$pipeline"); do stays_in_state "$p" T 5; done
    for v in job pipeline group; do eval "fact $v \$$v"; done
}

# The processes of this session
session() { awk -v s="$1" '{ sub(/.*\) /, ""); if ($4 == s) { split(FILENAME, f, "/"); print f[3] } }' /proc/[0-9]*/stat; }

heal() {
    echo 0 >/sys/fs/cgroup/paused/cgroup.freeze
    kill -9 "$job" "-$pipeline" "-$group"
    ends "$job" 10
    ends "$pipeline" 10
    ends "$group" 10
    until_true 10 rmdir /sys/fs/cgroup/paused || fail rmdir
    umount /sys/fs/cgroup
}
