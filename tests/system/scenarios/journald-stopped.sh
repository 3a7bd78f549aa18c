# SPDX-License-Identifier: LGPL-2.1-or-later
#
# journald is stopped, and somebody sends it more than its socket takes. PID 1 has that socket open as well.

make() {
    journald=$(pidof systemd-journald)
    fact journald "$journald"
    kill -STOP "$journald"
    stays_in_state "$journald" T 5
    background sender python3 -c '
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("/dev/log")
for i in range(3000):
    s.send(b"<14>test: " + b"x" * 500)
'
    until_true 20 stack_has "$sender" 'unix_dgram_sendmsg|unix_wait_for_peer|sock_alloc_send' || fail "the sender does not block"
    fact sender "$sender"
}

heal() {
    kill -CONT "$journald"
    ends "$sender" 40
}
