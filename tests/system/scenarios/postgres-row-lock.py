# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.backend},
            # Of the second backend it is enough that nothing false is said.
            "at_least": 1,
        }],
        "waits": {f.holder_psql: {}},
    }
