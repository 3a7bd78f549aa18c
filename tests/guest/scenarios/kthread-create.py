# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "ext4"]
TOOLS = ["chrt"]


def expect(f):
    return {
        "causes": [{
            "kind": "task.starved",
            "root": {"type": "task", "tid": 2, "comm": "kthreadd"},
            "certainty": {"proven", "strong"},
            "blocked": {f.mounter},
            # Workers that make a further worker of their pool.
            "may_block": set(range(3, f.hog)),
            "chain": [{"type": "task"}, {"type": "lock", "name": re.compile("a new kernel thread")},
                      {"tid": 2}],
            "evidence": lambda texts: any("rt-hog (%d)" % f.hog in t for t in texts),
        }],
    }
