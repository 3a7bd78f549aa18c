# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A filesystem is frozen for an instant again and again, as snapshots do, while others write to it.

make() {
    fs_on_loop /data 48
    background storm_p role storm-writes /data 3
    facts_of storm_p storm
    background snapshots_p role snapshots /data
    facts_of snapshots_p thawed
}

heal() {
    kill -9 "$snapshots"
    ends "$snapshots" 10
    fsfreeze --unfreeze /data 2>/dev/null
    kill -9 "-$storm"
    ends "$storm" 20
    until_true 10 calm || fail "the storm goes on"
    fs_gone /data
}

calm() { ! grep -q '^storm' /proc/[0-9]*/comm 2>/dev/null; }
