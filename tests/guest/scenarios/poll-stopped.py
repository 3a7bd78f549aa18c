# SPDX-License-Identifier: LGPL-2.1-or-later
import re

DUMPS = ["elf"]


def expect(f):
    ipc = {"type": "ipc", "id": re.compile("^ipc:(unix|tcp):[1-9]")}
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.server},
            "blocked": {f.poll, f.select, f.epoll, f.tcp, f.behind, f.again},
            "chain": [{"type": "task"}, ipc, {"type": "task", "tid": f.server}],
        }],
        "waits": {f.poll: {"on": ipc, "rule": "poll"}},
    }
