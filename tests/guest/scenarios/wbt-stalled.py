# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["sd_mod", "scsi_debug"]


def expect(f):
    throttled = {int(t) for t in f.throttled.split()[1:]}
    return {
        "causes": [{
            "kind": "io.stalled",
            "root": {"type": "device", "id": "dev:" + f.disk, "oldest_ms": lambda ms: ms > 1000},
            "certainty": {"proven", "strong"},
            "blocked": {f.syncer} | throttled,
        }],
        "waits": {t: {"rule": "wbt"} for t in throttled},
    }
