# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process that its debugger has stopped, and a second one that runs under another one, which waits for news
# of it. Nobody wants anything of them.

make() {
    background debugger_p role debugger
    facts_of debugger_p traced
    facts_of debugger_p debugger
    stays_in_state "$held" t 5
    stays_in_state "$traced" S 5
}

heal() {
    kill -9 "-$debugger"
    ends "$debugger" 10
}
