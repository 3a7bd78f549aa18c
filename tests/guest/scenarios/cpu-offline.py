# SPDX-License-Identifier: LGPL-2.1-or-later
import re

TOOLS = ["chrt"]


def expect(f):
    lock = {"type": "lock", "class": "percpu-rwsem", "name": re.compile("cpu_hotplug_lock")}
    return {
        "causes": [{
            "kind": "task.starved",
            "root": {"type": "task", "tid": f.driver, "kthread": True},
            "certainty": {"proven", "strong"},
            "blocked": {f.offline, f.writer, f.reader1, f.reader2},
            # Other kernel threads of that CPU, and who waits for them; a worker that counts
            # pages reads the lock now and then.
            "may_block": set(range(1, f.reader2)) - {f.hog},
            "evidence": lambda texts: any("rt-hog (%d)" % f.hog in t for t in texts),
        }],
        "waits": {
            f.reader1: {"on": lock, "holders": lambda hs: [h["object"]["tid"] for h in hs] == [f.writer]
                        and hs[0]["certainty"] == "strong"},
            f.reader2: {"on": lock, "holders": lambda hs: [h["object"]["tid"] for h in hs] == [f.writer]},
        },
    }
