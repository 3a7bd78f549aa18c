# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An NFSv4 server that came up anew and knows nothing of our session; before a new one is made,
# nothing is heard of it any more. The client's state manager waits for it, and everybody for both.

make() {
    lost_net
    nfs_server
    echo text >/export/file
    role nfs-mount 10.9.9.2:/ /nfs vers=4.1,addr=10.9.9.2,clientaddr=10.9.9.1,proto=tcp,port=2049,actimeo=1 || fail "mount"
    ls /nfs >/dev/null || fail "ls"
    echo 0 >/proc/fs/nfsd/threads
    background server_p role rpc-server 10.9.9.2 2049
    facts_of server_p server
    sleep 1.5
    background asker stat -f /nfs
    facts_of server_p asked
    nfs_server_lost
    kill -9 "$server"
    blocks_in "$asker" 'nfs|rpc'
    fact asker "$asker"
    hangs maker 'nfs|rpc' sh -c ': >/nfs/new'
    fact manager "$(task_named 10.9.9.2-manage)"
}

heal() {
    nfs_server_back
    nfs_server_up
    ends "$asker" 60
    ends "$maker" 60
    umount /nfs || fail "umount /nfs"
    nfs_server_gone
}
