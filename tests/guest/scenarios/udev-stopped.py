# SPDX-License-Identifier: LGPL-2.1-or-later
DUMPS = ["elf"]


def expect(f):
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.udev},
            "certainty": "likely",
            "blocked": {f.waiter, f.second},
            "chain": [{"type": "task"}, {"type": "ipc", "id": "ipc:sem:%d" % f.sem}, {"type": "task", "tid": f.udev}],
            "remedy": lambda texts: any("dmsetup udevcomplete_all" in t for t in texts),
        }],
    }
