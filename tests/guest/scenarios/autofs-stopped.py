# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["autofs4"]
KERNELS = ["6.1", "6.12", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.automounter},
            "certainty": "proven",
            "blocked": {f.walker},
            "chain": [{"type": "task", "tid": f.walker}, {"id": re.compile("^daemon:autofs:")},
                      {"type": "task", "tid": f.automounter}],
        }],
    }
