# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["fuse", "loop"]
KERNELS = ["6.1", "6.12", "newest"]


def expect(f):
    connection = {"id": "daemon:fuse:%d" % f.connection}
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.daemon},
            "blocked": {f.reader},
            "may_block": set(map(int, str(f.workers).split())),
            "chain": [{"type": "task", "tid": f.reader}, {"type": "device", "id": f.loop.replace("/dev/", "dev:")},
                      connection, {"type": "task", "tid": f.daemon}],
        }],
    }
