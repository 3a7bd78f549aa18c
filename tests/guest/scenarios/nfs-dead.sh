# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A mounted NFS server of which nothing is heard any more. One reads an open file, one writes and
# syncs, one touches a mapped page, one creates a file and has the folder's lock, for
# which another waits, one asks how full it is.

make() {
    lost_net
    nfs_server
    mkdir /export/dir
    for f in read sync fault; do dd if=/dev/zero of=/export/$f bs=64k count=4 2>/dev/null; done
    role nfs-mount 10.9.9.2:/ /nfs vers=4.1,addr=10.9.9.2,clientaddr=10.9.9.1,proto=tcp,port=2049 || fail "mount"
    rm -f /tmp/go
    for f in read sync fault; do
        background later_$f role later /tmp/go $f /nfs/$f
        facts_of later_$f $f
    done
    ls /nfs/dir >/dev/null || fail "ls"
    sleep 1.5
    nfs_server_lost
    touch /tmp/go
    blocks_in "$read" 'folio_wait|wait_on_page|filemap|nfs_file_read'
    blocks_in "$sync" 'nfs_file_fsync|folio_wait|wait_on_page|nfs_'
    blocks_in "$fault" 'filemap_fault|folio|wait_on_page'
    hangs creator 'nfs|rpc' sh -c ': >/nfs/dir/a'
    hangs behind 'path_openat|open_last_lookups|lookup|rwsem|nfs|rpc' sh -c ': >/nfs/dir/b'
    hangs full 'statfs|rpc' stat -f /nfs
}

heal() {
    nfs_server_back
    for t in $read $sync $fault $creator $behind $full; do ends "$t" 60; done
    umount /nfs || fail "umount /nfs"
    nfs_server_gone
}
