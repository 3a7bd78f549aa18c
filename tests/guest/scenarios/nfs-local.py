# SPDX-License-Identifier: LGPL-2.1-or-later
MODULES = ["dummy", "nfs", "nfsv4", "nfsd", "loop", "ext4", "dm_mod"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]
ALONE = True


def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm},
            "blocked": {f.one, f.two},
            "may_block": set(map(int, str(f.workers).split())),
            "chain": [{"type": "task", "tid": {f.one, f.two}}, {"type": "server"}, {"type": "task"}, {"type": "device"}],
            "remedy": lambda texts: any("dmsetup resume slow" in t for t in texts) and
                                    not any("ping" in t or "umount -f" in t for t in texts),
        }],
    }
