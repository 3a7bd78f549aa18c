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
    setpriv --reuid=1000 --clear-groups sleep 100000 >/dev/null 2>&1 </dev/null &
    fact user_sleep $!
    # A zombie: its parent never asks for it.
    background zombie_p sh -c 'true & exec sleep 100000'
    fact stopped_p "$stopped_p"
    fact zombie_p "$zombie_p"
    sleep 1
}

heal() {
    kill -9 "-$idle" "$stopped_p" "$user_sleep" "$zombie_p"
    ends "$idle" 10
    fs_gone /data
}
