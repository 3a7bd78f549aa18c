# SPDX-License-Identifier: LGPL-2.1-or-later
import re


def expect(f):
    return {
        "causes": [{
            "kind": "deadlock",
            "certainty": {"proven", "strong"},
            "blocked": {f.tracer, f.traced, f.execer},
            "chain": [{"type": "task"}] * 3,
        }],
        "waits": {f.tracer: {"on": {"class": "mutex", "name": re.compile("cred_guard_mutex")}}},
    }
