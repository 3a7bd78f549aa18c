# SPDX-License-Identifier: LGPL-2.1-or-later
import re

CI = True
DUMPS = ["elf"]


def expect(f):
    ipc = {"type": "ipc", "id": re.compile("^ipc:unix:[1-9]")}
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.server},
            "certainty": {"proven", "strong"},
            "blocked": {f.reader, f.writer, f.early, f.other, f.connecter, f.sender},
            "chain": [{"type": "task"}, ipc, {"type": "task", "tid": f.server}],
        }],
        "waits": {tid: {"on": ipc} for tid in (f.reader, f.writer, f.early, f.connecter, f.sender)},
    }
