# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A server on a TCP port of this machine is stopped. One client waits for its answer, one for room to
# write, one for being accepted.

make() {
    background server_p role tcp-server 7777
    facts_of server_p server
    sleeps reader 'sk_wait_data|tcp_recvmsg' role tcp-client 127.0.0.1 7777 reader
    sleeps writer 'sk_stream_wait_memory' role tcp-client 127.0.0.1 7777 writer
    until_true 5 is_in_state "$server" S
    kill -STOP "$server"
    stays_in_state "$server" T 5
    sleeps early 'sk_wait_data|tcp_recvmsg' role tcp-client 127.0.0.1 7777 early
}

heal() {
    kill -CONT "$server"
    kill "$server"
    for pid in $server $reader $writer $early; do
        ends "$pid" 10
    done
}
