# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A network block device by TCP, from whose server nothing is heard any more. A reader of the device
# hangs, and one of a filesystem on it.

make() {
    lost_net
    ip addr add 10.9.9.2/32 dev dummy0 || fail "ip addr"
    background nbd_p role nbd-to /dev/nbd0 16 10.9.9.2
    facts_of nbd_p nbd_client
    until_true 10 big_enough || fail "nbd0 did not come up"
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F /dev/nbd0 || fail mkfs.ext4
    mount -t ext4 -o noinit_itable /dev/nbd0 /data || fail mount
    touch /data/file
    sync
    ip addr del 10.9.9.2/32 dev dummy0 || fail "ip addr del"
    kill -9 "$nbd_server"
    hangs reader 'blkdev|filemap|folio|generic_file|submit_bio|iomap' role direct-read /dev/nbd0
    hangs writer 'ext4|file_write_and_wait|filemap' role write-sync /data/file 16
    fact jbd2 "$(task_named jbd2/nbd)"
}

big_enough() { [ "$(cat /sys/block/nbd0/size)" -gt 0 ]; }

heal() {
    kill -9 "$nbd_client"
    ends "$reader" 20
    ends "$writer" 20
    umount /data
    ends "$nbd_client" 10
    ip link del dummy0
}
