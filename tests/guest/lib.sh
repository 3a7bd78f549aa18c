# SPDX-License-Identifier: LGPL-2.1-or-later
# Put in front of every scenario: what their make() and heal() are written with.
# POSIX sh (busybox). No wait without an end.

fact() { echo "FACT $1=$2"; }
fail() { echo "FAIL $*"; exit 1; }

# background NAME COMMAND...: start it away from this script; $NAME.pid and
# /tmp/NAME.out are its pid and output.
background() {
    bg_name=$1; shift
    : >"/tmp/$bg_name.out"
    setsid "$@" >"/tmp/$bg_name.out" 2>&1 </dev/null &
    echo $! >"/tmp/$bg_name.pid"
    eval "$bg_name=$!"
}

# until_true SECONDS COMMAND...: run it until it succeeds.
until_true() {
    ut_n=$(($1 * 20)); shift
    while ! "$@"; do
        ut_n=$((ut_n - 1))
        [ $ut_n -gt 0 ] || return 1
        usleep 50000
    done
}

# facts_of NAME LAST: wait for the fact LAST from background process NAME, then
# take all that it said: print them and set variables.
facts_of() {
    until_true 20 grep -q "^FACT $2=" "/tmp/$1.out" || { cat "/tmp/$1.out"; fail "$1 never said $2"; }
    cat "/tmp/$1.out"
    eval "$(sed -n 's/^FACT //p' "/tmp/$1.out")"
}

# is_in_state TID LETTERS: by status, which no lock of these hangs keeps from answering.
is_in_state() {
    is_state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
    case $2 in *"${is_state:-?}"*) return 0 ;; *) return 1 ;; esac
}

# stays_in_state TID LETTERS SECONDS: it gets there within SECONDS, and is still there later.
stays_in_state() {
    until_true "$3" is_in_state "$1" "$2" || fail "task $1 ($(cat "/proc/$1/comm")) is not in state $2 but $(grep State "/proc/$1/status")"
    usleep 100000
    is_in_state "$1" "$2" || fail "task $1 did not stay in state $2"
}

stack_has() { timeout 2 cat "/proc/$1/stack" 2>/dev/null | grep -q -E "$2"; }

# blocks_in TID FUNCTION [SECONDS]: it is in D with FUNCTION (a regular expression) on its stack.
blocks_in() {
    stays_in_state "$1" D "${3:-10}"
    until_true 5 stack_has "$1" "$2" || { timeout 2 cat "/proc/$1/stack"; fail "task $1 is not in $2"; }
}

# hangs NAME FUNCTION COMMAND...: start a victim and see it block in FUNCTION. It may slip
# through (on 5.10 a reader that spins can overtake a writer that waits): again, then.
hangs() {
    h_name=$1 h_function=$2; shift 2
    for h_try in 1 2 3 4 5 6 7 8 9 10; do
        background "$h_name" "$@"
        eval "h_pid=\$$h_name"
        until_true 20 over_or_in "$h_pid" "$h_function"
        gone "$h_pid" && continue
        blocks_in "$h_pid" "$h_function"
        fact "$h_name" "$h_pid"
        return
    done
    cat "/tmp/$h_name.out"
    fail "$* does not hang"
}
over_or_in() { gone "$1" || { is_in_state "$1" D && stack_has "$1" "$2"; }; }

# sleeps NAME FUNCTION COMMAND...: start a victim and see it wait in FUNCTION, interruptibly.
sleeps() {
    s_name=$1 s_function=$2; shift 2
    background "$s_name" "$@"
    eval "s_pid=\$$s_name"
    sleeps_in "$s_pid" "$s_function"
    fact "$s_name" "$s_pid"
}
# sleeps_in TID FUNCTION [SECONDS]: the same of a task that is there.
sleeps_in() {
    stays_in_state "$1" S "${3:-10}"
    until_true 5 stack_has "$1" "$2" || { timeout 2 cat "/proc/$1/stack"; fail "task $1 is not in $2"; }
}

gone() { [ ! -e "/proc/$1" ] || is_in_state "$1" Z; }

# ends PID SECONDS
ends() { until_true "$2" gone "$1" || fail "process $1 did not end"; }

# fs_on_loop MNT MB: an ext4 filesystem in a file, on a loop device, mounted at MNT; $loop is the device
fs_on_loop() {
    mkdir -p "$1"
    image=/tmp/$(echo "$1" | tr / _).img
    dd if=/dev/zero of="$image" bs=1M count=0 seek="$2" 2>/dev/null
    /usr/sbin/mkfs.ext4 -q -F "$image" || fail mkfs.ext4
    loop=$(losetup -f)
    losetup "$loop" "$image" || fail losetup
    mount -t ext4 "$loop" "$1" || fail mount
}

# fs_gone MNT: the end of it
fs_gone() {
    dev=$(awk -v m="$1" '$2 == m { print $1 }' /proc/mounts)
    umount "$1" || fail "umount $1"
    losetup -d "$dev"
    rm -f "/tmp/$(echo "$1" | tr / _).img"
}

