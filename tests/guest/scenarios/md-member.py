# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "dm_mod", "md_mod", "raid1"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm, "name": "half"},
            "blocked": {f.writer},
            "chain": [{"type": "task"}, {"type": "device", "id": "dev:md_test"}, {"type": "device", "id": f.dm}],
        }],
    }
