# SPDX-License-Identifier: LGPL-2.1-or-later
import re


CI = True


def expect(f):
    held = [{
        "kind": "task.sleeping",
        "root": {"type": "task", "tid": getattr(f, "owner%d" % n)},
        "certainty": {"strong"},
        "blocked": {getattr(f, "wants%d" % n)},
        "chain": [{"type": "task"}, {"type": "lock", "class": "futex"}, {"type": "task"}],
    } for n in range(3)]
    return {
        "causes": held + [{
            "kind": "task.gone",
            "root": {"type": "lock", "class": "futex"},
            "certainty": {"likely"},
            "blocked": {f.wants3},
            "summary": re.compile(r"thread %d\b" % f.owner3),
        }],
    }
