# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4"]


def expect(f):
    return {
        "causes": [{
            "kind": "fs.frozen",
            "root": {"type": "filesystem", "mount": "/data"},
            "blocked": {f.first, f.second, f.scanner},
            "chain": [{"type": "task", "tid": {f.first, f.second}}, {"type": "daemon"},
                      {"type": "task", "tid": f.scanner}, {"type": "filesystem"}],
        }],
    }
