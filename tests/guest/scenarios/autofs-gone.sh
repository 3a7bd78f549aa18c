# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An automounter was killed while somebody waited for it: nobody will answer.

make() {
    background daemon_p role autofs /auto
    facts_of daemon_p automounter
    kill -STOP "$automounter"
    stays_in_state "$automounter" T 5
    hangs walker 'autofs_wait' ls /auto/place
    kill -9 "$automounter"
    ends "$automounter" 10
    usleep 200000
    blocks_in "$walker" autofs_wait
}

heal() {
    kill -9 "$walker"
    ends "$walker" 10
    umount -l /auto || fail umount
}
