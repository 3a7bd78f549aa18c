# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A backend that has a row locked is stopped. Another one waits for the row, on its latch.

make() {
    until_true 30 ready || fail "no PostgreSQL"
    sql 'create table t(i int); insert into t values (1)'
    background holder su postgres -c "exec psql -c 'begin; update t set i = 2; select pg_sleep(6)'"
    until_true 10 found || fail "no backend"
    fact backend "$backend"
    kill -STOP "$backend"
    stays_in_state "$backend" T 5
    fact holder_psql "$(pgrep -P "$holder")"
    background waiter su postgres -c "exec psql -c 'update t set i = 3'"
    sleep 2
    fact holder "$holder"
    fact waiter "$waiter"
}
ready() { su postgres -c "psql -c 'select 1'" >/dev/null 2>&1; }
found() { backend=$(pgrep -f 'postgres: .*SELECT' | head -1); [ -n "$backend" ]; }

sql() { su postgres -c "psql -qtA -c \"$1\"" </dev/null; }

heal() {
    kill -CONT "$backend"
    ends "$holder" 40
    ends "$waiter" 40
    sql 'drop table t'
}
