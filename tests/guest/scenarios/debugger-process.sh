# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The debugger on a process: its mappings, registers and stack of user mode, its memory, live and
# without stopping it, compared with what the guest's own /proc says.

make() {
    mkfifo /run/debugger-fifo
    background reader cat /run/debugger-fifo
    until_true 5 grep -q . "/proc/$reader/syscall" || fail "no reader"
    fact reader "$reader"
}

heal() {
    kill -9 "$reader"
    ends "$reader" 5
    rm -f /run/debugger-fifo
}
