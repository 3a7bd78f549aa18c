# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "task.starved",
            "root": {"type": "task", "tid": f.spinner},
            "certainty": {"proven", "strong"},
            "blocked": {f.waiter1, f.waiter2},
            "chain": [{"type": "task"}, {"type": "lock", "class": "flock"}, {"tid": f.spinner}],
            "evidence": lambda texts: any("rt-hog (%d)" % f.hog in t for t in texts),
            "remedy": lambda texts: any("chrt -o -p 0 %d" % f.hog in t for t in texts),
        }],
    }
