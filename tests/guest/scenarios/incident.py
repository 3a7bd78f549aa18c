# SPDX-License-Identifier: LGPL-2.1-or-later
import re

CI = True
MODULES = ["loop", "ext4"]
DUMPS = ["elf", "kdump-zlib"]
GUESTS = {
    "no-vmcoreinfo": {"vmcoreinfo": False},
    "la57": {"cpu": "max", "kernels": ["newest"]},
}


def expect(f):
    mmap_lock = {"type": "lock", "class": "rwsem",
                 "name": re.compile(r"mmap_lock of process %d\b" % f.mapper)}
    victims = {f.busybox_ps, f.procps_ps, f.cat_cmdline, f.ls_map_files}
    return {
        "causes": [{
            "kind": "fs.frozen",
            "root": {"type": "filesystem", "fstype": "ext4", "mount": "/data", "frozen": True,
                     "device": re.compile(f.loop)},
            "certainty": {"proven", "strong"},
            "blocked": {f.writer, f.unmapper} | victims,
            "chain": [
                {"type": "task", "tid": victims},
                mmap_lock,
                {"type": "task", "tid": f.unmapper},
                {"type": "lock"},
                {"type": "task", "tid": f.writer},
                {"type": "filesystem", "mount": "/data"},
            ],
            "remedy": lambda texts: any("/data" in t for t in texts),
        }],
        "waits": {tid: {"on": mmap_lock, "mode": "read"} for tid in victims},
    }
