# SPDX-License-Identifier: LGPL-2.1-or-later
import re

TOOLS = ["chrt"]


def expect(f):
    lock = {"type": "lock", "class": "percpu-rwsem", "name": re.compile("cpu_hotplug_lock")}
    return {
        "causes": [{
            "kind": "task.starved",
            "root": {"type": "task", "kthread": True, "comm": re.compile("kworker/1")},
            "certainty": {"proven", "strong"},
            "blocked": {f.offline, f.writer, f.reader1, f.reader2},
            # Others may need a worker of that CPU as well; a worker that counts pages reads the
            # lock now and then.
            "may_block": set(range(1, f.reader2)) - {f.hog},
            "chain": [{"type": "task"}, lock, {"tid": f.reader1}, {"comm": re.compile("kworker/1")}],
            "evidence": lambda texts: any("rt-hog (%d)" % f.hog in t for t in texts),
        }],
        "waits": {
            f.writer: {"on": lock, "mode": "write",
                       "holders": lambda hs: [h["object"]["tid"] for h in hs] == [f.reader1]
                       and hs[0]["certainty"] == "strong"},
            f.reader2: {"on": lock, "mode": "read",
                        "holders": lambda hs: [h["object"]["tid"] for h in hs] == [f.writer]},
        },
    }
