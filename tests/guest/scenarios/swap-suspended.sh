# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The device of the swap area is suspended: a process that touches its swapped-out memory waits for
# the page to be read.

make() {
    dm_on_loop slow 64
    mkswap /dev/mapper/slow >/dev/null || fail mkswap
    swapon /dev/mapper/slow || fail swapon
    mkdir -p /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup || fail cgroup2
    echo +memory >/sys/fs/cgroup/cgroup.subtree_control || fail "no memory controller"
    mkdir /sys/fs/cgroup/small
    background swapped_p sh -c 'echo 0 >/sys/fs/cgroup/small/cgroup.procs; exec role swapped'
    facts_of swapped_p ready
    # Twice: written, then dropped from the cache.
    until_true 10 all_out || fail "not swapped out: $(cat /sys/fs/cgroup/small/memory.stat)"
    dmsetup suspend --noudevsync --noflush --nolockfs slow || fail "dmsetup suspend"
    kill -USR1 "$swapped"
    blocks_in "$swapped" 'do_swap_page|folio_wait_bit|lock_page'
}

all_out() {
    echo 16M >/sys/fs/cgroup/small/memory.reclaim
    awk '/^swapcached/ { exit $2 > 0 }' /sys/fs/cgroup/small/memory.stat &&
        awk '/^VmSwap/ { exit $2 < 4000 }' "/proc/$swapped/status"
} 2>/dev/null

heal() {
    dmsetup resume --noudevsync slow || fail "dmsetup resume"
    ends "$swapped" 20
    rmdir /sys/fs/cgroup/small
    umount /sys/fs/cgroup
    swapoff /dev/mapper/slow || fail swapoff
    dm_gone slow
}
