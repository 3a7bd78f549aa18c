# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "ext4", "dm_mod"]


class Any:
    """Whoever else there is: kernel threads that write back."""
    def __iter__(self):
        return iter(range(1, 32768))


def expect(f):
    return {
        "causes": [{
            "kind": "fs.frozen",
            "root": {"type": "filesystem", "mount": "/data", "frozen": True},
            "blocked": {f.writer, f.reader},
            "may_block": Any(),
            "chain": [
                {"type": "task"},
                {"type": "device", "id": re.compile("^dev:dm-"), "name": "up"},
                {"type": "device", "id": "dev:" + f.upper_loop.split("/")[-1]},
                {"type": "task", "kthread": True},
                {"type": "filesystem", "mount": "/data"},
            ],
        }],
    }
