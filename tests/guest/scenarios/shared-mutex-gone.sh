# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A mutex that processes share, and that is not robust: its owner has exited with it, two others want it.

make() {
    background shared_p role shared-mutex
    facts_of shared_p wants1
    sleeps_in "$wants0" futex
    sleeps_in "$wants1" futex
}

heal() {
    for p in $wants0 $wants1 $shared_p; do kill -9 "$p"; done
    for p in $shared_p $wants0 $wants1; do ends "$p" 10; done
}
