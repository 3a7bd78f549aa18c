# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A container whose root is an overlay that only its mount namespace has. The filesystem below it is
# frozen: one task in there makes a directory, another one looks up a name next to it, two more want
# the same file of the lower layer to write to.

make() {
    fs_on_loop /data 32
    mkdir -p /data/lower /data/upper /data/work /merged
    echo content >/data/lower/file
    echo content >/data/lower/cold
    cat >/run/inside.sh <<'END'
mount -t overlay overlay -o lowerdir=/data/lower,upperdir=/data/upper,workdir=/data/work /merged
cd /merged
echo FACT inside=1
while [ ! -e /run/go ]; do usleep 50000; done
sh -c 'printf copier >/proc/self/comm; echo x >>/merged/file' &
sh -c 'printf second >/proc/self/comm; echo x >>/merged/file' &
usleep 500000
sh -c 'printf maker >/proc/self/comm; exec 3</dev/null; set -C; : >/merged/new' &
usleep 500000
sh -c 'printf looker >/proc/self/comm; : </merged/cold' &
wait
END
    background container unshare -p -f -m sh /run/inside.sh
    facts_of container inside
    fact container "$container"
    fsfreeze --freeze /data || fail fsfreeze
    touch /run/go
    for name in copier second maker looker; do
        until_true 20 by_name $name || fail "there is no $name"
        eval "$name=$named"
        # On newer kernels the second one waits for the first's copy-up lock, interruptibly.
        stays_in_state "$named" DS 10
        until_true 5 stack_has "$named" 'percpu_rwsem|mnt_want_write|ovl_|path_openat|walk_component|lookup_slow' ||
            { cat "/proc/$named/stack"; fail "$name does not hang"; }
        fact $name "$named"
    done
    rm /run/go
}

by_name() {
    named=$(grep -l "^$1" /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3)
    [ -n "$named" ]
}

heal() {
    fsfreeze --unfreeze /data || fail fsfreeze
    for victim in $copier $second $maker $looker; do
        ends "$victim" 20
    done
    ends "$container" 20
    fs_gone /data
}
