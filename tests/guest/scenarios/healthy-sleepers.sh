# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sixty kinds of processes that sleep, as their programs want it: for events, messages
# and children, and in queues that are full because their reader takes his time.

make() {
    background sleepers_p role sleepers
    facts_of sleepers_p sleepers
    sleep 1
    cat /tmp/sleepers_p.out
    ! grep 'did not sleep' /tmp/sleepers_p.out || fail "not all of them sleep"
}

heal() {
    # All of them are in one session, and their children die with them.
    kill -9 "-$sleepers"
    ends "$sleepers" 10
}
