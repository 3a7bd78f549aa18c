# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A thread writes to a frozen filesystem; another thread of that process calls
# execve, which waits until the first has ended. A debugger that wants to attach
# waits for the exec.

make() {
    fs_on_loop /data 24
    : >/data/file
    fsfreeze --freeze /data || fail fsfreeze
    background leader_p role exec-threads /data/file
    facts_of leader_p execer
    facts_of leader_p writer
    blocks_in "$writer" 'ext4_.*write|vfs_write'
    kill -USR1 "$execer"
    until_true 10 is_in_state "$execer" D || fail "exec does not wait"
    background attach role attach "$leader"
    stays_in_state "$attach" SD 10
    until_true 5 stack_has "$attach" ptrace_attach || fail "attach does not wait"
    fact attach "$attach"
    fact loop "${loop##*/}"
}

heal() {
    fsfreeze --unfreeze /data || fail fsfreeze
    ends "$attach" 20
    kill -9 "$leader"
    ends "$leader" 20
    fs_gone /data
}
