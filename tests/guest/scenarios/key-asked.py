# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.helper},
            "blocked": {f.first, f.second},
            "may_block": set(map(int, str(f.workers).split())),
            "chain": [{"type": "task"}, {"type": "task", "tid": f.helper}],
        }],
    }
