# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A healthy machine: what inquest answers to people who may not, or ask wrongly.

make() {
    background sleeper_p sleep 100000
    fact sleeper "$sleeper_p"
    cp /bin/inquest /tmp/inquest
}

heal() {
    kill "$sleeper"
    ends "$sleeper" 5
    echo 1 >/proc/sys/kernel/kptr_restrict
}
