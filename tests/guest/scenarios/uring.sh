# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Programs with io_uring read from a suspended device: one by a worker of its own, one directly; one is
# killed then, and its worker keeps it; one calls execve. Another one waits for messages
# too, and only its worker hangs.

ring() {
    background "$1" role uring "$2" /dev/mapper/ring
    facts_of "$1" uring
    eval "$1=$uring"
    fact "$1" "$uring"
    case $2 in
    exec) until_true 10 stack_has "$uring" io_uring_cancel || fail "exec does not wait" ;;
    *) stays_in_state "$uring" S 10 ;;
    esac
    case $2 in
    buffered | loop | fsync)
        until_true 10 worker_of "$uring" || fail "no worker of $1 hangs"
        fact "$1_worker" "$worker"
        ;;
    esac
}

worker_of() {
    for worker in $(ls "/proc/$1/task"); do
        grep -q iou-wrk "/proc/$1/task/$worker/comm" && is_in_state "$worker" D && return 0
    done
    return 1
}

make() {
    dm_on_loop ring 16
    dmsetup suspend --noudevsync --noflush --nolockfs ring || fail "dmsetup suspend"
    ring buffered buffered
    ring direct direct
    ring events loop
    ring killed fsync
    kill -9 "$killed"
    until_true 10 is_in_state "$killed" DZ || fail "its worker does not keep it"
    fact killed_state "$is_state"
    ring execs exec
}

heal() {
    dmsetup resume --noudevsync ring || fail "dmsetup resume"
    for t in $buffered $direct $killed; do ends "$t" 20; done
    kill -9 "$events" "$execs"
    ends "$events" 10
    ends "$execs" 10
    until_true 10 dmsetup remove --noudevsync ring || fail "dmsetup remove"
    losetup -d "$loop"
    rm -f /tmp/ring.img
}
