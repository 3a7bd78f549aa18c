# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "ext4"]


def expect(f):
    filesystem = {"type": "filesystem", "fstype": "ext4", "mount": "/data", "frozen": True,
                  "device": re.compile(f.loop)}
    return {
        "causes": [{
            "kind": "fs.frozen",
            "root": filesystem,
            "certainty": {"proven", "strong"},
            "blocked": {f.inner, f.outer_writer},
            "chain": [{"type": "task"}, {"type": "filesystem", "mount": "/data"}],
            # It keeps the directory open: that is all that can be known of it.
            "evidence": lambda texts: any("(%d) has /data/volume open" % f.backup in t
                                          for t in texts),
            "remedy": lambda texts: any("fsfreeze" in t and "/data" in t for t in texts),
        }],
    }
