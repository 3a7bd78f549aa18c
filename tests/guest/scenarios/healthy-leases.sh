# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A file with a write lease is opened again and again; its holder gives the lease back each time, a moment later.

make() {
    background holder_p role lease /tmp/leased 1
    facts_of holder_p holder
    background one role open-again /tmp/leased
    background two role open-again /tmp/leased
    for v in one two; do eval "fact $v \$$v"; done
    sleep 1
}

heal() {
    for p in $one $two $holder; do kill -9 "$p"; done
    for p in $one $two $holder; do ends "$p" 10; done
    rm -f /tmp/leased
}
