# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A connection to a host that does not exist: nothing answers, and the kernel asks again and again.

make() {
    ip link add dummy0 type dummy 2>/dev/null
    ip addr add 10.9.9.1/24 dev dummy0 || fail "ip addr"
    ip link set dummy0 up || fail "ip link"
    sleeps connecter 'inet_(wait_for_connect|stream_connect)|__inet_stream_connect' role tcp-client 10.9.9.2 80 connecter
    # Twice it has to have asked again: after one and three seconds.
    sleep 4
}

heal() {
    kill "$connecter"
    ends "$connecter" 10
    ip link del dummy0
}
