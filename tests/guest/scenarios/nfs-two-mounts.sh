# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An NFS server from which nothing is heard any more after it was found. The mount that asks it
# hangs, and a second one waits for the first.

make() {
    lost_net
    ip addr add 10.9.9.2/32 dev dummy0 || fail "ip addr"
    background server_p role rpc-server 10.9.9.2 2049
    facts_of server_p server
    options=vers=4.1,addr=10.9.9.2,clientaddr=10.9.9.1,proto=tcp,port=2049
    background mount_p role nfs-mount 10.9.9.2:/export /nfs $options
    facts_of mount_p mounter
    facts_of server_p asked
    nfs_server_lost
    kill -9 "$server"
    blocks_in "$mounter" 'rpc_'
    hangs second nfs_wait_client_init_complete role nfs-mount 10.9.9.2:/other /nfs2 $options
}

heal() {
    kill -9 "$mounter" "$second"
    ends "$mounter" 20
    ends "$second" 20
    ip link del dummy0
    sleep 1
}
