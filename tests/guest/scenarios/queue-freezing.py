# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["sd_mod", "scsi_debug"]
DUMPS = ["elf"]


def expect(f):
    return {
        "causes": [{
            "kind": "io.stalled",
            "root": {"type": "device", "id": "dev:" + f.disk},
            "blocked": {f.reader, f.tuner, f.late},
        }],
        "waits": {f.tuner: {"rule": "inferred"}},
    }
