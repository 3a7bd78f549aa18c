# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A device-mapper device is suspended; a program that has a read from it under
# way (asynchronous I/O) calls execve. Up to 6.18 exec tears down the old memory
# while it holds exec_update_lock, and that waits for the read: whoever needs
# that lock of the program hangs. On 7.3 exec waits as well, but has let go.

make() {
    truncate -s 16M /tmp/aio.img
    loop=$(losetup -f)
    losetup "$loop" /tmp/aio.img || fail losetup
    fact loop "$loop"
    echo "0 16384 linear $loop 0" | dmsetup create --noudevsync aio || fail "dmsetup create"
    until_true 5 [ -e /dev/mapper/aio ] || dmsetup mknodes aio
    dmsetup suspend --noudevsync --noflush --nolockfs aio || fail "dmsetup suspend"

    background execer_p role exec-aio /dev/mapper/aio /bin/sleep
    facts_of execer_p execer
    stays_in_state "$execer" D 10
    fact dm "$(dmsetup info -c --noheadings -o minor aio)"

    # Its own stack cannot be read: that takes the lock. The kernel's log has it.
    echo w >/proc/sysrq-trigger
    until_true 5 log_has 'exit_aio' || fail "exec is not in exit_aio"

    # Readers of what needs the lock on every kernel so far.
    if timeout -s KILL 2 cat "/proc/$execer/io" >/dev/null; then
        fact locked 0
        return
    fi
    fact locked 1
    hangs cat_io 'do_io_accounting|proc_.*_io_accounting' cat "/proc/$execer/io"
    hangs cat_stack 'lock_trace|proc_pid_stack' cat "/proc/$execer/stack"
    # Newer kernels of the 6.1 and 6.12 series take it for stat too: then ps hangs.
    if timeout -s KILL 2 cat "/proc/$execer/stat" >/dev/null; then
        fact stat_hangs 0
    else
        fact stat_hangs 1
        hangs procps_ps 'do_task_stat' /usr/bin/ps -ef
    fi
}

log_has() { dmesg | grep -q "$1"; }

heal() {
    dmsetup resume --noudevsync aio || fail "dmsetup resume"
    for victim in $cat_io $cat_stack $procps_ps; do
        ends "$victim" 20
    done
    until_true 10 is_in_state "$execer" S || fail "the exec does not go on"
    [ "$(cat "/proc/$execer/comm")" = sleep ] || fail "the exec did not get through"
    kill "$execer"
    ends "$execer" 10
    dmsetup remove --noudevsync aio || fail "dmsetup remove"
    losetup -d "$loop"
}
