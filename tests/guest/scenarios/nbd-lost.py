# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["dummy", "ext4", "nbd"]
# The modules of 5.10 carry no types: nothing can be said of the connections of an nbd device.
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    server = {"type": "server", "id": "server:10.9.9.2:10809", "protocol": "nbd"}
    return {
        "causes": [{
            "kind": "net.unreachable",
            "root": server,
            "certainty": "strong",
            "blocked": {f.reader, f.writer},
            "may_block": {f.jbd2},
            "chain": [{"type": "task"}, {"type": "device", "id": "dev:nbd0"}, server],
        }],
    }
