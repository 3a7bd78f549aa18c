# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A virus scanner that has to allow every opening below /watched is stopped.

make() {
    mkdir -p /watched && mount -t tmpfs watched /watched
    echo text >/watched/file
    background scanner_p role fanotify /watched /tmp/scanner.log
    facts_of scanner_p scanner
    cat /watched/file >/dev/null || fail "the scanner does not let through"
    kill -STOP "$scanner"
    stays_in_state "$scanner" T 5
    hangs first 'fanotify_handle_event|fanotify_get_response' cat /watched/file
    hangs second 'fanotify_handle_event|fanotify_get_response' cat /watched/file
}

heal() {
    kill -CONT "$scanner"
    ends "$first" 10
    ends "$second" 10
    kill "$scanner"
    ends "$scanner" 10
    umount /watched || fail umount
}
