# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "task.starved",
            "root": {"type": "task", "tid": f.driver, "kthread": True},
            "certainty": {"proven", "strong"},
            "blocked": {f.victim1, f.victim2},
            # Whoever else needs a grace period.
            "may_block": set(range(1, f.hog)),
            "chain": [{"type": "task"}, {"id": "kernel:rcu"}, {"tid": f.driver}],
            "evidence": lambda texts: any("rt-hog (%d)" % f.hog in t for t in texts),
        }],
    }
