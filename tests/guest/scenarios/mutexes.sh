# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Four processes with a mutex of pthreads (plain, recursive, checked for errors, adaptive), each with a thread that
# wants it; its owner sleeps, but of the last process's it has ended and not given it back.

make() {
    for type in 0 1 2 3; do
        background "mutex$type" role mutex $type $((type / 3))
        facts_of "mutex$type" wants
        sleeps_in "$wants" futex
        for v in owner wants; do eval "fact $v$type \$$v"; done
    done
}

heal() {
    for type in 0 1 2 3; do
        p=$(cat /tmp/mutex$type.pid)
        kill -9 "$p"
        ends "$p" 10
    done
}
