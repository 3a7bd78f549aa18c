# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Many processes write and sync what they wrote, on one filesystem: its journal is always busy, and moves.

make() {
    fs_on_loop /data 48
    background storm_p role storm-writes /data 6
    facts_of storm_p storm
    sleep 1
}

heal() {
    kill -9 "-$storm"
    ends "$storm" 20
    until_true 10 calm || fail "the storm goes on"
    fs_gone /data
}

calm() { ! grep -q -E '^(storm)' /proc/[0-9]*/comm 2>/dev/null; }
