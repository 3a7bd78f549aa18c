# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The message bus is stopped; busctl and loginctl have asked it for something and poll for the answer.

make() {
    bus=$(pidof dbus-daemon)
    fact bus "$bus"
    busctl list >/dev/null || fail busctl
    kill -STOP "$bus"
    stays_in_state "$bus" T 5
    background one busctl list
    background two loginctl list-sessions
    for v in one two; do eval "fact $v \$$v"; done
    stays_in_state "$one" S 10
    stays_in_state "$two" S 10
    sleep 1
}

heal() {
    kill -CONT "$bus"
    ends "$one" 40
    ends "$two" 40
}
