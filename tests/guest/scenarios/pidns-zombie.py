# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "task.sleeping",
            "root": {"type": "task", "tid": f.outsider},
            "certainty": {"proven", "strong"},
            "blocked": {f.init, f.parent},
            "may_block": {f.injected},
            "chain": [{"tid": f.parent}, {"tid": f.init}, {"tid": f.injected}, {"tid": f.outsider}],
        }],
    }
