# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process took a System V semaphore and ended without giving it back. Two want it.

make() {
    sem=$(role sem-make 1 | sed -n 's/^FACT sem=//p')
    fact sem "$sem"
    role sem-take "$sem" 1 end || fail sem-take
    background want1 role sem-want "$sem" 1
    background want2 role sem-want "$sem" 1
    for t in $want1 $want2; do
        stays_in_state "$t" S 10
        until_true 5 stack_has "$t" semtimedop || fail "$t does not wait for a semaphore"
    done
    fact want1 "$want1"
    fact want2 "$want2"
}

heal() {
    role sem-give "$sem" 1 2
    for t in $want1 $want2; do ends "$t" 20; done
}
