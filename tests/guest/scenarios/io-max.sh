# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A cgroup may read two bytes a second; the limit is one for all cgroups below it. Two readers there
# wait, one past the page cache, one through it, and no request of them is with the device. Somebody
# else wants the same page.

make() {
    truncate -s 16M /tmp/limited.img
    loop=$(losetup -f)
    losetup "$loop" /tmp/limited.img || fail losetup
    fact loop "$loop"
    mkdir -p /tmp/cg
    mount -t cgroup2 cgroup /tmp/cg || fail cgroup2
    echo +io >/tmp/cg/cgroup.subtree_control || fail "no io controller"
    mkdir /tmp/cg/tight
    echo +io >/tmp/cg/tight/cgroup.subtree_control || fail "no io controller"
    mkdir /tmp/cg/tight/job /tmp/cg/free
    echo "7:${loop#/dev/loop} rbps=2" >/tmp/cg/tight/io.max || fail io.max
    hangs reader 'blkdev|submit_bio|iomap' sh -c 'echo $$ >/tmp/cg/tight/job/cgroup.procs; exec role direct-read '"$loop"
    hangs buffered 'blkdev|filemap|folio|generic_file' sh -c 'echo $$ >/tmp/cg/tight/job/cgroup.procs; exec role later / read '"$loop"
    hangs other 'blkdev|filemap|folio|generic_file' sh -c 'echo $$ >/tmp/cg/free/cgroup.procs; exec role later / read '"$loop"
    # Who has no limit goes on.
    timeout 5 sh -c 'echo $$ >/tmp/cg/free/cgroup.procs; exec role direct-read '"$loop" || fail "without a limit too"
}

heal() {
    echo "7:${loop#/dev/loop} rbps=max" >/tmp/cg/tight/io.max
    for t in $reader $buffered $other; do ends "$t" 20; done
    rmdir /tmp/cg/tight/job /tmp/cg/tight /tmp/cg/free
    umount /tmp/cg
    losetup -d "$loop"
}
