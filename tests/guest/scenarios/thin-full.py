# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "dm_mod", "dm_thin_pool"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    threads = {int(tid) for tid in str(f.threads).split()}
    return {
        "causes": [{
            "kind": "pool.full",
            "root": {"type": "pool", "id": "pool:pool", "kind": "dm-thin", "used_pct": lambda p: p is not None and p > 95},
            "blocked": {f.writer, f.filler} | threads,
            "chain": [{"type": "task"}, {"type": "device", "name": "thin"}, {"type": "pool"}],
        }],
    }
