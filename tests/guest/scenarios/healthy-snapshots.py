# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4"]
LOOKS = 10


def expect(_):
    return {"causes": []}
