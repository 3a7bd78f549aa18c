# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "xfs", "dm_mod"]
TOOLS = ["mkfs.xfs"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm, "name": "slow"},
            "certainty": "strong",
            "blocked": {f.lister, f.reader, f.syncer, f.creator, f.second},
            "chain": [
                {"type": "task", "tid": f.second},
                {"type": "lock", "name": re.compile("^lock of the XFS buffer of sector .* of dm-")},
                {"type": "task", "tid": f.creator},
                {"type": "lock", "name": re.compile("^I/O of the XFS buffer")},
                {"type": "device", "id": f.dm},
            ],
        }],
    }
