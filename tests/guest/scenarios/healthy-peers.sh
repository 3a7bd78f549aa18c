# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Ordinary waits for messages: clients of idle servers, servers of idle clients, pairs that have nothing to say.

make() {
    background peers_p role peers
    facts_of peers_p peers
    background unix_p role unix-server /tmp/server
    facts_of unix_p server
    fact unix_server "$server"
    sleeps reader 'unix_stream_(data_wait|read_generic)' role unix-client /tmp/server reader
    background tcp_p role tcp-server 7777
    facts_of tcp_p server
    fact tcp_server "$server"
    sleeps early 'sk_wait_data|tcp_recvmsg' role tcp-client 127.0.0.1 7777 early
}

heal() {
    kill -9 "-$peers" "$unix_server" "$tcp_server"
    ends "$reader" 10
    ends "$early" 10
    rm -f /tmp/server /tmp/server.d
}
