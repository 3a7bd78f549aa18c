# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The kernel wants a module and starts modprobe, which does not come back.

make() {
    cat /proc/sys/kernel/modprobe >/tmp/modprobe
    printf '#!/bin/sh\necho $$ >/tmp/helper.pid\nexec sleep 1000\n' >/tmp/slow-modprobe
    chmod +x /tmp/slow-modprobe
    echo /tmp/slow-modprobe >/proc/sys/kernel/modprobe
    mkdir -p /mnt
    background victim mount -t nosuchfs none /mnt
    blocks_in "$victim" 'call_usermodehelper_exec|request_module'
    until_true 10 [ -s /tmp/helper.pid ] || fail "no helper"
    fact helper "$(cat /tmp/helper.pid)"
    fact victim "$victim"
}

heal() {
    cat /tmp/modprobe >/proc/sys/kernel/modprobe
    kill "$helper"
    ends "$victim" 20
    rm -f /tmp/helper.pid
}
