# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The system as it is, idle, with a client of each server that has nothing to ask.

make() {
    until_true 30 redis-cli ping >/dev/null
    background a sh -c 'sleep 10000 | script -qc redis-cli /dev/null'
    background b runuser -u postgres -- sh -c 'sleep 10000 | script -qc psql /dev/null'
    background c python3 -c '
import select, socket
s = socket.create_connection(("127.0.0.1", 80))
s.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
s.recv(65536)
s.recv(65536)
select.select([s], [], [])'
    sleep 3
    for group in a b c; do eval "fact $group \$$group"; done
}

heal() {
    for group in $a $b $c; do
        kill -- "-$group"
        ends "$group" 20
    done
}
