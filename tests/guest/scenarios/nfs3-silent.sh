# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A mount by NFSv3 over TCP: the server's mount daemon is found, and does not answer.

make() {
    lost_net
    background mount_p role nfs-mount 10.9.9.2:/export /nfs \
        "vers=3,addr=10.9.9.2,mountaddr=10.9.9.2,mountport=20048,mountproto=tcp,proto=tcp,port=2049,nolock"
    facts_of mount_p mounter
    blocks_in "$mounter" 'rpc_wait_bit_killable|__rpc_execute|rpc_'
}

heal() {
    kill -9 "$mounter"
    ends "$mounter" 20
    ip link del dummy0
    sleep 1
}
