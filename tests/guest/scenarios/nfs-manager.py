# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["dummy", "nfs", "nfsv4", "nfsd"]


def expect(f):
    server = {"type": "server", "id": "server:10.9.9.2:2049", "protocol": "nfs"}
    return {
        "causes": [{
            "kind": "net.unreachable",
            "root": server,
            "certainty": {"proven", "strong"},
            "blocked": {f.asker, f.maker, f.manager},
        }],
    }
