# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A healthy machine that is busy: forks and execs, locks held for a moment and
# always wanted, fsync. Much waits, nothing hangs.

make() {
    fs_on_loop /data 48
    background churn_p role churn 60 /data
    facts_of churn_p churn
    sleep 1
}

heal() {
    kill -9 "-$churn"
    ends "$churn" 20
    until_true 10 no_churn || fail "churn goes on"
    fs_gone /data
}

no_churn() { ! grep -q '^churn' /proc/[0-9]*/comm 2>/dev/null; }
