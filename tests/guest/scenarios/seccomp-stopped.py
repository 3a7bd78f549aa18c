# SPDX-License-Identifier: LGPL-2.1-or-later
DUMPS = ["elf"]


def expect(f):
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.supervisor},
            "blocked": {f.supervised, f.waiter},
            "chain": [{"type": "task"}, {"type": "task", "tid": f.supervisor}],
        }],
    }
