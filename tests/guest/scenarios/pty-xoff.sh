# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Somebody typed Ctrl-S in a terminal; the program in it, cannot
# write any more. The terminal's emulator itself is well, and has nothing to read.

make() {
    background pty_p role pty-xoff
    facts_of pty_p xoff_emulator
    facts_of pty_p xoff_shell
    sleeps_in "$xoff_shell" 'n_tty_write|tty_write'
    sleeps_in "$xoff_emulator" 'n_tty_read|tty_read'
}

heal() {
    timeout 10 /usr/bin/stty -F "$pts" -drain -ixon || fail stty
    until_true 5 writes || fail "it does not go on"
    kill -9 "$xoff_emulator" "$xoff_shell"
    ends "$xoff_emulator" 10
    ends "$xoff_shell" 10
}

writes() { ! stack_has "$xoff_shell" 'n_tty_write|tty_write'; }
