# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Nothing hangs, and somebody asks by PID what sleeps for what: processes of sixty kinds.

make() {
    background sleepers_p role sleepers
    facts_of sleepers_p sleepers
    sleep 2
    cat /tmp/sleepers_p.out
    ! grep 'did not sleep' /tmp/sleepers_p.out || fail "not all of them sleep"
    background stopped_p sleep 1000000
    kill -STOP "$stopped_p"
    stays_in_state "$stopped_p" T 5
    fact stopped_p "$stopped_p"
}

heal() {
    kill -9 "-$sleepers" "$stopped_p"
    ends "$sleepers" 10
}
