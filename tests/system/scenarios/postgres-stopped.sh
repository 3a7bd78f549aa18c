# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A backend of PostgreSQL is stopped in the middle of a query; its psql polls for the result.

make() {
    until_true 30 ready || fail "no PostgreSQL"
    background client su postgres -c "exec psql -c 'select pg_sleep(5), 4711'"
    until_true 10 found || fail "no backend"
    kill -STOP "$backend"
    stays_in_state "$backend" T 5
    psql=$(pgrep -P "$client")
    fact backend "$backend"
    fact psql "$psql"
    fact client "$client"
}
ready() { su postgres -c "psql -c 'select 1'" >/dev/null 2>&1; }
found() { backend=$(pgrep -f 'postgres: .*SELECT' | head -1); [ -n "$backend" ]; }

heal() {
    kill -CONT "$backend"
    ends "$client" 40
}
