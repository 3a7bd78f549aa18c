# SPDX-License-Identifier: LGPL-2.1-or-later
import re


def expect(f):
    return {
        "causes": [{
            "root": {"type": {"ipc", "task"}},
            "at_least": 1,
            # It is to become zero: that is not a message that somebody sends.
            "summary": re.compile("zero"),
        }],
        "waits": {f.second: {"holders": lambda h: any(x["object"]["id"] == "task:%d" % f.waiter for x in h)}},
    }
