# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Seven circles at once, of two and of three, in which the locks are of different kinds; in two of
# them the holders have other threads, which sleep for themselves. Behind one of them somebody who has
# nothing to do with it waits as well. And a row of five, whose last one just sleeps.

circle() {
    background "$1" role "$2" "$3"
    facts_of "$1" leader
    for v in member0 member1 member2 member3 member4 thread0 thread1 thread2; do
        eval "n=\${$v:-}; $v="
        [ -z "$n" ] || { fact "$1_$v" "$n"; [ -n "$4" ] && [ "$v" = "$4" ] || stays_in_state "$n" SD 10; }
    done
    fact "$1" "$leader"
    eval "$1=$leader"
}

make() {
    circle a circle flock,mutex
    circle b circle posix,sem,ofd
    circle c circle pimutex,flock,pipe
    circle d ring 2
    circle e circle mutex,posix,posix
    circle f row ofd,ofd,flock,mutex,ofd
    circle g circle flock+,sem+
    circle h circle mutex,ofd+
    background late role flock-wait "/run/circle-$a-0"
    stays_in_state "$late" S 10
    fact late "$late"
}

heal() {
    for p in $a $b $c $d $e $f $g $h; do
        kill -9 "-$p"
        ends "$p" 10
    done
    ends "$late" 10
    rm -f /run/circle-*
}
