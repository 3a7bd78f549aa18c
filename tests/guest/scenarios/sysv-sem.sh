# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process takes a System V semaphore and is stopped. A second one wants it, and
# has another, which two more want. Beside them two servers wait for work by a
# semaphore: they took all that there was, and nothing is wrong with that.

make() {
    role sem-make 1 >/tmp/sem.out || fail sem-make
    eval "$(sed -n 's/^FACT //p' /tmp/sem.out)"
    fact sem "$sem"
    work=$(role sem-make 0 | sed -n 's/^FACT sem=//p')
    fact work "$work"
    background server1 role sem-serve "$work" 3
    background server2 role sem-serve "$work" 3
    role sem-give "$work" 3 5 || fail sem-give

    background taker_p role sem-take "$sem" 1 no
    facts_of taker_p taker
    background between_p role sem-both "$sem" 2 1
    facts_of between_p between
    background want1 role sem-want "$sem" 2
    background want2 role sem-want "$sem" 2
    for t in $between $want1 $want2 $server1 $server2; do
        stays_in_state "$t" S 10
        until_true 5 stack_has "$t" semtimedop || fail "$t does not wait for a semaphore"
    done
    kill -STOP "$taker"
    stays_in_state "$taker" T 5
    for v in server1 server2 want1 want2; do eval "fact $v \$$v"; done
}

heal() {
    kill -CONT "$taker"
    role sem-give "$sem" 1 1
    ends "$between" 20
    role sem-give "$sem" 2 1
    for t in $want1 $want2; do ends "$t" 20; done
    kill "$taker" "$server1" "$server2"
    ends "$taker" 20
    ipcrm -s "$sem" -s "$work" 2>/dev/null
    true
}
