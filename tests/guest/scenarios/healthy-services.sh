# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Services that have nothing to do, and a client whose daemon takes its time: nothing hangs.

make() {
    mkdir -p /watched && mount -t tmpfs watched /watched
    echo text >/watched/file
    background scanner_p role fanotify /watched /tmp/scanner.log
    facts_of scanner_p scanner
    cat /watched/file >/dev/null || fail "the scanner does not let through"
    background auto_p role autofs /auto
    facts_of auto_p automounter
    background daemon_p role fuse /zoo
    facts_of daemon_p daemon
    fact zoo "$daemon"
    cat /zoo/plain.file >/dev/null || fail "the daemon does not serve"
    background idle_p role fuse /zoo2
    facts_of idle_p daemon
    fact zoo2 "$daemon"
    sleeps asker 'request_wait_answer|fuse_simple_request|fuse_chan_send' ls -l /zoo/nap.file
}

heal() {
    kill -9 "$zoo" "$zoo2" "$scanner" "$automounter"
    ends "$asker" 10
    umount /zoo /zoo2
    umount -l /auto
    umount /watched
}
