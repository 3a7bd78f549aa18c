# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The first writer of a file in an overlay copies it up, and reads it from a lower layer whose device
# is suspended; the second writer waits, interruptibly, for the file's copy-up lock.

make() {
    dm_on_loop slow 32
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F /dev/mapper/slow || fail mkfs.ext4
    mount -t ext4 -o noinit_itable /dev/mapper/slow /data || fail mount
    dd if=/dev/zero of=/data/file bs=64k count=4 2>/dev/null
    umount /data
    # Nothing of ext4's own reads ahead.
    mount -t ext4 -o noinit_itable,no_prefetch_block_bitmaps /dev/mapper/slow /data || fail mount
    mkdir -p /run/upper /run/work /merged
    mount -t overlay overlay -o lowerdir=/data,upperdir=/run/upper,workdir=/run/work /merged || fail overlay
    ls -l /merged >/dev/null
    dmsetup suspend --noudevsync --noflush --nolockfs slow || fail "dmsetup suspend"
    hangs copier 'ovl_copy_up|ovl_' sh -c 'echo x >>/merged/file'
    sleeps second 'ovl_' sh -c 'echo x >>/merged/file'
}

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    ends "$copier" 20
    ends "$second" 20
    umount /merged || fail umount
    umount /data || fail umount
    dm_gone slow
}
