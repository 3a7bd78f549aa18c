# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "ext4", "dm_mod"]
# The modules of 5.10 carry no types: nothing can be said of a mapped device.
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    threads = {int(tid) for tid in str(f.threads).split()}
    return {
        "causes": [{
            "kind": "fs.frozen",
            "root": {"type": "filesystem", "mount": "/data", "frozen": True, "used_pct": lambda p: p is not None},
            "blocked": {f.writer, f.reader} | threads,
            "chain": [
                {"type": "task"},
                {"type": "device", "id": re.compile("^dev:dm-"), "name": "up"},
                {"type": "device", "id": "dev:" + f.upper_loop.split("/")[-1]},
                {"type": "task", "kthread": True},
                {"type": "filesystem", "mount": "/data"},
            ],
        }],
    }
