# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["pktgen"]
TOOLS = ["chrt"]
ALONE = True


def expect(f):
    pernet = {"type": "lock", "class": "rwsem", "name": re.compile("^pernet_ops_rwsem")}
    end = {"type": "lock", "class": "completion", "name": re.compile("kpktgend_1")}
    return {
        "causes": [{
            "kind": "task.starved",
            "root": {"type": "task", "tid": f.thread, "kthread": True},
            "certainty": {"proven", "strong"},
            "blocked": {f.rmmod, f.netns},
            "chain": [{"type": "task"}, end, {"tid": f.thread}],
            "evidence": lambda texts: any("rt-hog (%d)" % f.hog in t for t in texts),
        }],
        "waits": {
            f.rmmod: {"on": end, "holders": lambda hs: [h["object"]["tid"] for h in hs] == [f.thread]},
            f.netns: {"on": pernet, "holders": lambda hs: [h["object"]["tid"] for h in hs] == [f.rmmod]},
        },
    }
