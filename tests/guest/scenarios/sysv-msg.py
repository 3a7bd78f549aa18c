# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    queue = {"type": "ipc", "id": "ipc:msg:%d" % f.queue}
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.receiver},
            "certainty": {"proven", "strong"},
            "blocked": {f.sender1, f.sender2},
            "chain": [{"type": "task"}, queue, {"tid": f.receiver}],
        }],
    }
