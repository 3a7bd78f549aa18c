# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A network block device whose server is stopped. A reader of the device hangs, and so does one
# of a filesystem on it.

make() {
    background nbd_p role nbd /dev/nbd0 16
    facts_of nbd_p nbd_client
    until_true 10 big_enough || fail "nbd0 did not come up"
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F /dev/nbd0 || fail mkfs.ext4
    mount -t ext4 -o noinit_itable /dev/nbd0 /data || fail mount
    touch /data/file
    sync
    kill -STOP "$nbd_server"
    stays_in_state "$nbd_server" T 5
    hangs reader 'blkdev|filemap|folio|generic_file|submit_bio|iomap' role direct-read /dev/nbd0
    hangs writer 'ext4|file_write_and_wait|filemap' role write-sync /data/file 16
    fact jbd2 "$(task_named jbd2/nbd)"
}

big_enough() { [ "$(cat /sys/block/nbd0/size)" -gt 0 ]; }

heal() {
    kill -CONT "$nbd_server"
    ends "$reader" 20
    ends "$writer" 20
    umount /data || fail umount
    kill "$nbd_server"
    ends "$nbd_server" 5
    kill "$nbd_client" 2>/dev/null
    ends "$nbd_client" 10
}
