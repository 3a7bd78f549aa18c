# SPDX-License-Identifier: LGPL-2.1-or-later
import re

# The one of coreutils: busybox has no -drain.
TOOLS = ["stty"]
DUMPS = ["elf"]


def expect(f):
    return {
        "causes": [{
            "kind": "task.sleeping",
            "root": {"type": "task", "tid": f.xoff_emulator},
            "certainty": "strong",
            "blocked": {f.xoff_shell},
            "chain": [{"type": "task", "tid": f.xoff_shell}, {"id": "dev:" + f.pts[len("/dev/"):]},
                      {"type": "task", "tid": f.xoff_emulator}],
            "summary": re.compile(r"terminal pts/\d+ was stopped \(Ctrl-S\)"),
            "remedy": lambda remedy: "Ctrl-Q" in remedy[0],
        }],
    }
