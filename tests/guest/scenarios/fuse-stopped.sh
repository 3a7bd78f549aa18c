# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A FUSE daemon is stopped by a signal, with a read in hand. One program waits for the page,
# another one asks for a file: it is the daemon's task that everything waits for.

make() {
    background daemon_p role fuse /zoo
    facts_of daemon_p daemon
    ls /zoo || fail "the daemon does not serve"
    fuse_connection
    hangs reader 'folio_wait_bit|wait_on_page_bit|filemap_|generic_file_buffered_read' cat /zoo/stop.it
    stays_in_state "$daemon" T 5
    sleeps asker 'request_wait_answer|fuse_simple_request|fuse_chan_send' ls -l /zoo/plain.file
}

heal() {
    kill -CONT "$daemon"
    # It stops itself at each part of the file.
    until_true 20 goes_on
    ends "$asker" 10
    ends "$reader" 10
    umount /zoo || fail umount
    ends "$daemon" 10
}
goes_on() {
    gone "$reader" && return 0
    kill -CONT "$daemon"
    return 1
}
