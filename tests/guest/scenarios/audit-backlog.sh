# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The audit daemon is stopped. The backlog is small, and eight processes have something to say for the audit
# trail, again and again: each of them waits until kauditd, which tries to deliver records in vain,
# lets one after the other go on.

make() {
    background auditd_p role auditd
    facts_of auditd_p auditd
    kill -STOP "$auditd"
    stays_in_state "$auditd" T 5
    for n in 1 2 3 4 5 6 7 8; do
        background "says$n" role audit-says
        eval "fact says$n \$says$n"
    done
    until_true 20 all_wait || fail "they do not wait"
}

all_wait() {
    [ "$(cat /proc/[0-9]*/stack 2>/dev/null | grep -c audit_receive)" -ge 7 ]
}

heal() {
    for p in $says1 $says2 $says3 $says4 $says5 $says6 $says7 $says8; do kill -9 "$p"; done
    kill -9 "$auditd"
    role audit-off
    for p in $auditd $says1 $says2 $says3 $says4 $says5 $says6 $says7 $says8; do ends "$p" 90; done
}
