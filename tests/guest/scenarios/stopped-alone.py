# SPDX-License-Identifier: LGPL-2.1-or-later
import re

DUMPS = ["elf"]


def expect(f):
    return {
        "causes": [],
        "notes": [re.compile(r"Stopped by a signal: poll-server \(%d\).*listening.*1 connection" % f.server)],
        "no_notes": [re.compile(r"\(%d\)" % f.job)],
    }
