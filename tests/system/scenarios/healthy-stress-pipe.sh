# SPDX-License-Identifier: LGPL-2.1-or-later
#
# stress-ng, its class pipe.

make() {
    background stress stress-ng --pipe 1 --timeout 300
    fact stress "$stress"
    sleep 3
}

heal() {
    kill "$stress"
    ends "$stress" 40
}
