# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["dummy"]
LOOKS = 2


def expect(_):
    return {"causes": []}
