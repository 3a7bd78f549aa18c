# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A device-mapper device is suspended while somebody reads an inode from it. A second task looks up
# the same name and waits for the first one's lookup; a third comes by another name of the same file
# and waits until its inode is there. No rule knows these two.

make() {
    dm_on_loop slow 32
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F /dev/mapper/slow || fail mkfs.ext4
    mount -t ext4 /dev/mapper/slow /data || fail mount
    mkdir /data/d1 /data/d2
    # The inode that is wanted is in a block of its own.
    for n in $(seq 64); do : >"/data/fill$n"; done
    : >/data/d1/f
    for n in $(seq 64); do : >"/data/more$n"; done
    ln /data/d1/f /data/d2/y
    umount /data
    echo 3 >/proc/sys/vm/drop_caches
    mount -t ext4 -o inode_readahead_blks=0 /dev/mapper/slow /data || fail mount
    # The names are in the cache, the inodes behind them are not.
    echo /data/d1/* /data/d2/* >/dev/null
    dmsetup suspend --noudevsync --noflush --nolockfs slow || fail "dmsetup suspend"

    hangs first 'ext4_' stat /data/d1/f
    hangs second 'd_alloc_parallel|d_wait_lookup' stat /data/d1/f
    hangs third 'iget_locked|find_inode|ilookup|wait_on_inode|inode_wait' stat /data/d2/y
}

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    for victim in $first $second $third; do
        ends "$victim" 20
    done
    umount /data || fail umount
    dm_gone slow
}
