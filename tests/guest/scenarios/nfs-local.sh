# SPDX-License-Identifier: LGPL-2.1-or-later
#
# This machine mounts from its own NFS server what lies on a suspended device: the server's threads wait for the
# device, and the readers for them.

make() {
    lost_net
    dm_on_loop slow 32
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F /dev/mapper/slow || fail mkfs.ext4
    mkdir -p /export /var/lib/nfs/v4recovery
    mount -t ext4 /dev/mapper/slow /export || fail mount
    dd if=/dev/zero of=/export/one bs=64k count=4 2>/dev/null
    dd if=/dev/zero of=/export/two bs=64k count=4 2>/dev/null
    sync
    ip addr add 10.9.9.2/32 dev dummy0 || fail "ip addr"
    [ -e /proc/fs/nfsd/threads ] || mount -t nfsd nfsd /proc/fs/nfsd || fail "mount nfsd"
    for v in -2 -3; do echo "$v" >/proc/fs/nfsd/versions 2>/dev/null; done
    nfs_server_up
    role nfs-mount 10.9.9.2:/ /nfs vers=4.1,addr=10.9.9.2,clientaddr=10.9.9.1,proto=tcp,port=2049 || fail "mount"
    ls -l /nfs >/dev/null
    echo 3 >/proc/sys/vm/drop_caches
    ls -l /nfs >/dev/null
    dmsetup suspend --noudevsync --nolockfs --noflush slow || fail "dmsetup suspend"
    hangs one 'nfs|folio_wait|wait_on_page|filemap' cat /nfs/one
    hangs two 'nfs|folio_wait|wait_on_page|filemap' cat /nfs/two
    kernel_threads workers
}

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    ends "$one" 30
    ends "$two" 30
    umount /nfs || fail "umount /nfs"
    nfs_server_gone
    dm_gone slow
}
