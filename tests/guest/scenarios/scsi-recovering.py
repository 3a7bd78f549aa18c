# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["sd_mod", "scsi_debug"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    disk = {"type": "device", "id": "dev:" + f.disk, "driver": "scsi_debug", "inflight": 1}
    return {
        "causes": [{
            "kind": "dev.recovering",
            "root": disk,
            "certainty": "proven",
            # With the adapter's own recovery thread, which waits for the disk's answer.
            "blocked": {f.reader, f.opener, f.neighbour, f.eh},
        }],
        "waits": {
            f.opener: {"on": {"id": "dev:" + f.other}},
            f.eh: {"on": {"id": "dev:" + f.disk}},
        },
    }
