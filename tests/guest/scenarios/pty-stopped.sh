# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A terminal emulator is stopped; the shell in it writes until there is no more room.

make() {
    background pty_p role pty
    facts_of pty_p shell
    eval "$(sed -n 's/^FACT //p' /tmp/pty_p.out)"
    until_true 5 grep -q emulator /tmp/pty_p.out || fail "no emulator"
    facts_of pty_p emulator
    kill -STOP "$emulator"
    stays_in_state "$emulator" T 5
    sleeps_in "$shell" 'n_tty_write|tty_write'
}

heal() {
    kill -9 "$emulator" "$shell"
    ends "$emulator" 10
    ends "$shell" 10
}
