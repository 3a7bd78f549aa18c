# SPDX-License-Identifier: LGPL-2.1-or-later
def expect(f):
    says = {getattr(f, "says%d" % n) for n in range(1, 9)}
    return {
        "causes": [{
            "kind": "task.stopped",
            "root": {"type": "task", "tid": f.auditd},
            "certainty": "proven",
            # One of them goes on now and then, and waits anew.
            "blocked": set(),
            "may_block": says,
            "at_least": 4,
            "evidence": lambda texts: any("netlink socket" in t for t in texts),
            "chain": [{"type": "task"}, {"id": "kernel:audit-backlog"}, {"tid": f.auditd}],
        }],
    }
