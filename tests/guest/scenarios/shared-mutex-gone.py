# SPDX-License-Identifier: LGPL-2.1-or-later
import re


DUMPS = ["elf"]


def expect(f):
    return {
        "causes": [{
            "kind": "task.gone",
            "root": {"type": "lock", "class": "futex"},
            "blocked": {f.wants0, f.wants1},
            "summary": re.compile(r"\b%d\b" % f.owner),
        }],
    }
