# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "task.frozen",
            "root": {"type": "task", "tid": f.holder, "container": "web1"},
            "certainty": {"proven", "strong"},
            "blocked": {f.waiter1, f.waiter2},
            "chain": [{"type": "task"}, {"type": "lock", "class": "flock"}, {"tid": f.holder}],
            "remedy": lambda texts: any("/lxc/freezer.state" in t and "THAWED" in t for t in texts),
        }],
    }
