# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Controls that hold back what they should: a paused container, in which one
# process waits for a lock of another; a job with a quota, whose locks move;
# consumers that wait at a semaphore, a receiver at an empty queue; a stopped job.

make() {
    mkdir -p /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup || fail "mount cgroup2"
    echo +cpu >/sys/fs/cgroup/cgroup.subtree_control || fail "no cpu controller"
    mkdir -p /sys/fs/cgroup/paused.scope /sys/fs/cgroup/job.service
    background holder_p role flock-hold /tmp/lock-paused
    facts_of holder_p holder
    background waiter_p role flock-wait /tmp/lock-paused
    stays_in_state "$waiter_p" S 10
    for t in $holder $waiter_p; do
        echo "$t" >/sys/fs/cgroup/paused.scope/cgroup.procs || fail cgroup.procs
    done
    echo 1 >/sys/fs/cgroup/paused.scope/cgroup.freeze
    until_true 10 grep -q 'frozen 1' /sys/fs/cgroup/paused.scope/cgroup.events || fail "not frozen"

    echo "20000 100000" >/sys/fs/cgroup/job.service/cpu.max || fail cpu.max
    mkdir -p /tmp/churn
    (
        echo 0 >/sys/fs/cgroup/job.service/cgroup.procs || exit 1
        exec setsid role churn 1000 /tmp/churn
    ) >/tmp/churn_p.out 2>&1 </dev/null &
    facts_of churn_p churn

    work=$(role sem-make 0 | sed -n 's/^FACT sem=//p')
    background server1 role sem-serve "$work" 3
    background server2 role sem-serve "$work" 3
    role sem-give "$work" 3 5 || fail sem-give
    background queue_p role msg-receive
    background job sleep 1000
    kill -STOP "$job"
    for v in waiter_p server1 server2 queue_p job; do eval "fact $v \$$v"; done
}

heal() {
    echo 0 >/sys/fs/cgroup/paused.scope/cgroup.freeze
    kill -9 "$holder" "$waiter_p" "$server1" "$server2" "$queue_p" "$job" "$churn"
    until_true 20 emptied || fail "the job does not end"
    rmdir /sys/fs/cgroup/paused.scope /sys/fs/cgroup/job.service
    umount /sys/fs/cgroup
}

emptied() {
    for t in $(cat /sys/fs/cgroup/job.service/cgroup.procs); do kill -9 "$t" 2>/dev/null; done
    ! grep -q . /sys/fs/cgroup/job.service/cgroup.procs && ! grep -q . /sys/fs/cgroup/paused.scope/cgroup.procs
}
