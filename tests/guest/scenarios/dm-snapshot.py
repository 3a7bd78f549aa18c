# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4", "dm_mod", "dm_snapshot"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]
DUMPS = ["elf"]
ALONE = True


def expect(f):
    cow = {"type": "device", "id": f.cow}
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": cow,
            "blocked": {f.writer, f.syncer},
            "may_block": {f.jbd2, *map(int, str(f.workers).split())},
            "chain": [{"type": "task"}, cow],
            "remedy": lambda texts: any("dmsetup resume cow" in t for t in texts),
        }],
    }
