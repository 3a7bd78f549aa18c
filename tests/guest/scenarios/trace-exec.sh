# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A debugger holds a thread on its way out and wants to attach to another thread of that
# process; that one's exec waits for the first to end. Nobody ever goes on.

make() {
    background tracer_p role trace-exec
    facts_of tracer_p tracer
    stays_in_state "$traced" t 10
    until_true 10 is_in_state "$execer" D || fail "exec does not wait"
    until_true 10 stack_has "$tracer" ptrace_attach || fail "the tracer does not wait"
}

heal() {
    kill -9 "$tracer"
    ends "$tracer" 20
    kill -9 "$traced"
    ends "$traced" 20
}
