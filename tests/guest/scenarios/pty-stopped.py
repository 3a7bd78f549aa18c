# SPDX-License-Identifier: LGPL-2.1-or-later
import re

DUMPS = ["elf"]


def expect(f):
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.emulator},
            "certainty": "proven",
            "blocked": {f.shell},
            "chain": [{"type": "task", "tid": f.shell}, {"id": re.compile("^dev:pts/[0-9]")}, {"type": "task", "tid": f.emulator}],
        }],
    }
