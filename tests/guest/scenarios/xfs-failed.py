# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "xfs", "dm_mod"]
TOOLS = ["mkfs.xfs"]
# The modules of 5.10 carry no types.
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "fs.failed",
            "root": {"type": "filesystem", "fstype": "xfs", "mount": "/data"},
            "summary": re.compile("cannot write its metadata: dm-[0-9]+ answers with an error"),
            "certainty": "strong",
            "blocked": {f.freezer, f.writer},
            "chain": [
                {"type": "task", "tid": f.writer},
                {"type": "lock", "name": re.compile("^freeze protection")},
                {"type": "task", "tid": f.freezer},
                {"type": "lock", "name": re.compile("^the log of")},
                {"type": "filesystem", "mount": "/data"},
            ],
        }],
    }
