# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "dm_mod", "dm_multipath", "dm_round_robin"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "dev.no-path",
            "root": {"type": "device", "id": f.dm, "name": "lun"},
            "certainty": {"proven", "strong"},
            "blocked": {f.reader, f.buffered},
            "remedy": lambda texts: any("fail_if_no_path" in t for t in texts),
        }],
    }
