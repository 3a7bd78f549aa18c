# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A busy NFS server that answers: writers that sync, readers, and many looks at folders.

make() {
    lost_net
    nfs_server
    mkdir /export/dir
    role nfs-mount 10.9.9.2:/ /nfs vers=4.1,addr=10.9.9.2,clientaddr=10.9.9.1,proto=tcp,port=2049,noac || fail "mount"
    touch /tmp/busy
    for i in 1 2 3; do
        background "job$i" sh -c "while [ -e /tmp/busy ]; do dd if=/dev/zero of=/nfs/file$i bs=64k count=16 conv=fsync; cat /nfs/file$i >/dev/null; ls -l /nfs /nfs/dir; touch /nfs/dir/$i; rm /nfs/dir/$i; done"
    done
    until_true 40 [ -e /nfs/file1 ] || fail "nothing is written"
    for i in 1 2 3; do eval "fact job$i \$job$i"; done
}

heal() {
    rm /tmp/busy
    for j in $job1 $job2 $job3; do ends "$j" 60; done
    umount /nfs || fail "umount /nfs"
    nfs_server_gone
}
