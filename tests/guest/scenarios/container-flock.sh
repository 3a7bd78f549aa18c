# SPDX-License-Identifier: LGPL-2.1-or-later
#
# In a container (a user, a pid and a mount namespace of its own, with its own /tmp): a process has the lock of a
# file that the host sees too and is stopped; the next one wants that, and has the lock of a file in the container's
# /tmp, which its neighbour wants. On the host, too, somebody wants the first one. What they are called inside
# matters to nobody: the report speaks of the numbers and paths of the host.

make() {
    mkdir -p /run/shared
    cat >/run/inside.sh <<'END'
mount -t tmpfs own /tmp
role flock-hold /run/shared/lock &
usleep 300000
role flock-both /tmp/inner /run/shared/lock &
usleep 300000
role flock-wait /tmp/inner &
wait
END
    background container unshare -U -r -p -f -m sh /run/inside.sh
    until_true 20 all_inside || { cat /tmp/container.out; fail "the container does not run"; }
    background outside role flock-wait /run/shared/lock
    for t in $outside $between $neighbour; do
        sleeps_in "$t" flock
    done
    kill -STOP "$holder"
    stays_in_state "$holder" T 5
    for v in holder between neighbour outside; do eval "fact $v \$$v"; done
    fact container "$container"
    fact inner "$(sed -n 's/^NSpid:.*[[:space:]]//p' "/proc/$holder/status")"
}

all_inside() {
    holder=$(by_name flock-hold)
    between=$(by_name flock-both)
    neighbour=$(by_name flock-wait)
    [ -n "$holder" ] && [ -n "$between" ] && [ -n "$neighbour" ]
}
by_name() { grep -l "^$1" /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3; }

heal() {
    for t in $holder $between $neighbour $outside $container; do kill -9 "$t"; done
    for t in $holder $between $neighbour $outside $container; do ends "$t" 20; done
    rm -r /run/shared
}
