# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a build is to the kernel: shells, pipes of programs that live for a moment, small files.

make() {
    fs_on_loop /data 48
    background storm_p role storm-build /data
    facts_of storm_p storm
    sleep 1
}

heal() {
    kill -9 "-$storm"
    ends "$storm" 20
    until_true 10 calm || fail "the storm goes on"
    fs_gone /data
}

calm() { ! grep -q -E '^(make$|storm)' /proc/[0-9]*/comm 2>/dev/null; }
