# SPDX-License-Identifier: LGPL-2.1-or-later
# Newer kernels have no memory controller of v1.
KERNELS = ["5.10", "6.1"]
ALONE = True


def expect(f):
    return {
        "causes": [{
            "kind": "memory.limit",
            "root": {"type": "task", "tid": f.eater},
            "blocked": {f.waiter},
            "chain": [{"tid": f.waiter}, {"type": "lock", "class": "flock"}, {"tid": f.eater}],
            "remedy": lambda texts: any("/sys/fs/cgroup/memory/tight/memory.limit_in_bytes" in t for t in texts),
        }],
        "waits": {f.eater: {"on": {"type": "cgroup", "id": "cgroup:/tight"}}},
    }
