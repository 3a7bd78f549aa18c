# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4", "dm_mod", "dm_delay"]
LOOKS = 6


def expect(_):
    return {"causes": []}
