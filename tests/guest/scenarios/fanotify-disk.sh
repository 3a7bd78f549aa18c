# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A virus scanner writes a log on a filesystem that is frozen: it hangs there, and with it whoever opens a
# file that it watches. The root is the frozen filesystem.

make() {
    fs_on_loop /data 24
    mkdir -p /watched && mount -t tmpfs watched /watched
    echo text >/watched/file
    background scanner_p role fanotify /watched /data/scanner.log
    facts_of scanner_p scanner
    cat /watched/file >/dev/null || fail "the scanner does not let through"
    fsfreeze --freeze /data || fail fsfreeze
    hangs first 'fanotify_handle_event|fanotify_get_response' cat /watched/file
    blocks_in "$scanner" 'percpu_rwsem|sb_start_write|vfs_write|ext4'
    hangs second 'fanotify_handle_event|fanotify_get_response' cat /watched/file
}

heal() {
    fsfreeze --unfreeze /data || fail unfreeze
    ends "$first" 10
    ends "$second" 10
    kill "$scanner"
    ends "$scanner" 10
    umount /watched || fail umount
    fs_gone /data
}
