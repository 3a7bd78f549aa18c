# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A daemon of six threads has a client's request, and the thread that works at it writes to a frozen
# filesystem. Others of its threads wait for work. Nothing in the kernel says which of them the client waits for.

make() {
    fs_on_loop /data 24
    : >/data/file
    fsfreeze --freeze /data || fail fsfreeze
    background daemon_p role stuck-pool /data/file
    facts_of daemon_p daemon
    facts_of daemon_p worker
    facts_of daemon_p client
    blocks_in "$worker" 'vfs_write|ext4_.*write|do_filp_open|open'
    sleeps_in "$client" 'unix_stream_(data_wait|read_generic)'
}

heal() {
    fsfreeze --unfreeze /data || fail fsfreeze
    ends "$client" 20
    kill -9 "-$daemon"
    ends "$daemon" 10
    fs_gone /data
}
