# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A disk that takes requests and does not answer for half a minute, with a limit on background writes
# (wbt): the flusher has no place for more of them, sync waits for it. The root is the disk.

make() {
    until_true 20 [ -n "$(disk)" ] || fail "no disk"
    disk=$(disk)
    fact disk "$disk"
    echo 3000 >"/sys/block/$disk/device/timeout"
    echo 4 >"/sys/block/$disk/queue/max_sectors_kb"
    echo 75000 >"/sys/block/$disk/queue/wbt_lat_usec" || fail "no wbt"
    sync
    echo 7500 >/sys/bus/pseudo/drivers/scsi_debug/delay || fail "scsi_debug's delay"
    background syncer dd if=/dev/zero of="/dev/$disk" bs=64k count=64 conv=fsync
    blocks_in "$syncer" 'rq_qos_wait|wbt_wait|folio_wait|wait_on_page|blkdev_fsync|balance_dirty'
    fact syncer "$syncer"
    until_true 10 throttled || fail "nobody waits in wbt"
    sleep 0.5
    throttled
    fact throttled "tasks $throttled_tasks"
}

throttled() {
    throttled_tasks=
    for d in /proc/[0-9]*; do
        is_in_state "${d#/proc/}" D && stack_has "${d#/proc/}" 'rq_qos_wait|wbt_wait' && throttled_tasks="$throttled_tasks ${d#/proc/}"
    done
    [ -n "$throttled_tasks" ]
}

disk() { ls /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*/block 2>/dev/null | head -1; }

heal() {
    echo 1 >/sys/bus/pseudo/drivers/scsi_debug/delay
    ends "$syncer" 110
}
