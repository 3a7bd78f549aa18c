# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A loop device on a file of a FUSE mount whose daemon is stopped: who reads it waits, by way of the loop device's
# worker and the connection, for the daemon.

make() {
    background daemon_p role fuse /zoo
    facts_of daemon_p daemon
    ls /zoo || fail "the daemon does not serve"
    fuse_connection
    loop=$(losetup -f)
    losetup -r "$loop" /zoo/plain.file || fail losetup
    fact loop "$loop"
    kill -STOP "$daemon"
    stays_in_state "$daemon" T 5
    echo 3 >/proc/sys/vm/drop_caches
    hangs reader 'blkdev|filemap|folio|generic_file' dd "if=$loop" of=/dev/null bs=512 count=1
    kernel_threads workers
}

heal() {
    kill -CONT "$daemon"
    ends "$reader" 20
    losetup -d "$loop"
    until_true 10 umount /zoo || fail umount
    ends "$daemon" 10
}
