# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "ext4"]


def expect(f):
    return {
        "causes": [{
            "kind": "fs.frozen",
            "root": {"type": "filesystem", "mount": "/data"},
            "certainty": {"proven", "strong"},
            "blocked": {f.writer, f.execer, f.attach},
            "chain": [
                {"type": "task", "tid": f.attach},
                {"type": "lock", "class": "mutex", "name": re.compile("cred_guard_mutex")},
                {"type": "task", "tid": f.execer},
                {"type": "task", "tid": f.writer},
                {"type": "filesystem"},
            ],
        }],
    }
