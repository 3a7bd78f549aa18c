# SPDX-License-Identifier: LGPL-2.1-or-later
import re

CI = True
DUMPS = ["elf"]


def expect(f):
    group = {"type": "daemon", "id": re.compile("^daemon:fanotify:")}
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.scanner},
            "certainty": "proven",
            "blocked": {f.first, f.second},
            "chain": [{"type": "task"}, group, {"type": "task", "tid": f.scanner}],
        }],
        "waits": {f.first: {"on": group}},
    }
