# SPDX-License-Identifier: LGPL-2.1-or-later
#
# redis is stopped; clients have asked it and poll for the answer.

make() {
    until_true 30 ready || fail "no redis"
    server=$(pidof redis-server)
    server=${server##* }
    fact server "$server"
    kill -STOP "$server"
    stays_in_state "$server" T 5
    for c in one two; do
        background $c redis-cli ping
        eval "fact $c \$$c"
    done
    sleep 2
}
ready() { [ "$(redis-cli ping)" = PONG ]; }

heal() {
    kill -CONT "$server"
    ends "$one" 30
    ends "$two" 30
}
