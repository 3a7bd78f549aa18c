# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["dummy", "cifs"]
# The modules of 5.10 carry no types.
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    server = {"type": "server", "id": "server:10.9.9.2:445", "protocol": "smb"}
    return {
        "causes": [{
            "kind": "net.unreachable",
            "root": server,
            "certainty": "strong",
            "blocked": {f.mounter},
            "chain": [{"type": "task", "tid": f.mounter}, server],
        }],
    }
