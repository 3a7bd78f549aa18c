# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop"]


def expect(f):
    return {
        "causes": [{
            "kind": "writeback.throttled",
            "root": {"type": "cgroup", "id": "cgroup:/job", "throttled": True},
            "certainty": "strong",
            "blocked": {f.a},
            # Of the first ones some may have got through.
            "may_block": {f.first1, f.first2, f.first3, f.first4},
            "chain": [{"type": "task"}, {"type": "device", "id": "dev:" + f.loop[5:]}, {"type": "cgroup"}],
        }],
    }
