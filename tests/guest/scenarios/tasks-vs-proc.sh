# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A healthy machine with tasks of every kind, for a comparison of what inquest
# says of each of them with what the kernel's own /proc says.

make() {
    fs_on_loop /data 24
    background idle_p role idle 60
    facts_of idle_p idle
    background stopped_p sleep 100000
    kill -STOP "$stopped_p"
    stays_in_state "$stopped_p" T 5
    background user_p su alice -c 'exec sleep 100000'
    until_true 5 belongs_to "$user_p" 1000 || fail "nothing runs as alice"
    fact user_p "$user_p"
    # A zombie: its parent never asks for it.
    background zombie_p sh -c 'true & exec sleep 100000'
    fact stopped_p "$stopped_p"
    fact zombie_p "$zombie_p"
    sleep 1
}

belongs_to() { grep -q "^Uid:[[:space:]]*$2[[:space:]]" "/proc/$1/status"; }

heal() {
    kill -9 "-$idle" "$stopped_p" "$user_p" "$zombie_p"
    ends "$idle" 10
    fs_gone /data
}
