# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "dm_mod", "dm_thin_pool"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


class Any:
    """Whoever else there is: kernel threads that write back."""
    def __iter__(self):
        return iter(range(1, 32768))


def expect(f):
    return {
        "causes": [{
            "kind": "pool.full",
            "root": {"type": "pool", "id": "pool:pool", "kind": "dm-thin", "used_pct": lambda p: p is not None and p > 95},
            "blocked": {f.writer},
            "may_block": Any(),
            "chain": [{"type": "task"}, {"type": "device", "name": "thin"}, {"type": "pool"}],
        }],
    }
