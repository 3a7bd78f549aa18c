# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "ext4", "dm_mod", "overlay"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm, "name": "slow"},
            "blocked": {f.copier, f.second},
            "chain": [
                {"type": "task", "tid": f.second},
                {"type": "lock", "name": re.compile("^copy-up lock of /merged/file in overlay")},
                {"type": "task", "tid": f.copier},
                {"type": "device", "id": f.dm},
            ],
        }],
    }
