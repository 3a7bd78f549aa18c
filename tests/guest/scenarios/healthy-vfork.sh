# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Processes that start others by vfork, thousands of times in a second.

make() {
    background loops_p role loop vfork 3
    facts_of loops_p loops
    sleep 1
}

heal() {
    kill -9 "-$loops"
    ends "$loops" 20
    until_true 10 calm || fail "the loops go on"
}

calm() { ! grep -q '^loop$' /proc/[0-9]*/comm 2>/dev/null; }
