# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["sd_mod", "scsi_debug", "mq_deadline"]
ALONE = True


def expect(f):
    disk = {"type": "device", "id": "dev:" + f.disk}
    return {
        "causes": [{
            "kind": "io.stalled",
            "root": disk,
            "blocked": {f.reader, f.freezer, f.deleter},
        }],
    }