# fuse_connection: the number of the only FUSE connection, as $connection
fuse_connection() {
    [ -e /sys/fs/fuse/connections/* ] || mount -t fusectl none /sys/fs/fuse/connections || fail fusectl
    connection=$(ls /sys/fs/fuse/connections)
    fact connection "$connection"
}
# dm_on_loop NAME MB: a linear device-mapper device on a loop device; the facts loop and dm (dev:dm-N)
dm_on_loop() {
    truncate -s "$2M" "/tmp/$1.img"
    loop=$(losetup -f)
    losetup "$loop" "/tmp/$1.img" || fail losetup
    fact loop "$loop"
    dmsetup create --noudevsync "$1" --table "0 $(($2 * 2048)) linear $loop 0" || fail "dmsetup create"
    # There is no udev that would make it.
    [ -e "/dev/mapper/$1" ] || dmsetup mknodes "$1"
    dm=dev:dm-$(dmsetup info -c --noheadings -o minor "$1")
    fact dm "$dm"
}

# dm_gone NAME: the end of it, and of its loop device
dm_gone() {
    dmsetup remove --noudevsync "$1" || fail "dmsetup remove"
    losetup -d "$loop"
    rm -f "/tmp/$1.img"
}

# scsi_disk: the first disk of scsi_debug, as $disk; false as long as there is none
scsi_disk() {
    for sd_disk in /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*/block/*; do
        disk=${sd_disk##*/}
        [ -b "/dev/$disk" ] && return 0
    done
    return 1
}

# task_named PREFIX: the tid of a task whose comm starts so
task_named() { sed -n "s|^Name:[[:space:]]*||p;s|^Pid:[[:space:]]*||p" /proc/[0-9]*/status 2>/dev/null | awk -v p="$1" 'index($0, p) == 1 { getline; print; exit }'; }

# lost_net: 10.9.9.0/24 is a network where every packet gets lost; we are 10.9.9.1
lost_net() {
    ip link add dummy0 type dummy 2>/dev/null
    ip addr add 10.9.9.1/24 dev dummy0 || fail "ip addr"
    ip link set dummy0 up || fail "ip link"
}

# nfs_server: the kernel's NFSv4 server on 10.9.9.2, on lost_net; it exports /export, a tmpfs, to us.
# What mountd would answer is told beforehand.
nfs_server() {
    ip addr add 10.9.9.2/32 dev dummy0 || fail "ip addr"
    mkdir -p /export /var/lib/nfs/v4recovery
    mount -t tmpfs export /export || fail "mount tmpfs"
    [ -e /proc/fs/nfsd/threads ] || mount -t nfsd nfsd /proc/fs/nfsd || fail "mount nfsd"
    for v in -2 -3; do echo "$v" >/proc/fs/nfsd/versions 2>/dev/null; done
    nfs_server_up
}

# nfs_server_up: start it, anew after it was stopped (with /proc/fs/nfsd/threads), which forgets all
nfs_server_up() {
    # The lease, and how long it waits for clients of before.
    echo 10 >/proc/fs/nfsd/nfsv4leasetime
    echo 10 >/proc/fs/nfsd/nfsv4gracetime 2>/dev/null
    ns_for_ever=2147483647
    for a in 10.9.9.1 10.9.9.2; do echo "nfsd $a $ns_for_ever *" >/proc/net/rpc/auth.unix.ip/channel; done
    echo "0 $ns_for_ever 1 0" >/proc/net/rpc/auth.unix.gid/channel
    # Flags 9218: it is the root (NFSEXP_FSID), any port may ask, root is root,
    # and a file is looked for by its handle alone.
    printf '* 1 \\x00000000 %s /export\n' $ns_for_ever >/proc/net/rpc/nfsd.fh/channel
    printf '* /export %s 9218 65534 65534 0\n' $ns_for_ever >/proc/net/rpc/nfsd.export/channel
    echo "tcp 2049" >/proc/fs/nfsd/portlist 2>/dev/null
    echo 2 >/proc/fs/nfsd/threads || fail "no NFS server"
    echo Y >/proc/fs/nfsd/v4_end_grace
}

# nfs_server_lost, nfs_server_back: the way to it
nfs_server_lost() { ip addr del 10.9.9.2/32 dev dummy0 || fail "ip addr del"; }
nfs_server_back() { ip addr add 10.9.9.2/32 dev dummy0 || fail "ip addr add"; }

# nfs_server_gone: the end of it
nfs_server_gone() {
    echo 0 >/proc/fs/nfsd/threads
    date +%s >/proc/net/rpc/nfsd.export/flush
    date +%s >/proc/net/rpc/nfsd.fh/flush
    ip link del dummy0
    until_true 10 umount /export || fail "umount /export"
}

# kernel_threads NAME: the kernel threads in D, once they are the same for some looks, as the fact NAME:
# what writes back joins a hang when it comes by.
kernel_threads() {
    kt_same=0 kt_now=
    until_true 20 kernel_threads_settled || fail "kernel threads come and go"
    fact "$1" "$kt_now"
}
kernel_threads_settled() {
    kt_last=$kt_now kt_now=
    for kt in /proc/[0-9]*; do
        # No command line, and no memory of its own.
        grep -q '^VmSize' "$kt/status" 2>/dev/null && continue
        is_in_state "${kt#/proc/}" D && kt_now="$kt_now ${kt#/proc/}"
    done
    [ "$kt_now" = "$kt_last" ] && kt_same=$((kt_same + 1)) || kt_same=0
    [ $kt_same -ge 4 ]
}
