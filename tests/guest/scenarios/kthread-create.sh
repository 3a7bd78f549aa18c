# SPDX-License-Identifier: LGPL-2.1-or-later
#
# kthreadd, which makes all kernel threads, may only run on CPU 1, and there a real-time task computes without
# an end. A mount needs a new kernel thread.

make() {
    mkdir -p /data
    truncate -s 16M /tmp/data.img
    /usr/sbin/mkfs.ext4 -q -F /tmp/data.img || fail mkfs.ext4
    loop=$(losetup -f)
    losetup "$loop" /tmp/data.img || fail losetup
    fact loop "$loop"
    echo -1 >/proc/sys/kernel/sched_rt_runtime_us || fail sched_rt_runtime_us
    if [ -e /sys/kernel/debug/sched ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null; then
        for f in /sys/kernel/debug/sched/fair_server/cpu*/runtime; do
            [ -e "$f" ] && echo 0 >"$f"
        done
    fi
    # Grace periods of RCU are to end nevertheless.
    chrt -f -p 60 "$(task_named ksoftirqd/1)" || fail chrt
    taskset -p 2 2 || fail taskset
    background hog_p role rt-hog 1
    facts_of hog_p hog
    stays_in_state "$hog" R 5
    hangs mounter 'kthread_create' taskset 1 mount -t ext4 "$loop" /data
}

heal() {
    kill "$hog"
    ends "$hog" 20
    taskset -p 3 2
    echo 950000 >/proc/sys/kernel/sched_rt_runtime_us
    ends "$mounter" 20
    umount /data || fail umount
    losetup -d "$loop"
    rm -f /tmp/data.img
}
