# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The first thread of a process has ended and is a zombie, its last one writes to a frozen
# filesystem; the parent waits for the process. Another process waits for the parent.

make() {
    fs_on_loop /data 24
    : >/data/file
    fsfreeze --freeze /data || fail fsfreeze
    background grand_p sh -c 'role last-thread /data/file & wait'
    fact grand "$grand_p"
    facts_of grand_p parent
    facts_of grand_p writer
    blocks_in "$writer" 'vfs_write|ext4_.*write'
    stays_in_state "$leader" Z 10
    sleeps_in "$parent" 'do_wait'
    # ash waits for SIGCHLD.
    stays_in_state "$grand_p" S 10
}

heal() {
    fsfreeze --unfreeze /data || fail fsfreeze
    for t in $writer $parent $grand; do ends "$t" 20; done
    fs_gone /data
}
