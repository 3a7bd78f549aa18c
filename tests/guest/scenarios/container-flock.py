# SPDX-License-Identifier: LGPL-2.1-or-later
DUMPS = ["elf"]


def expect(f):
    shared = {"type": "lock", "class": "flock", "name": "flock of /run/shared/lock"}
    # A file that no path of the host leads to is called as its own filesystem does.
    inner = {"type": "lock", "class": "flock", "name": lambda n: n.endswith("/inner")}
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.holder, "pid": f.holder},
            "certainty": {"proven", "strong"},
            "blocked": {f.between, f.neighbour, f.outside},
            "chain": [
                {"type": "task", "tid": f.neighbour},
                inner,
                {"type": "task", "tid": f.between},
                shared,
                {"type": "task", "tid": f.holder},
            ],
            "remedy": lambda texts: "kill -CONT %d" % f.holder in " ".join(texts) and
            f.holder != f.inner,
        }],
        "waits": {f.outside: {"on": shared}, f.between: {"on": shared}, f.neighbour: {"on": inner}},
    }
