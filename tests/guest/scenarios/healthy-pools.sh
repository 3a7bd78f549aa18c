# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Daemons of many threads that have nothing to do: their threads wait for each other at condition
# variables, semaphores, eventfds, joins, and pipes in both directions; pairs of processes that read
# from each other.

make() {
    background pools_p role pools
    facts_of pools_p pools
}

heal() {
    kill -9 "-$pools"
    ends "$pools" 10
}
