# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["dummy"]


def expect(f):
    server = {"type": "server", "id": "server:10.9.9.2:389", "protocol": "tcp"}
    return {
        "causes": [{
            "kind": "net.unreachable",
            "root": server,
            "certainty": "strong",
            "blocked": {f.holder, f.waiter},
            "chain": [{"type": "task", "tid": f.waiter}, {"type": "lock", "class": "flock"}, {"type": "task", "tid": f.holder}, server],
        }],
    }
