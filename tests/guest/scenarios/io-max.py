# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop"]


def expect(f):
    return {
        "causes": [{
            "kind": "writeback.throttled",
            "root": {"type": "cgroup", "id": "cgroup:/tight", "throttled": True},
            "blocked": {f.reader, f.buffered, f.other},
            "chain": [{"type": "task"}, {"type": "device"}, {"type": "cgroup"}],
        }],
    }
