# SPDX-License-Identifier: LGPL-2.1-or-later
CI = True


def expect(f):
    semaphore = {"type": "ipc", "id": "ipc:sem:%d" % f.sem}
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.taker},
            "certainty": {"proven", "strong"},
            "blocked": {f.between, f.want1, f.want2},
            "chain": [
                {"type": "task", "tid": {f.want1, f.want2}},
                semaphore,
                {"type": "task", "tid": f.between},
                {"type": "task", "tid": f.taker},
            ],
        }],
        "waits": {tid: {"on": semaphore} for tid in (f.between, f.want1, f.want2)},
    }
