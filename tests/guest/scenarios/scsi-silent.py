# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["sd_mod", "scsi_debug"]
# On 5.10, whose modules carry no types, the disk is known (io-stalled), but not what is behind it.
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    disk = {"type": "device", "id": "dev:" + f.disk, "driver": "scsi_debug", "inflight": 1,
            "oldest_ms": lambda ms: ms > 1000}
    return {
        "causes": [{
            "kind": "io.stalled",
            "root": disk,
            "certainty": "proven",
            "blocked": {f.reader},
            "chain": [{"type": "task", "tid": f.reader}, disk],
        }],
    }
