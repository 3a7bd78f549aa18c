# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A thin pool has no data blocks left and queues the writes that need one.

make() {
    truncate -s 4M /tmp/meta.img
    truncate -s 16M /tmp/data.img
    meta=$(losetup -f); losetup "$meta" /tmp/meta.img || fail losetup
    data=$(losetup -f); losetup "$data" /tmp/data.img || fail losetup
    fact meta "$meta"
    fact data "$data"
    dmsetup create --noudevsync pool --table "0 32768 thin-pool $meta $data 128 0" || fail "thin-pool"
    [ -e /dev/mapper/pool ] || dmsetup mknodes pool
    dmsetup message pool 0 "create_thin 0" || fail "create_thin"
    dmsetup create --noudevsync thin --table "0 131072 thin /dev/mapper/pool 0" || fail "thin"
    [ -e /dev/mapper/thin ] || dmsetup mknodes thin
    background filler dd if=/dev/zero of=/dev/mapper/thin bs=64k count=400
    until_true 40 out_of_space || fail "the pool is not full: $(dmsetup status pool)"
    hangs writer 'blkdev|submit_bio|iomap|sync' role direct-write /dev/mapper/thin 60000000
    fact filler "$filler"
    kernel_threads threads
}

out_of_space() { dmsetup status pool | grep -q out_of_data_space; }

heal() {
    # Errors instead of waiting.
    dmsetup suspend --noudevsync --noflush pool && dmsetup load pool --table "0 32768 thin-pool $meta $data 128 0 1 error_if_no_space" || fail reload
    dmsetup resume --noudevsync pool || fail resume
    ends "$writer" 20
    ends "$filler" 20
    dmsetup remove --noudevsync thin || fail "dmsetup remove"
    dmsetup remove --noudevsync pool || fail "dmsetup remove"
    losetup -d "$meta"
    losetup -d "$data"
}
