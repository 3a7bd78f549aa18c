# SPDX-License-Identifier: LGPL-2.1-or-later
import re

# On 5.10 nobody waits for a grace period here.
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    mutex = {"type": "lock", "class": "mutex", "name": re.compile("^cgroup_mutex")}
    return {
        "causes": [{
            "kind": "task.starved",
            "root": {"type": "task", "tid": f.driver, "kthread": True},
            "certainty": {"proven", "strong"},
            "blocked": {f.mover, f.maker, f.mover2, f.looker},
            # Whoever else needs a grace period.
            "may_block": set(range(1, f.hog)),
            "evidence": lambda texts: any("rt-hog (%d)" % f.hog in t for t in texts),
        }],
        "waits": {
            f.mover: {"on": {"id": "kernel:rcu"}},
            f.maker: {"on": mutex,
                      "holders": lambda hs: [h["object"]["tid"] for h in hs] == [f.mover]},
            f.mover2: {"on": mutex},
            f.looker: {"on": {"type": "lock", "class": "rwsem", "name": re.compile("i_rwsem")},
                       "holders": lambda hs: [h["object"]["tid"] for h in hs] == [f.maker]},
        },
    }
