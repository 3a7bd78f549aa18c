# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["fuse"]
KERNELS = ["6.1", "6.12", "newest"]
DUMPS = ["elf"]


def expect(f):
    connection = {"id": "daemon:fuse:%d" % f.connection, "type": "daemon"}
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.daemon},
            "certainty": "proven",
            "blocked": {f.reader, f.asker},
            "chain": [{"type": "task"}, connection, {"type": "task", "tid": f.daemon}],
            "remedy": lambda r: any("kill -CONT %d" % f.daemon in t for t in r) and
                                any("connections/%d/abort" % f.connection in t for t in r),
        }],
        "waits": {f.reader: {"on": connection}, f.asker: {"on": connection}},
    }
