# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A healthy machine that does nothing: tasks asleep in every ordinary way.

make() {
    fs_on_loop /data 24
    background idle_p role idle 100
    facts_of idle_p idle
    background sh_p sh -c 'sleep 100000 | cat'
    sleep 1
}

heal() {
    # All of them are in idle's session.
    kill -9 "-$idle" "-$sh_p"
    ends "$idle" 10
    fs_gone /data
}
