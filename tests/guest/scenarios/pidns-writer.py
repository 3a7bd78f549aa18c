# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4"]


def expect(f):
    return {
        "causes": [{
            "kind": "fs.frozen",
            "root": {"type": "filesystem", "mount": "/data"},
            "certainty": {"proven", "strong"},
            "blocked": {f.writer, f.init, f.parent},
            "chain": [{"tid": f.parent}, {"tid": f.init}, {"tid": f.writer}, {"type": "filesystem"}],
        }],
    }
