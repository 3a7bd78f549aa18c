# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Namespaces are made and torn down, networks among them.

make() {
    background loops_p role loop namespaces 3
    facts_of loops_p loops
    sleep 1
}

heal() {
    kill -9 "-$loops"
    ends "$loops" 20
    until_true 10 calm || fail "the loops go on"
}

calm() { ! grep -q '^loop$' /proc/[0-9]*/comm 2>/dev/null; }
