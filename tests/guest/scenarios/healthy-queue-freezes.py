# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["sd_mod", "scsi_debug", "mq_deadline"]
LOOKS = 8


def expect(_):
    return {"causes": []}
