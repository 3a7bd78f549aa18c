# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "dm_mod"]
LOOKS = 3
# The modules of 5.10 carry no types: nothing can be said of a mapped device.
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    hang = {f.buffered, f.buffered_worker, f.direct, f.events_worker, f.killed_worker, f.killed, f.execs}
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm},
            "certainty": {"proven", "strong"},
            "blocked": hang,
        }],
    }
