# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4", "dm_mod"]


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
