# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A server on a Unix socket is stopped. One client waits for its answer, one for room to write, one
# for being accepted, one for room in the queue of connections, one for room in a queue of datagrams.

make() {
    background server_p role unix-server /tmp/server
    facts_of server_p server
    sleeps reader 'unix_stream_(data_wait|read_generic)' role unix-client /tmp/server reader
    sleeps writer 'sock_alloc_send_pskb|sock_wait_for_wmem' role unix-client /tmp/server writer
    until_true 5 is_in_state "$server" S
    kill -STOP "$server"
    stays_in_state "$server" T 5
    sleeps early 'unix_stream_(data_wait|read_generic)' role unix-client /tmp/server early
    background other_p role unix-client /tmp/server early
    usleep 300000
    sleeps connecter 'unix_(wait_for_peer|stream_connect)' role unix-client /tmp/server connecter
    sleeps sender 'unix_(wait_for_peer|dgram_sendmsg)' role unix-sender /tmp/server.d
    fact other "$other_p"
}

heal() {
    kill -CONT "$server"
    kill "$server"
    for pid in $server $reader $writer $early $other $connecter $sender; do
        ends "$pid" 10
    done
    rm -f /tmp/server /tmp/server.d
}
