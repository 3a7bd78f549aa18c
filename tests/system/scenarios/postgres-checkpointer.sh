# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The checkpointer is stopped, and a CHECKPOINT waits for it.

make() {
    until_true 30 ready || fail "no PostgreSQL"
    checkpointer=$(pgrep -f 'postgres: .*checkpointer' | head -1)
    [ -n "$checkpointer" ] || fail "no checkpointer"
    fact checkpointer "$checkpointer"
    kill -STOP "$checkpointer"
    stays_in_state "$checkpointer" T 5
    background client su postgres -c "exec psql -c checkpoint"
    until_true 10 found || fail "no backend"
    fact backend "$backend"
    fact psql "$(pgrep -P "$client")"
    fact client "$client"
}
ready() { su postgres -c "psql -c 'select 1'" >/dev/null 2>&1; }
found() { backend=$(pgrep -f 'postgres: .*CHECKPOINT' | head -1); [ -n "$backend" ]; }

heal() {
    kill -CONT "$checkpointer"
    ends "$client" 40
}
