# SPDX-License-Identifier: LGPL-2.1-or-later
import re

DUMPS = ["elf"]


def expect(f):
    uffd = {"type": "daemon", "id": re.compile("^daemon:userfaultfd:")}
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.monitor},
            "certainty": "proven",
            "blocked": {f.user},
            "chain": [{"type": "task", "tid": f.user}, uffd, {"type": "task", "tid": f.monitor}],
        }],
    }
