# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["fuse"]
KERNELS = ["6.1", "6.12", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "deadlock",
            "root": {"type": "task", "tid": {f.daemon, f.asker}},
            "blocked": {f.daemon},
            "may_block": {f.asker},
            "chain": [{"type": "task", "tid": f.daemon}],
            "remedy": lambda r: any("connections/%d/abort" % f.connection in t for t in r),
        }],
    }
