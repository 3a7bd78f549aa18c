# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A container's init is killed; one of its processes cannot end, because it
# writes to a frozen filesystem. Who started the container waits for its end.

make() {
    fs_on_loop /data 24
    : >/data/file
    fsfreeze --freeze /data || fail fsfreeze
    background parent_p role pidns /data/file
    facts_of parent_p init
    until_true 10 has_writer || fail "no writer"
    fact writer "$writer"
    blocks_in "$writer" 'ext4_.*write|vfs_write'
    kill -9 "$init"
    until_true 10 stack_has "$init" zap_pid_ns || fail "init does not wait for its namespace"
}

has_writer() {
    for c in $(cat "/proc/$init/task/$init/children"); do
        [ "$(cat "/proc/$c/comm")" = ns-writer ] && writer=$c && return
    done
    return 1
}

heal() {
    fsfreeze --unfreeze /data || fail fsfreeze
    for t in $writer $init $parent; do ends "$t" 20; done
    fs_gone /data
}
