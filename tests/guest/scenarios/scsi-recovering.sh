# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A disk answers nothing, its commands time out, and the host adapter's error recovery waits for it
# in vain; who uses a second disk of the same adapter, which has done nothing wrong, waits too.

debug=/sys/bus/pseudo/drivers/scsi_debug

make() {
    until_true 20 scsi_disk || fail "no disk"
    fact disk "$disk"
    host=$(readlink -f "/sys/block/$disk/device")
    host=${host%/target*}
    host=${host##*/}
    echo 2 >"$debug/max_luns" || fail "scsi_debug's max_luns"
    echo "- - -" >"/sys/class/scsi_host/$host/scan" || fail scan
    until_true 20 second_disk || fail "no second disk"
    # With its partitions read: a command of that in flight would keep the recovery from beginning.
    until_true 20 attached "$disk" || fail "$disk is not attached"
    until_true 20 attached "$other" || fail "$other is not attached"
    fact other "$other"
    fact host "$host"
    mkfifo /tmp/scsi-go
    background neighbour sh -c 'exec <"$1"; read -r go </tmp/scsi-go; exec dd of=/dev/null bs=4k count=1' sh "/dev/$other"
    exec 9>/tmp/scsi-go
    # All that the recovery asks is not answered either, each for so long.
    echo 2 >"/sys/block/$disk/device/timeout"
    echo 20 >"/sys/block/$disk/device/eh_timeout"
    echo 4 >"$debug/opts" || fail "scsi_debug's opts"
    echo 1 >"$debug/every_nth" || fail "scsi_debug's every_nth"
    hangs reader 'blkdev|submit_bio|iomap' role direct-read "/dev/$disk"
    until_true 20 recovers || fail "no error recovery"
    eh=$(task_named "scsi_eh_${host#host}")
    blocks_in "$eh" scsi_send_eh_cmnd
    fact eh "$eh"
    # One opens it, the other one has it open.
    hangs opener scsi_block_when_processing_errors role direct-read "/dev/$other"
    echo >&9
    fact neighbour "$neighbour"
    blocks_in "$neighbour" 'blkdev|filemap|folio|generic_file'
}

second_disk() {
    for b in /sys/class/scsi_host/"$host"/device/target*/*/block/*; do
        other=${b##*/}
        [ "$other" != "$disk" ] && [ -b "/dev/$other" ] && return 0
    done
    return 1
}
attached() { dmesg | grep -q "\[$1\] Attached SCSI disk"; }
recovers() { [ "$(cat "/sys/class/scsi_host/$host/state")" = recovery ]; }

heal() {
    echo 0 >"$debug/every_nth"
    echo 0 >"$debug/opts"
    ends "$reader" 60
    ends "$neighbour" 60
    ends "$opener" 60
    rm /tmp/scsi-go
    echo 30 >"/sys/block/$disk/device/timeout"
    echo 10 >"/sys/block/$disk/device/eh_timeout"
    echo 1 >"/sys/block/$other/device/delete"
    echo 1 >"$debug/max_luns"
}
