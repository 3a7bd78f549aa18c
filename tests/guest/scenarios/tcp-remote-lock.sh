# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Who connects to a host that does not exist holds a file lock that somebody wants.

make() {
    lost_net
    background holder_p role lock-connect /tmp/lock-a 10.9.9.2 389
    facts_of holder_p holder
    sleeps_in "$holder" 'inet_(wait_for_connect|stream_connect)|__inet_stream_connect'
    sleeps waiter flock role flock-wait /tmp/lock-a
    # It has to have asked again twice.
    sleep 4
}

heal() {
    kill "$holder"
    ends "$waiter" 10
    ip link del dummy0
}
