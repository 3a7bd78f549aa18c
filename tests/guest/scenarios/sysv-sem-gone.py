# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "task.gone",
            "root": {"type": "ipc", "id": "ipc:sem:%d" % f.sem},
            "blocked": {f.want1, f.want2},
            "remedy": lambda texts: any("ipcrm -s %d" % f.sem in t for t in texts),
        }],
    }
