# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An automounter is stopped; who walks into its folder waits.

make() {
    background daemon_p role autofs /auto
    facts_of daemon_p automounter
    ls /auto/nothing 2>/dev/null && fail "the automounter does not refuse"
    kill -STOP "$automounter"
    stays_in_state "$automounter" T 5
    hangs walker 'autofs_wait' ls /auto/place
}

heal() {
    kill -CONT "$automounter"
    ends "$walker" 10
    kill "$automounter"
    ends "$automounter" 10
    umount /auto || fail umount
}
