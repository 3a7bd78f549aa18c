# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "task.running",
            "root": {"type": "task", "tid": f.spinner},
            "certainty": {"proven", "strong"},
            "blocked": {f.waiter1, f.waiter2},
            "chain": [{"type": "task"}, {"type": "lock", "class": "flock"}, {"tid": f.spinner}],
        }],
    }
