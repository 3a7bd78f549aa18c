# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "dm_mod"]
TOOLS = ["mkswap", "swapon", "swapoff"]
# The modules of 5.10 carry no types: nothing can be said of a mapped device.
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm, "name": "slow"},
            "certainty": {"proven", "strong"},
            "blocked": {f.swapped},
            "chain": [
                {"type": "task", "tid": f.swapped},
                {"type": "lock", "name": re.compile("of a page of swapped memory")},
                {"type": "device", "id": f.dm},
            ],
        }],
    }
