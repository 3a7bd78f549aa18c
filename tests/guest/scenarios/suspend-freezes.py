# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4", "dm_mod"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm, "name": "snap"},
            "blocked": {f.writer, f.writer2, f.raw},
            "chain": [{"type": "task"}, {"type": "filesystem", "mount": "/data", "frozen": True}, {"type": "device", "id": f.dm}],
            "remedy": lambda texts: any("dmsetup resume snap" in t for t in texts),
        }],
    }
