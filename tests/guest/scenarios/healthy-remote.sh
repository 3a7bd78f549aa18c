# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Somebody looks whether a host is up, and it is not: he waits for an answer, and nobody for him.

make() {
    lost_net
    sleeps connecter 'inet_(wait_for_connect|stream_connect)|__inet_stream_connect' role tcp-client 10.9.9.2 80 connecter
    sleep 6
}

heal() {
    kill "$connecter"
    ends "$connecter" 10
    ip link del dummy0
}
