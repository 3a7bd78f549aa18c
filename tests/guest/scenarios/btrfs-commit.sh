# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A commit of btrfs that does not come to its end: an fsync has a handle open in the transaction
# while it writes its log to a suspended device; a task commits, and waits for that handle; who
# removes a file waits for the commit.

make() {
    dm_on_loop slow 256
    mkfs.btrfs -q -K -f /dev/mapper/slow >/dev/null || fail mkfs.btrfs
    mount -t btrfs /dev/mapper/slow /data || fail mount
    mkdir /data/other
    touch /data/touched /data/other/victim
    umount /data
    mount -t btrfs -o noatime /dev/mapper/slow /data || fail mount
    ls -l /data /data/other >/dev/null
    dmsetup suspend --noudevsync --noflush --nolockfs slow || fail "dmsetup suspend"

    hangs holder 'btrfs_sync_log' role chmod-sync /data/touched
    hangs committer 'btrfs_commit_transaction' role btrfs-commit /data
    hangs late 'start_transaction|wait_current_trans|btrfs_' rm -f /data/other/victim
}

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    for victim in $holder $committer $late; do
        ends "$victim" 20
    done
    umount /data || fail umount
    dm_gone slow
}
