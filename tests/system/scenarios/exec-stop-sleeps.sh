# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `systemctl stop` of a service whose ExecStop sleeps: ordinary, and no hang.

make() {
    printf '[Service]\nExecStart=/bin/sleep 10000\nExecStop=/bin/sleep 60\nTimeoutStopSec=600\n' >/run/systemd/system/slow.service
    systemctl daemon-reload
    systemctl start slow || fail "start"
    background stopper systemctl stop slow
    fact stopper "$stopper"
    sleep 2
}

heal() {
    kill "$(systemctl show -P ControlPID slow)"
    ends "$stopper" 40
}
