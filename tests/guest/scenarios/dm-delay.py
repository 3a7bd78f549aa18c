# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "dm_mod", "dm_delay"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    device = {"type": "device", "id": f.dm}
    return {
        "causes": [{
            "kind": "io.stalled",
            "root": device,
            "blocked": {f.direct, f.buffered},
            "chain": [{"type": "task"}, device],
        }],
    }
