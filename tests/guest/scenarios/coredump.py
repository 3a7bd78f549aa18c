# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "task.sleeping",
            "root": {"type": "task", "tid": f.helper},
            "certainty": {"proven", "strong"},
            "blocked": {f.crasher, f.sleeper1, f.sleeper2, f.parent},
            "chain": [
                {"type": "task", "tid": {f.sleeper1, f.sleeper2, f.parent}},
                {"type": "task", "tid": f.crasher},
                {"type": "daemon", "id": "daemon:coredump:%d" % f.crasher},
                {"type": "task", "tid": f.helper},
            ],
        }],
    }
