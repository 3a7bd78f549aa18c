# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "btrfs", "dm_mod"]
TOOLS = ["mkfs.btrfs"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm, "name": "slow"},
            "certainty": "strong",
            "blocked": {f.holder, f.committer, f.late},
            "chain": [
                {"type": "task", "tid": f.late},
                {"type": "lock", "name": re.compile("the commit of")},
                {"type": "task", "tid": f.committer},
                {"type": "lock", "name": re.compile("open handles of a transaction")},
                {"type": "task", "tid": f.holder},
                {"type": "filesystem", "fstype": "btrfs", "mount": "/data"},
                {"type": "device", "id": f.dm},
            ],
        }],
    }
