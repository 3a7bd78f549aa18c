# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A FUSE daemon keeps its data on a filesystem that is frozen: its worker hangs there, with a request in
# hand, while the main thread sleeps. The root is the frozen filesystem, two services further down.

make() {
    fs_on_loop /data 24
    background daemon_p role fuse-threads /zoo /data/store
    facts_of daemon_p daemon
    eval "$(sed -n 's/^FACT //p' /tmp/daemon_p.out)"
    ls /zoo || fail "the daemon does not serve"
    fuse_connection
    fsfreeze --freeze /data || fail fsfreeze
    sleeps asker 'request_wait_answer|fuse_simple_request|fuse_chan_send' ls -l /zoo/disk.file
    until_true 10 grep -q fuse_worker "/proc/$daemon/task/"*/comm
    until_true 10 is_in_state "$fuse_worker" D || fail "the worker does not hang"
    # A client that waits for the daemon with nothing in its way but that.
    sleeps second 'request_wait_answer|fuse_simple_request|fuse_chan_send' ls -l /zoo/plain.file
}

heal() {
    fsfreeze --unfreeze /data || fail unfreeze
    ends "$asker" 10
    ends "$second" 10
    umount /zoo || fail umount
    ends "$daemon" 10
    fs_gone /data
}
