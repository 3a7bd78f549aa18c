# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4", "dm_mod"]
# The modules of 5.10 carry no types: nothing can be said of a mapped device.
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm, "name": "slow"},
            "blocked": {f.writer, f.freezer, f.late},
            "may_block": {f.jbd2},
            "chain": [{"type": "task", "tid": f.late}, {"type": "lock"}, {"type": "task", "tid": f.freezer},
                      {"type": "task", "tid": f.writer}, {"type": "device", "id": f.dm}],
        }],
    }
