# SPDX-License-Identifier: LGPL-2.1-or-later
CI = True
ID = "0123456789abcdef" * 4


def expect(f):
    return {
        "causes": [{
            "kind": "task.frozen",
            "root": {"type": "task", "tid": f.holder, "container": ID},
            "certainty": {"proven", "strong"},
            "blocked": {f.between, f.waiter1, f.waiter2},
            "chain": [
                {"type": "task", "tid": {f.waiter1, f.waiter2}},
                {"type": "lock", "class": "flock"},
                {"type": "task", "tid": f.between, "container": None},
                {"type": "lock", "class": "flock"},
                {"type": "task", "tid": f.holder},
            ],
            "remedy": lambda texts: "docker unpause " + ID[:12] in texts[0] and
            any("/system.slice/docker-%s.scope/cgroup.freeze" % ID in t for t in texts),
        }],
    }
