# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Clients that wait for their answers: of a server that computes them, of one that sleeps over its answer, and in
# the queue behind such a client.

make() {
    background storm_p role servers
    facts_of storm_p storm
    sleep 1
}

heal() {
    kill -9 "-$storm"
    ends "$storm" 20
}
