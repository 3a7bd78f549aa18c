# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["fuse", "loop", "ext4"]
KERNELS = ["6.1", "6.12", "newest"]
DUMPS = ["elf"]


def expect(f):
    return {
        "causes": [{
            "kind": "fs.frozen",
            "root": {"type": "filesystem", "mount": "/data"},
            "blocked": {f.asker, f.second, f.fuse_worker},
            "chain": [{"type": "task", "tid": {f.asker, f.second}}, {"id": "daemon:fuse:%d" % f.connection},
                      {"type": "task", "tid": f.fuse_worker}, {"type": "filesystem"}],
        }],
    }
