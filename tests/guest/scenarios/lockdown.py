# SPDX-License-Identifier: LGPL-2.1-or-later
CI = True
SPOILS = True


def check(_, guest):
    r = guest.run("inquest why", 30)
    if r.status != 3 or "lockdown" not in r.err or len(r.err.splitlines()) != 1:
        return ["exit status %d, and it says: %s%s" % (r.status, r.out, r.err)]
    return []
