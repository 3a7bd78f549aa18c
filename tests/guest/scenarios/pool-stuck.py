# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4"]


def expect(f):
    return {
        "causes": [{
            "kind": "fs.frozen",
            "root": {"type": "filesystem", "mount": "/data"},
            "blocked": {f.worker},
            "may_block": {f.client},
        }],
    }
