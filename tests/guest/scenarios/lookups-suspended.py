# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "ext4", "dm_mod"]
# The modules of 5.10 carry no types: nothing can be said of a mapped device.
KERNELS = ["6.1", "6.12", "6.18", "newest"]
DUMPS = ["elf"]


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm, "name": "slow", "driver": "device-mapper"},
            "blocked": {f.first, f.second, f.third},
            "chain": [{"type": "task"}, {"type": "device"}],
            "remedy": lambda texts: any("dmsetup resume slow" in t for t in texts),
        }],
        "waits": {f.second: {"rule": "inferred"}, f.third: {"rule": "inferred"}},
    }
