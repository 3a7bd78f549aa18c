# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A server is stopped, and nobody hangs: one client has sent it something and sleeps, another wants to connect later.
# A job that a shell stopped has nothing that others want.

make() {
    ip link set lo up
    background server_p role poll-server /tmp/server 4711 0
    facts_of server_p server
    until_true 5 is_in_state "$server" S
    kill -STOP "$server"
    stays_in_state "$server" T 5
    background client_p role poll-teller /tmp/server
    facts_of client_p client
    background job_p sleep 1000
    kill -STOP "$job_p"
    fact job "$job_p"
    usleep 500000
}

heal() {
    kill -CONT "$server" "$job"
    kill "$server" "$client" "$job"
    for pid in $server $client $job; do
        ends "$pid" 10
    done
    rm -f /tmp/server
}
