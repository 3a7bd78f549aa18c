# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "btrfs", "dm_mod"]
TOOLS = ["mkfs.btrfs"]
# The modules of 5.10 carry no types: nothing can be said of a mapped device.
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm, "name": "slow"},
            "certainty": {"proven", "strong"},
            "blocked": {f.reader, f.lister, f.syncer, f.creator},
            "chain": [
                {"type": "task"},
                {"type": "filesystem", "fstype": "btrfs", "mount": "/data"},
                {"type": "device", "id": f.dm},
            ],
        }],
        "waits": {
            f.reader: {"on": {"name": re.compile("page of /data/cold$")}},
        },
    }
