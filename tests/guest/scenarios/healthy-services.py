# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["fuse", "autofs4"]
LOOKS = 2


def expect(_):
    return {"causes": []}
