# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4"]


def expect(f):
    return {
        "causes": [{
            "kind": "fs.frozen",
            "root": {"type": "filesystem", "mount": "/data"},
            "certainty": {"proven", "strong"},
            # The zombie does not wait for anything any more; ash may sleep in sigsuspend.
            "blocked": {f.writer, f.parent},
            "may_block": {f.leader, f.grand},
            "chain": [{"tid": f.parent}, {"tid": f.writer}, {"type": "filesystem"}],
        }],
    }
