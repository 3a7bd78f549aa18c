# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["dummy", "nfs", "nfsv3"]


def expect(f):
    server = {"type": "server", "id": "server:10.9.9.2:20048", "protocol": "nfs"}
    return {
        "causes": [{
            "kind": "net.unreachable",
            "root": server,
            "certainty": {"proven", "strong"},
            "blocked": {f.mounter},
            "chain": [{"type": "task", "tid": f.mounter}, server],
        }],
    }
