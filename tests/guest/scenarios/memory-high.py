# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "memory.limit",
            "root": {"type": "task", "tid": f.eater},
            "blocked": {f.waiter1, f.waiter2},
            "chain": [{"type": "task"}, {"type": "lock", "class": "flock"}, {"tid": f.eater}],
            "remedy": lambda texts: any("/sys/fs/cgroup/leaky.service/memory.high" in t for t in texts),
        }],
        "waits": {f.eater: {"on": {"type": "cgroup", "id": "cgroup:/leaky.service"}}},
    }
