# SPDX-License-Identifier: LGPL-2.1-or-later
# The backend waits for its latch: who is to set it nobody can read there. A note on the stopped one is the least.
def expect(f):
    return {"notes": [lambda note: str(f.checkpointer) in note]}
