# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A mount from an NFS server that does not exist: the way there loses everything.

make() {
    lost_net
    background mount_p role nfs-mount 10.9.9.2:/export /nfs \
        "vers=4.1,addr=10.9.9.2,clientaddr=10.9.9.1,proto=tcp,port=2049"
    facts_of mount_p mounter
    stays_in_state "$mounter" D 10
    until_true 5 stack_has "$mounter" 'rpc_wait_bit_killable|__rpc_execute|rpc_' ||
        { cat "/proc/$mounter/stack"; fail "it does not wait for a call"; }
}

heal() {
    kill -9 "$mounter"
    ends "$mounter" 20
    ip link del dummy0
    sleep 1
}
