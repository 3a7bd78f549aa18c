# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["fuse"]
KERNELS = ["6.1", "6.12", "newest"]


def expect(f):
    connection = {"id": "daemon:fuse:%d" % f.connection, "type": "daemon"}
    return {
        "causes": [{
            "kind": "daemon.unanswered",
            "root": connection,
            "certainty": "strong",
            "blocked": {f.asker},
            "chain": [{"type": "task", "tid": f.asker}, connection],
            "remedy": lambda r: any("connections/%d/abort" % f.connection in t for t in r),
        }],
    }
