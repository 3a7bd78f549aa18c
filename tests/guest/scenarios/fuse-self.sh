# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A FUSE daemon of one thread asks its own filesystem for something while it answers: it waits for itself.

make() {
    background daemon_p role fuse /zoo
    facts_of daemon_p daemon
    ls /zoo || fail "the daemon does not serve"
    fuse_connection
    sleeps asker 'request_wait_answer|fuse_simple_request|fuse_chan_send' ls -l /zoo/self.file
    until_true 10 stack_has "$daemon" 'request_wait_answer|fuse_lock_inode|fuse_simple_request|fuse_chan_send|lookup' ||
        fail "the daemon does not wait for itself"
}

heal() {
    echo 1 >"/sys/fs/fuse/connections/$connection/abort"
    ends "$asker" 10
    ends "$daemon" 10
    umount /zoo || fail umount
}
