# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "task.sleeping",
            "blocked": {f.second},
            "may_block": {f.holder},
            "chain": [{"type": "task", "tid": f.second}, {"type": "lock", "class": "flock"}, {"type": "task"}],
        }],
    }
