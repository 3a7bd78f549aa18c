# SPDX-License-Identifier: LGPL-2.1-or-later
#
# curl asks nginx, which passes it on to a server that is stopped.

make() {
    background up python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 8081))
while True:
    c, _ = s.accept()
    c.recv(65536)
    c.sendall(b"HTTP/1.0 200 OK\r\n\r\nwell\n")
    c.close()
'
    fact up "$up"
    printf 'server { listen 8080; location / { proxy_pass http://127.0.0.1:8081; proxy_read_timeout 600; proxy_connect_timeout 600; } }\n' >/etc/nginx/conf.d/up.conf
    systemctl reload nginx || systemctl start nginx || fail nginx
    until_true 10 curl -s -f -m 2 -o /dev/null http://127.0.0.1:8080/ || fail "nothing is served"
    kill -STOP "$up"
    stays_in_state "$up" T 5
    background client curl -s http://127.0.0.1:8080/
    sleep 2
    stays_in_state "$client" S 5
    fact client "$client"
}

heal() {
    kill -CONT "$up"
    ends "$client" 40
    kill "$up"
    ends "$up" 10
    rm /etc/nginx/conf.d/up.conf
    systemctl reload nginx
}
