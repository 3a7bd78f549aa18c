# SPDX-License-Identifier: LGPL-2.1-or-later
import re

MODULES = ["loop", "dm_mod"]


def expect(f):
    exec_task = {"type": "task", "tid": f.execer}
    victims = {f.cat_io, f.cat_stack} if f.locked else set()
    if f.locked and f.stat_hangs:
        victims.add(f.procps_ps)
    lock = {"type": "lock", "class": "rwsem", "name": re.compile(r"exec_update_lock.*\b%d\b" % f.execer)}
    device = {"type": "device", "id": "dev:dm-%d" % f.dm}
    cause = {
        "blocked": victims | {f.execer},
        "chain": ([{"type": "task"}, lock] if victims else []) + [exec_task, device],
        "root": device,
        "kind": "dev.suspended",
    }
    # The modules of 5.10 have no types: there the exec itself is the end.
    if f.kernel == "5.10":
        cause = {
            "kind": "unknown",
            "root": exec_task,
            "blocked": victims,
            "chain": [{"type": "task"}, lock, exec_task],
        }
    return {
        "causes": [cause],
        "waits": {tid: {"on": lock, "mode": "read"} for tid in victims},
    }
