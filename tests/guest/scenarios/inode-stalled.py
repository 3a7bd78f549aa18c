# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["sd_mod", "scsi_debug", "ext4"]


def expect(f):
    disk = {"type": "device", "id": "dev:" + f.disk}
    return {
        "causes": [{
            "kind": "io.stalled",
            "root": disk,
            "blocked": {f.first, f.second, f.third},
            "may_block": set(map(int, str(f.workers).split())),
            "chain": [{"type": "task"}, disk],
        }],
    }
