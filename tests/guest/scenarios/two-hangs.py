# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4", "dm_mod"]
# The modules of 5.10 carry no types: nothing can be said of a mapped device.
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    return {
        "causes": [{
            "rank": 1,
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm, "name": "big"},
            "blocked": {int(t) for t in f.readers.split(",")},
        }, {
            "rank": 2,
            "kind": "fs.frozen",
            "root": {"type": "filesystem", "mount": "/data"},
            "blocked": {f.writer, f.writer2},
        }],
    }
