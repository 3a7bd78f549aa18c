# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["sd_mod", "scsi_debug"]
DUMPS = ["elf"]


def expect(f):
    return {
        "causes": [{
            "kind": "io.stalled",
            "root": {"type": "device", "id": "dev:" + f.disk, "inflight": lambda n: n >= 2, "oldest_ms": lambda ms: ms > 1000},
            "certainty": {"proven", "strong"},
            "blocked": {f.reader, f.buffered},
        }],
    }
