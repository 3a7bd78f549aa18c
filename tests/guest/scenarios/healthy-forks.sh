# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Processes and threads that live for a moment, one after the other and many at once.

make() {
    background storm_p role storm-forks
    facts_of storm_p storm
    sleep 1
}

heal() {
    kill -9 "-$storm"
    ends "$storm" 20
    until_true 10 calm || fail "the storm goes on"
}

calm() { ! grep -q -E '^(storm)' /proc/[0-9]*/comm 2>/dev/null; }
