# SPDX-License-Identifier: LGPL-2.1-or-later
CI = True
MODULES = ["loop", "ext4"]
LOOKS = 4


def expect(_):
    return {"causes": []}
