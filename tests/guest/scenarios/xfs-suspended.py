# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "xfs", "dm_mod"]
TOOLS = ["mkfs.xfs"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


class Any:
    """Whoever else there is: kernel threads that write the log."""
    def __iter__(self):
        return iter(range(1, 32768))


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm, "name": "slow"},
            "blocked": {f.lister, f.reader, f.syncer},
            "may_block": Any(),
        }],
    }
