# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The kernel's own locks: threads that map and unmap, readers of their maps, names made and removed in one
# folder, writers at a full pipe that moves.

make() {
    fs_on_loop /data 48
    background storm_p role storm-kernel /data
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
