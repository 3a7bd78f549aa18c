# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.bus},
            "at_least": 2,
            "chain": [{"type": "task"}, {"type": "ipc"}, {"type": "task", "tid": f.bus}],
        }],
    }
