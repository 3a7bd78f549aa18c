# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Two hangs that have nothing to do with each other: thirty readers of a suspended device, and two
# writers to a frozen filesystem; between them many who just sleep.

make() {
    fs_on_loop /data 24
    fact fs_loop "$loop"
    dm_on_loop big 16
    dmsetup suspend --noudevsync --noflush --nolockfs big || fail "dmsetup suspend"
    background idle_p role idle 40
    facts_of idle_p idle
    fsfreeze --freeze /data || fail fsfreeze
    n=0
    readers=
    while [ $n -lt 30 ]; do
        background reader_p role direct-read /dev/mapper/big
        readers="$readers,$reader_p"
        n=$((n + 1))
    done
    fact readers "${readers#,}"
    hangs writer 'mnt_want_write|sb_start_write|percpu_down_read|vfs_write|percpu_rwsem' mkdir /data/a
    hangs writer2 'mnt_want_write|sb_start_write|percpu_down_read|vfs_write|percpu_rwsem' mkdir /data/b
    for tid in $(echo "$readers" | tr , ' '); do
        until_true 20 is_in_state "$tid" D || fail "a reader does not hang"
    done
}

heal() {
    dmsetup resume --noudevsync big || fail "dmsetup resume"
    fsfreeze --unfreeze /data || fail fsfreeze
    for tid in $(echo "$readers" | tr , ' ') $writer $writer2; do
        ends "$tid" 20
    done
    kill -9 "-$idle"
    ends "$idle" 10
    dm_gone big
    fs_gone /data
}
