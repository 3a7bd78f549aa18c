# SPDX-License-Identifier: LGPL-2.1-or-later
import re


def expect(f):
    return {
        "causes": [{
            "kind": "task.starved",
            "root": {"type": "task", "kthread": True, "comm": re.compile("kworker/1")},
            "certainty": {"proven", "strong"},
            # Others may need a worker of that CPU as well.
            "blocked": {f.victim},
            "may_block": set(range(1, 100)),
            "evidence": lambda texts: any("rt-hog (%d)" % f.hog in t for t in texts),
        }],
    }
