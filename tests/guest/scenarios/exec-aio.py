# SPDX-License-Identifier: LGPL-2.1-or-later
import re

CI = True
MODULES = ["loop", "dm_mod"]


def expect(f):
    exec_task = {"type": "task", "tid": f.execer}
    victims = {f.cat_io, f.cat_stack} if f.locked else set()
    if f.locked and f.stat_hangs:
        victims.add(f.procps_ps)
    lock = {"type": "lock", "class": "rwsem", "name": re.compile(r"exec_update_lock.*\b%d\b" % f.execer)}
    # What exit_aio waits for, and the device behind it, is for rules still to come: until
    # then the exec itself is the end, or a thing without a name that it waits for.
    return {
        "causes": [{
            "blocked": victims,
            "may_block": {f.execer},
            "chain": [{"type": "task"}, lock, exec_task] if victims else [exec_task],
        }],
        "waits": {tid: {"on": lock, "mode": "read"} for tid in victims},
    }
