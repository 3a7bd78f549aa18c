# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Is a report right?

contract(report) holds against a report what every report owes its readers;
expected(report, expectation) what is true of one scenario. Both return a list
of complaints, each a sentence; none is good.

An expectation is a dict; all of its keys may be left out:

    causes      [CAUSE, ...]: exactly these, in any order
    waits       {tid: pattern}: these waits are there and match

and of a CAUSE:

    kind, root, certainty, ...     patterns for the field of that name
    blocked     the set of tids that wait for it, all of them
    may_block   tids that may be among them as well
    chain       patterns of objects that the chain has in this order, others between them

A pattern is a value to be equal to; a dict: these keys match; a set: one of
these; a compiled regular expression: it is found in there; a function: true.
"""

import re

CERTAINTIES = {"proven", "strong", "likely"}

OBJECT_FIELDS = {
    "task": {"pid": int, "tid": int, "comm": (str, None), "uid": (int, None),
             "container": (str, None), "kthread": bool},
    "lock": {"class": str},
    "filesystem": {"fstype": (str, None), "device": (str, None), "mount": (str, None),
                   "frozen": (bool, None), "used_pct": (int, float, None)},
    "device": {"driver": (str, None), "inflight": (int, None), "oldest_ms": (int, float, None)},
    "pool": {"kind": str, "health": (str, None), "used_pct": (int, float, None)},
    "server": {"protocol": str},
    "daemon": {},
    "ipc": {},
    "cgroup": {"frozen": (bool, None), "throttled": (bool, None),
               "memory_pct": (int, float, None)},
    "kernel": {},
}
OBJECT_IDS = {
    "task": r"task:\d+", "lock": r"lock:0x[0-9a-f]+", "filesystem": r"fs:\d+:\d+",
    "device": r"dev:.+", "pool": r"pool:.+", "server": r"server:.+", "daemon": r"daemon:\w+:.+",
    "ipc": r"ipc:\w+:.+", "cgroup": r"cgroup:.*", "kernel": r"kernel:.+",
}
REPORT_FIELDS = {
    "schema": str, "tool": dict, "taken_at": (str, None), "host": dict, "source": dict,
    "stats": dict, "causes": list, "waits": list, "notes": list,
}
CAUSE_FIELDS = {
    "rank": int, "kind": str, "summary": str, "root": dict, "certainty": str,
    "oldest_ms": (int, float, None), "blocked": dict, "chain": list, "evidence": list,
    "remedy": list,
}
WAIT_FIELDS = {
    "task": dict, "state": str, "waited_ms": (int, float, None), "syscall": (dict, None),
    "on": dict, "mode": (str, None), "holders": list, "stack": list,
}
STATS_FIELDS = {"tasks": int, "waiting": int, "unexplained": int, "inconsistent": int,
                "elapsed_us": int, "bytes_read": int}


def fields(what, value, table, complaints):
    """Complain of fields that are missing or of the wrong type; true if there are none."""
    if not isinstance(value, dict):
        complaints.append("%s is not an object: %r" % (what, value))
        return False
    before = len(complaints)
    for name, types in table.items():
        types = types if isinstance(types, tuple) else (types,)
        if name not in value:
            complaints.append("%s has no %s" % (what, name))
        elif value[name] is None:
            if None not in types:
                complaints.append("%s: %s is null" % (what, name))
        elif not isinstance(value[name], tuple(t for t in types if t is not None)) or \
                (isinstance(value[name], bool) and bool not in types):
            complaints.append("%s: %s is %r" % (what, name, value[name]))
    return len(complaints) == before


def check_object(what, obj, seen, complaints):
    if not fields(what, obj, {"id": str, "type": str, "name": str}, complaints):
        return
    kind = obj["type"]
    if kind not in OBJECT_FIELDS:
        complaints.append("%s: no such type of object: %s" % (what, kind))
        return
    fields("%s (%s)" % (what, obj["id"]), obj, OBJECT_FIELDS[kind], complaints)
    if not re.fullmatch(OBJECT_IDS[kind], obj["id"]):
        complaints.append("%s: a %s with the id %s" % (what, kind, obj["id"]))
    if kind == "task" and obj["id"] != "task:%s" % obj.get("tid"):
        complaints.append("%s: id %s of tid %s" % (what, obj["id"], obj.get("tid")))
    if seen.setdefault(obj["id"], obj) != obj:
        complaints.append("%s: %s is not told the same everywhere" % (what, obj["id"]))


def check_wait(what, wait, seen, complaints):
    if not fields(what, wait, WAIT_FIELDS, complaints):
        return
    check_object(what + ".task", wait["task"], seen, complaints)
    check_object(what + ".on", wait["on"], seen, complaints)
    if not re.fullmatch(r"[A-Za-z]", wait["state"]):
        complaints.append("%s: the state %r" % (what, wait["state"]))
    if wait["mode"] not in ("read", "write", None):
        complaints.append("%s: the mode %r" % (what, wait["mode"]))
    for i, holder in enumerate(wait["holders"]):
        name = "%s.holders[%d]" % (what, i)
        if fields(name, holder, {"object": dict, "how": str, "certainty": str}, complaints):
            check_object(name, holder["object"], seen, complaints)
            if holder["certainty"] not in CERTAINTIES:
                complaints.append("%s: certainty %r" % (name, holder["certainty"]))
    for i, frame in enumerate(wait["stack"]):
        fields("%s.stack[%d]" % (what, i), frame,
               {"function": (str, None), "offset": (int, None), "address": str,
                "module": (str, None)}, complaints)


def check_cause(what, cause, waiting, seen, complaints):
    if not fields(what, cause, CAUSE_FIELDS, complaints):
        return
    check_object(what + ".root", cause["root"], seen, complaints)
    if cause["certainty"] not in CERTAINTIES:
        complaints.append("%s: certainty %r" % (what, cause["certainty"]))
    for name in ("evidence", "remedy", "chain"):
        if not cause[name]:
            complaints.append("%s has no %s" % (what, name))
    for i, obj in enumerate(cause["chain"]):
        check_object("%s.chain[%d]" % (what, i), obj, seen, complaints)
    ids = [o.get("id") for o in cause["chain"] if isinstance(o, dict)]
    if ids and not str(ids[0]).startswith("task:"):
        complaints.append("%s: its chain begins with %s" % (what, ids[0]))
    if cause["kind"] == "deadlock":
        tasks = [i for i in ids if str(i).startswith("task:")]
        if cause["root"].get("id") not in tasks or len(set(tasks)) != len(tasks):
            complaints.append("%s: its chain is not a cycle through the root: %s" % (what, ids))
    elif ids and ids[-1] != cause["root"].get("id"):
        complaints.append("%s: its chain ends with %s, not with the root" % (what, ids[-1]))
    if fields(what + ".blocked", cause["blocked"], {"count": int, "tids": list}, complaints):
        tids = cause["blocked"]["tids"]
        if cause["blocked"]["count"] != len(tids) or len(set(tids)) != len(tids):
            complaints.append("%s: %d blocked, but these: %s" %
                              (what, cause["blocked"]["count"], tids))
        if not tids:
            complaints.append("%s: nobody waits for it" % what)
        for tid in tids:
            if tid not in waiting:
                complaints.append("%s: task %s is blocked but has no wait" % (what, tid))


def contract(report):
    """Complaints about what no report may do."""
    complaints = []
    if not fields("the report", report, REPORT_FIELDS, complaints):
        return complaints
    if report["schema"] != "inquest.report/1":
        complaints.append("the schema is %s" % report["schema"])
    fields("tool", report["tool"], {"name": str, "version": str}, complaints)
    fields("host", report["host"], {"name": (str, None), "kernel": (str, None),
                                    "arch": (str, None), "uptime_s": (int, float, None)}, complaints)
    if fields("source", report["source"], {"kind": str, "path": str}, complaints):
        if report["source"]["kind"] not in ("kcore", "bpf", "elf", "kdump", "qemu"):
            complaints.append("the source is %s" % report["source"])
    fields("stats", report["stats"], STATS_FIELDS, complaints)
    seen = {}
    for i, wait in enumerate(report["waits"]):
        check_wait("waits[%d]" % i, wait, seen, complaints)
    waiting = {w.get("task", {}).get("tid") for w in report["waits"] if isinstance(w, dict)}
    for i, cause in enumerate(report["causes"]):
        check_cause("causes[%d]" % i, cause, waiting, seen, complaints)
    counts = [c["blocked"]["count"] for c in report["causes"]
              if isinstance(c.get("blocked"), dict) and "count" in c["blocked"]]
    if counts != sorted(counts, reverse=True):
        complaints.append("the causes are not ordered by how many wait: %s" % counts)
    if [c.get("rank") for c in report["causes"]] != list(range(1, len(report["causes"]) + 1)):
        complaints.append("the ranks are %s" % [c.get("rank") for c in report["causes"]])
    return complaints


# ---------------------------------------------------------------- expectations

def matches(pattern, value):
    if isinstance(pattern, dict):
        return isinstance(value, dict) and \
            all(k in value and matches(p, value[k]) for k, p in pattern.items())
    if isinstance(pattern, (set, frozenset)):
        return value in pattern
    if isinstance(pattern, re.Pattern):
        return isinstance(value, str) and pattern.search(value) is not None
    if callable(pattern):
        return bool(pattern(value))
    return pattern == value


def show(pattern):
    return pattern.pattern if isinstance(pattern, re.Pattern) else repr(pattern)


def cause_complaints(cause, want):
    complaints = []
    for name, pattern in want.items():
        if name == "blocked":
            got = set(cause["blocked"]["tids"])
            extra = got - set(pattern) - set(want.get("may_block", ()))
            if set(pattern) - got:
                complaints.append("not blocked, but should be: %s" % sorted(set(pattern) - got))
            if extra:
                complaints.append("blocked, but should not be: %s" % sorted(extra))
        elif name == "chain":
            rest = list(cause["chain"])
            for step in pattern:
                while rest and not matches(step, rest[0]):
                    rest.pop(0)
                if not rest:
                    complaints.append("the chain %s has no %s where it should" %
                                      (" > ".join(o["id"] for o in cause["chain"]), step))
                    break
                rest.pop(0)
        elif name != "may_block" and not matches(pattern, cause.get(name)):
            complaints.append("%s is %r, not %s" % (name, cause.get(name), show(pattern)))
    return complaints


def expected(report, want):
    """Complaints about what is not as the scenario made it."""
    complaints = []
    if "causes" in want:
        left = list(report["causes"])
        for i, pattern in enumerate(want["causes"]):
            if not left:
                complaints.append("no cause for: %s" % pattern.get("kind"))
                continue
            # The one that fits best, so that the complaints are about the right one.
            best = min(left, key=lambda c: (c["kind"] != pattern.get("kind"),
                                            len(cause_complaints(c, pattern))))
            left.remove(best)
            complaints += ["cause %d (%s, %s): %s" % (i + 1, best["kind"], best["root"]["name"], c)
                           for c in cause_complaints(best, pattern)]
        complaints += ["a cause that is none: %s, %s: %s" %
                       (c["kind"], c["root"]["name"], c["summary"]) for c in left]
    waits = {w["task"]["tid"]: w for w in report["waits"]}
    for tid, pattern in want.get("waits", {}).items():
        if tid not in waits:
            complaints.append("no wait of task %d" % tid)
        elif not matches(pattern, waits[tid]):
            brief = {k: v for k, v in waits[tid].items() if k != "stack"}
            complaints.append("the wait of task %d is %s, not %s" % (tid, brief, pattern))
    return complaints
