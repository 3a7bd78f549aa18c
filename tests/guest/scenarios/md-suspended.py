# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["loop", "md_mod", "raid1"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": "dev:md_test"},
            "blocked": {f.writer},
            "chain": [{"tid": f.writer}, {"type": "device", "id": "dev:md_test"}],
        }],
    }
