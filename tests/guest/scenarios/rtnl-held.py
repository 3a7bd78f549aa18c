# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["dummy"]
ALONE = True


def expect(f):
    rtnl = {"type": "lock", "class": "mutex", "name": re.compile("^rtnl_mutex")}
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.monitor},
            "certainty": {"proven", "strong"},
            "blocked": {f.ifconf, f.link, f.insmod1, f.insmod2, f.netns},
            # The worker that hears of links.
            "may_block": set(range(1, f.ifconf)),
            "chain": [{"type": "task"}, rtnl, {"tid": f.ifconf},
                      {"id": re.compile("^daemon:userfaultfd:")}, {"tid": f.monitor}],
        }],
        "waits": {
            f.link: {"on": rtnl},
            f.insmod1: {"on": rtnl},
            f.insmod2: {"on": {"id": "kernel:module-dummy"},
                        "holders": lambda hs: [h["object"]["tid"] for h in hs] == [f.insmod1]},
            # Where a module needs both locks it takes this one first.
            f.netns: {"on": {"name": re.compile("^(pernet_ops_rwsem|rtnl_mutex)")},
                      "holders": lambda hs: [h["object"]["tid"] for h in hs][0] in {f.insmod1, f.ifconf}},
        },
    }
