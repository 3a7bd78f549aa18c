# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A server that is an event loop is stopped. Its clients wait for their answers in poll, select and epoll, one
# of them through a proxy, which can go on, and one in a poll of half a second again and again.

make() {
    ip link set lo up
    background server_p role poll-server /tmp/server 4711 0
    facts_of server_p server
    background proxy_p role poll-proxy 4712 4711 proxy
    facts_of proxy_p proxy
    # One has had an answer through the proxy, and asks again when the server is stopped.
    until_true 5 is_in_state "$server" S
    kill -STOP "$server"
    stays_in_state "$server" T 5
    for how in poll select epoll; do
        background "$how"_p role poll-client /tmp/server $how "by-$how" 1
    done
    background tcp_p role poll-client 4711 poll tcp 1
    background again_p role poll-client 4711 again again 1
    background behind_p role poll-client 4712 poll behind 1
    for p in poll select epoll tcp again behind; do
        eval "fact $p \$${p}_p"
        eval "stays_in_state \$${p}_p S 5"
    done
    sleep 1
}

heal() {
    kill -CONT "$server"
    usleep 300000
    kill "$server" "$proxy"
    for pid in $server $proxy $poll $select $epoll $tcp $again $behind; do
        ends "$pid" 10
    done
    rm -f /tmp/server
}
