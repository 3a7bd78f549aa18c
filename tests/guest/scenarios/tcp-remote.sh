# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A connection to a host that does not exist: nothing answers, and the kernel asks again and again.

make() {
    lost_net
    sleeps connecter 'inet_(wait_for_connect|stream_connect)|__inet_stream_connect' role tcp-client 10.9.9.2 80 connecter
    # Until then it may be a slow way, or somebody who probes for hosts that are down.
    sleep 15
}

heal() {
    kill "$connecter"
    ends "$connecter" 10
    ip link del dummy0
}
