# SPDX-License-Identifier: LGPL-2.1-or-later
#
# From ps to a suspended device, through memory, a page fault, a journal, and another program's
# handle: ps wants the mmap_lock that a thread waits for to write, because a third one faults in a
# page and wants to start a handle; the journal is closing a transaction for an fsync, and waits for
# the handle of a writer that reads a bitmap from the device.

make() {
    dm_on_loop slow 32
    /usr/sbin/mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 -F /dev/mapper/slow || fail mkfs.ext4
    mount -t ext4 /dev/mapper/slow /data || fail mount
    touch /data/new /data/touched
    background mapper_p role mapper /data/map
    facts_of mapper_p ready
    kill "$mapper"
    ends "$mapper" 10
    umount /data || fail umount
    echo 3 >/proc/sys/vm/drop_caches
    mount -t ext4 -o no_prefetch_block_bitmaps /dev/mapper/slow /data 2>/dev/null ||
        mount -t ext4 -o noinit_itable /dev/mapper/slow /data || fail mount
    ls -l /data/* >/dev/null
    background mapper_p role mapper /data/map
    facts_of mapper_p ready
    dmsetup suspend --noudevsync --noflush --nolockfs slow || fail "dmsetup suspend"

    hangs holder 'ext4_' role write-sync /data/new 64
    hangs syncer 'jbd2_log_wait_commit|jbd2_complete|ext4_sync_file' role chmod-sync /data/touched
    kill -USR1 "$mapper"
    blocks_in "$writer" 'page_mkwrite'
    kill -USR2 "$mapper"
    blocks_in "$unmapper" 'munmap|__split_vma|vma_start_write|vma_enter_locked|exclude_readers'
    hangs procps_ps 'access_remote_vm|do_task_stat|mmap_lock|proc' /usr/bin/ps -ef
    fact jbd2 "$(task_named jbd2/dm-)"
}

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    for victim in $holder $syncer $procps_ps; do
        ends "$victim" 20
    done
    kill "$mapper"
    ends "$mapper" 10
    umount /data || fail umount
    dm_gone slow
}
