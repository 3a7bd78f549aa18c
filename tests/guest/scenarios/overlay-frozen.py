# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "ext4", "overlay"]
KERNELS = ["6.1", "6.12", "6.18", "newest"]


def has(*words):
    """The evidence has a line with each of these."""
    return lambda texts: all(any(re.search(word, text) for text in texts) for word in words)


def expect(f):
    return {
        "causes": [{
            "kind": "fs.frozen",
            "root": {"type": "filesystem", "fstype": "ext4", "mount": "/data", "frozen": True},
            "certainty": {"proven", "strong"},
            "blocked": {f.copier, f.second, f.maker, f.looker},
            "chain": [
                {"type": "task", "tid": {f.looker, f.second, f.copier}},
                {"type": "lock", "name": re.compile("^(i_rwsem of /|copy-up lock of /file) in overlay, "
                                                    "mounted at /merged")},
                {"type": "task", "tid": {f.maker, f.copier, f.second}},
                {"type": "filesystem", "mount": "/data"},
            ],
            "evidence": has("works on overlay, mounted at /merged in another mount namespace",
                            "the upper layer of that overlay: /data/upper .ext4 on",
                            "a lower layer of that overlay: /data/lower .ext4 on",
                            "no process of root has a directory of it open"),
        }],
    }
