# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process with three threads crashes; the helper that takes the core dump does
# not read it. The parent waits for the process to end.

make() {
    cat /proc/sys/kernel/core_pattern >/tmp/core_pattern
    echo "|$(command -v role) core-helper /tmp/core-helper.pid" >/proc/sys/kernel/core_pattern
    background parent_p role crash
    facts_of parent_p crasher
    kill -USR1 "$crasher"
    until_true 10 [ -s /tmp/core-helper.pid ] || fail "no helper was started"
    fact helper "$(cat /tmp/core-helper.pid)"
    until_true 10 stack_has "$crasher" 'pipe_write' || fail "the dump is not under way"
    until_true 10 is_in_state "$sleeper1" DI || fail "the other threads are not held"
}

heal() {
    kill "$helper"
    cat /tmp/core_pattern >/proc/sys/kernel/core_pattern
    rm -f /tmp/core-helper.pid
    for t in $helper $crasher $parent; do ends "$t" 20; done
}
