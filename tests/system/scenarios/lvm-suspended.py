# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    return {
        "causes": [{
            "kind": "dev.suspended",
            "root": {"type": "device", "id": f.dm},
            # The journal's thread and who writes back come as they come.
            "at_least": 2,
        }],
        "waits": {f.writer: {}, f.changer: {}},
    }
