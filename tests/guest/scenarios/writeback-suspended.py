# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4", "dm_mod"]
# The modules of 5.10 carry no types: nothing can be said of a mapped device.
KERNELS = ["6.1", "6.12", "6.18", "newest"]


class Any:
    """Whoever else there is: kernel threads that write back."""
    def __iter__(self):
        return iter(range(1, 32768))


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm, "name": "slow"},
            "blocked": {f.writer, f.syncer},
            "may_block": Any(),
        }],
    }
