# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "ext4", "dm_mod"]
# The modules of 5.10 carry no types: nothing can be said of a mapped device.
KERNELS = ["6.1", "6.12", "6.18", "newest"]
DUMPS = ["elf"]


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm, "name": "slow"},
            "blocked": {f.holder, f.syncer, f.writer, f.unmapper, f.procps_ps, f.jbd2},
            "chain": [
                {"type": "task", "tid": f.procps_ps},
                {"type": "lock", "name": re.compile("mmap_lock")},
                {"type": "task", "tid": f.unmapper},
                {"type": "lock"},
                {"type": "task", "tid": f.writer},
                {"type": "task", "tid": f.jbd2},
                {"type": "task", "tid": f.holder},
                {"type": "device", "id": f.dm},
            ],
        }],
    }
