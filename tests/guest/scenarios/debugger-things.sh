# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the debugger shows of disks, filesystems, files, modules, slabs, memory and the log, for a
# comparison with what the guest's own /proc and /sys say. A device-mapper device is suspended.

make() {
    fs_on_loop /data 24
    dm_on_loop slow 32
    echo hello >/data/opened
    background holder sh -c 'exec 7</data/opened; exec sleep 100000'
    until_true 5 test -e "/proc/$holder/fd/7" || fail "the file was not opened"
    fact holder "$holder"
    dmsetup suspend --noudevsync --noflush --nolockfs slow || fail "dmsetup suspend"
    echo "inquest was here" >/dev/kmsg
}

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    kill -9 "$holder"
    ends "$holder" 5
    dm_gone slow
    fs_gone /data
}
