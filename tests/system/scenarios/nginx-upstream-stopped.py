# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.up},
            "at_least": 1,
            "chain": [{"type": "task", "tid": f.client}, {"type": "task", "tid": f.up}],
        }],
    }
