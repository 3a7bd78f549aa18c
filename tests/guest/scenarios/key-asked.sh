# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The kernel asks /sbin/request-key for a key, and that one is stopped. Two programs want the key: the first waits
# for the helper, the second for the key under construction.

make() {
    printf '#!/bin/sh\necho $$ >/run/helper\nkill -STOP $$\n' >/sbin/request-key
    chmod +x /sbin/request-key
    background first_p role request-key odd:key
    until_true 10 [ -s /run/helper ] || fail "no helper was started"
    helper=$(cat /run/helper)
    stays_in_state "$helper" T 10
    fact helper "$helper"
    first=$first_p
    fact first "$first"
    until_true 5 stack_has "$first" 'usermodehelper' || fail "the first does not wait for the helper"
    background second_p role request-key odd:key
    second=$second_p
    fact second "$second"
    until_true 5 stack_has "$second" 'wait_for_key|wait_on_bit|request_key' || fail "the second does not wait"
    # The kernel's worker that started the helper waits for its end.
    workers=
    for p in /proc/[0-9]*; do
        stack_has "${p#/proc/}" call_usermodehelper_exec_work && workers="$workers ${p#/proc/}"
    done
    fact workers "$workers"
}

heal() {
    kill -CONT "$helper"
    ends "$first" 20
    # It asks once more itself, when the first got none.
    until_true 20 second_ended || fail "the second goes on waiting"
    rm -f /run/helper /sbin/request-key
}
second_ended() {
    gone "$second" && return 0
    kill -CONT "$(cat /run/helper)" 2>/dev/null
    return 1
}
