# SPDX-License-Identifier: LGPL-2.1-or-later
#
# In a container (a pid and a mount namespace of its own) a backup job freezes a filesystem by the path where the
# container has it. A process there and one on the host write to it, each by its own path.

make() {
    fs_on_loop /data 24
    mkdir -p /data/volume /srv
    cat >/run/inside.sh <<'END'
mount --bind /data/volume /srv
umount /data
role freeze /srv &
usleep 500000
sh -c "printf writer >/proc/self/comm; : >/srv/inner"
wait
END
    background container unshare -p -f -m sh /run/inside.sh
    until_true 20 frozen_inside || { cat /tmp/container.out; fail "the container does not run"; }
    until_true 10 by_name writer || fail "nobody writes in the container"
    inner=$named
    blocks_in "$inner" 'percpu_rwsem_wait|percpu_down_read'
    fact inner "$inner"
    hangs outer_writer 'percpu_rwsem_wait|percpu_down_read' sh -c 'echo x >/data/outer'
    fact loop "$loop"
    fact backup "$backup"
    fact container "$container"
}

frozen_inside() {
    by_name backup && backup=$named && grep -q FACT /tmp/container.out
}
by_name() {
    named=$(grep -l "^$1" /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3)
    [ -n "$named" ]
}

heal() {
    fsfreeze --unfreeze /data || fail fsfreeze
    ends "$inner" 20
    ends "$outer_writer" 20
    kill -9 "$backup" "$container"
    ends "$backup" 20
    ends "$container" 20
    fs_gone /data
}
