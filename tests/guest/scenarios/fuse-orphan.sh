# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A FUSE daemon has ended, but its device is still open: in a message that nobody receives. No process can
# answer, and the kernel does not give up the connection.

make() {
    background keeper_p role fuse-orphan /zoo
    facts_of keeper_p keeper
    eval "$(sed -n 's/^FACT //p' /tmp/keeper_p.out)"
    until_true 10 gone "$daemon"
    fuse_connection
    sleeps asker 'request_wait_answer|fuse_simple_request|fuse_chan_send' ls -l /zoo/plain.file
}

heal() {
    kill "$keeper"
    ends "$asker" 10
    umount /zoo || fail umount
}
