# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["ext4", "nbd"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.nbd_server, "comm": "nbd-server"},
            "blocked": {f.reader, f.writer},
            "may_block": {f.jbd2, f.nbd_client},
            "chain": [{"type": "task"}, {"type": "device", "id": "dev:nbd0"}, {"type": "task", "tid": f.nbd_server}],
        }],
    }
