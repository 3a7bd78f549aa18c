# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4", "dm_mod"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]
DUMPS = ["elf"]


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm},
            "blocked": {f.writer, f.changer},
            "may_block": {f.jbd2, *map(int, str(f.workers).split())},
        }],
    }
