# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Event loops that are idle: clients that have had their answers and poll for more, a proxy between, a server that
# takes its time over each answer, processes that poll for each other.

make() {
    ip link set lo up
    background server_p role poll-server /tmp/server 4711 0
    facts_of server_p server
    background proxy_p role poll-proxy 4712 4711 proxy
    facts_of proxy_p proxy
    background slow_p role poll-server /tmp/slow 4713 300
    facts_of slow_p server
    background pairs_p role poll-pairs
    facts_of pairs_p pairs
    for how in poll select epoll again; do
        background "$how"_p role poll-client /tmp/server $how "by-$how" 3
        background "$how"_t role poll-client 4711 $how "tcp-$how" 3
        background "$how"_b role poll-client 4712 $how "behind-$how" 3
        background "$how"_s role poll-client /tmp/slow $how "slow-$how" 20
    done
    for p in server proxy slow pairs; do
        eval "fact ${p}_p \$${p}_p"
    done
    for how in poll select epoll again; do
        for p in p t b s; do
            eval "fact ${how}_$p \$${how}_$p"
        done
    done
    sleep 2
}

heal() {
    for p in server proxy slow pairs; do
        eval "kill -9 -\$${p}_p"
    done
    for how in poll select epoll again; do
        for p in p t b s; do
            eval "ends \$${how}_$p 10"
        done
    done
    rm -f /tmp/server /tmp/slow
}
