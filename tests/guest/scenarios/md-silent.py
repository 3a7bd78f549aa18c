# SPDX-License-Identifier: LGPL-2.1-or-later
ALONE = True
MODULES = ["loop", "md_mod", "raid1", "sd_mod", "scsi_debug"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    disk = {"type": "device", "id": "dev:" + f.disk, "driver": "scsi_debug"}
    return {
        "causes": [{
            "kind": "io.stalled",
            "root": disk,
            # The array's own thread syncs it, and waits for the same disk.
            "blocked": {f.writer, f.sync},
            "chain": [{"type": "task"}, {"type": "device", "id": "dev:md_test"}, disk],
        }],
    }
