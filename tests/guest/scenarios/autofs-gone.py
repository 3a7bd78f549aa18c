# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["autofs4"]
KERNELS = ["6.1", "6.12", "newest"]
DUMPS = ["elf"]


def expect(f):
    daemon = {"type": "daemon", "id": re.compile("^daemon:autofs:")}
    return {
        "causes": [{
            "kind": "daemon.unanswered",
            "root": daemon,
            "certainty": "strong",
            "blocked": {f.walker},
            "chain": [{"type": "task", "tid": f.walker}, daemon],
        }],
    }
