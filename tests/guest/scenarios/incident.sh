# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A backup job froze /data and sits there. A thread of "mapper" writes to a
# mapped page of a file there; a second thread unmaps a part of that mapping;
# then everybody who asks for the process's command line hangs: ps, pgrep, ls.

make() {
    fs_on_loop /data 24
    background mapper_p role mapper /data/file
    facts_of mapper_p ready
    background freeze_p role freeze /data
    facts_of freeze_p backup

    kill -USR1 "$mapper"
    blocks_in "$writer" 'page_mkwrite'
    # So far all is well for everybody else.
    timeout 5 cat "/proc/$mapper/cmdline" >/dev/null || fail "cmdline hangs too early"

    kill -USR2 "$mapper"
    blocks_in "$unmapper" 'munmap|__split_vma|vma_start_write|vma_enter_locked|exclude_readers'
    is_in_state "$mapper" S || fail "the idle thread does not sleep"

    hangs procps_ps 'access_remote_vm' /usr/bin/ps -ef
    hangs busybox_ps 'proc_pid_cmdline_read' busybox ps
    hangs cat_cmdline 'proc_pid_cmdline_read' cat "/proc/$mapper/cmdline"
    hangs ls_map_files 'proc_map_files_readdir' ls -l "/proc/$mapper/map_files"
    fact loop "${loop##*/}"
}

heal() {
    fsfreeze --unfreeze /data || fail fsfreeze
    for victim in $procps_ps $busybox_ps $cat_cmdline $ls_map_files; do
        ends "$victim" 20
    done
    until_true 10 grep -q '^FACT unmapped=' /tmp/mapper_p.out || fail "the unmapper hangs"
    timeout 10 /usr/bin/ps -ef >/dev/null || fail "ps still hangs"
    kill "$mapper" "$backup"
    ends "$mapper" 10
    ends "$backup" 10
    fs_gone /data
}
