# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Mutexes (shared, with priority inheritance, robust), read-write locks, flock, POSIX and OFD locks, a
# semaphore: always wanted by somebody, kept by nobody.

make() {
    background storm_p role storm-locks /tmp
    facts_of storm_p storm
    sleep 1
}

heal() {
    kill -9 "-$storm"
    ends "$storm" 20
    until_true 10 calm || fail "the storm goes on"
}

calm() { ! grep -q -E '^(storm)' /proc/[0-9]*/comm 2>/dev/null; }
