# SPDX-License-Identifier: LGPL-2.1-or-later
import re


def expect(f):
    return {
        "causes": [{
            "kind": "task.sleeping",
            "root": {"type": "task", "tid": f.helper},
            "certainty": {"proven", "strong"},
            "blocked": {f.victim},
            "may_block": set(range(1, f.victim)),
            "chain": [{"tid": f.victim}, {"type": "lock", "name": re.compile("slow-modprobe")}, {"tid": f.helper}],
        }],
    }
