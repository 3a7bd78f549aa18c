# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.journald},
            "at_least": 1,
            "chain": [{"type": "task", "tid": f.sender}, {"type": "ipc"}, {"type": "task", "tid": f.journald}],
        }],
    }
