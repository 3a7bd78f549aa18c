#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Check an answer of `inquest why --json` against its contract

    python3 tests/check-report.py FILE...       - is standard input

One line for each violation, exit status 1 if there is any. What it checks: every field is
there and has its type, what must not be null is not, ids are unique and mean the same thing
everywhere, chains begin with a task and end with their root, every two neighbours of a
chain are said by a wait, everyone who is blocked has a wait and a way to the root, and
everyone who has a way is among the blocked.
"""
import json
import sys

KINDS = """deadlock task.stopped task.traced task.frozen task.throttled task.running task.starved
task.sleeping task.gone fs.frozen fs.full fs.failed io.stalled dev.suspended dev.no-path
dev.recovering pool.full pool.suspended pool.stalled net.unreachable daemon.unanswered
memory.reclaim memory.limit writeback.throttled kernel.stuck unknown""".split()
CERTAINTIES = ["likely", "strong", "proven"]
RISKS = {"none", "low", "data", "high"}
TYPES = {
    "task": "pid tid comm uid container kthread",
    "lock": "class",
    "filesystem": "fstype device mount frozen used_pct",
    "device": "driver inflight oldest_ms",
    "pool": "kind health used_pct",
    "server": "protocol",
    "daemon": "",
    "ipc": "",
    "cgroup": "frozen throttled memory_pct",
    "kernel": "",
}
PREFIX = {"filesystem": "fs", "device": "dev"}
NEVER_NULL = {"id", "type", "name", "tid", "kthread", "class", "kind", "protocol"}
FIELD_TYPES = {
    "pid": int, "tid": int, "comm": str, "uid": int, "container": str, "kthread": bool,
    "class": str, "fstype": str, "device": str, "mount": str, "frozen": bool,
    "used_pct": (int, float), "driver": str, "inflight": int, "oldest_ms": int, "kind": str,
    "health": str, "protocol": str, "memory_pct": (int, float), "throttled": bool,
}
SOURCES = ["kcore", "bpf", "elf", "kdump", "qemu"]


class Checker:
    def __init__(self, report):
        self.report = report
        self.errors = []
        self.objects = {}
        self.waits = {}
        self.ways = {}      # id -> ids that it waits for
        self.back = None    # the other way round
        self.ends = set()   # roots that are no deadlocks

    def error(self, where, text):
        self.errors.append(f"{where}: {text}")

    def field(self, where, obj, key, types, null=False):
        """The value of a field, or None with an error said."""
        if not isinstance(obj, dict) or key not in obj:
            self.error(where, f"no field {key}")
            return None
        value = obj[key]
        if value is None:
            if not null:
                self.error(where, f"{key} is null")
            return None
        types = types if isinstance(types, tuple) else (types,)
        if isinstance(value, bool) and bool not in types or not isinstance(value, types):
            self.error(where, f"{key} is {value!r}")
            return None
        return value

    def text(self, where, value):
        for c in value:
            if ord(c) < 32 or 0x7f <= ord(c) < 0xa0:
                self.error(where, f"control character in {value!r}")
                return

    def all_texts(self, where, value):
        if isinstance(value, str):
            self.text(where, value)
        elif isinstance(value, list):
            for v in value:
                self.all_texts(where, v)
        elif isinstance(value, dict):
            for k, v in value.items():
                self.text(where, k)
                self.all_texts(f"{where}.{k}", v)

    def obj(self, where, obj, types=None):
        """An OBJECT; returns its id."""
        oid = self.field(where, obj, "id", str)
        typ = self.field(where, obj, "type", str)
        self.field(where, obj, "name", str)
        if oid is None or typ is None:
            return None
        where = f"{where} {oid}"
        if typ not in TYPES:
            self.error(where, f"type is {typ}")
            return oid
        if types and typ not in types:
            self.error(where, f"is a {typ}, not a {' or '.join(types)}")
        if not oid.startswith(PREFIX.get(typ, typ) + ":"):
            self.error(where, f"this is no id of a {typ}")
        for key in TYPES[typ].split():
            self.field(where, obj, key, FIELD_TYPES[key], null=key not in NEVER_NULL)
        if typ == "task" and oid != f"task:{obj.get('tid')}":
            self.error(where, f"its tid is {obj.get('tid')}")
        if typ == "lock" and not (oid[5:7] == "0x" and oid[7:] == oid[7:].lower()
                                  and oid[7:].lstrip("0") == oid[7:]
                                  and all(c in "0123456789abcdef" for c in oid[7:])):
            self.error(where, "not lock:0x and lower case without leading zeros")
        if self.objects.setdefault(oid, obj) != obj:
            self.error(where, "is said differently in two places")
        return oid

    def head(self):
        r = self.report
        if self.field("report", r, "schema", str) != "inquest.report/1":
            self.error("report", "schema is not inquest.report/1")
        tool = self.field("report", r, "tool", dict)
        if tool is not None:
            self.field("tool", tool, "name", str)
            self.field("tool", tool, "version", str)
        self.field("report", r, "taken_at", str, null=True)
        host = self.field("report", r, "host", dict)
        if host is not None:
            for key in "name", "kernel", "arch":
                self.field("host", host, key, str, null=True)
            self.field("host", host, "uptime_s", (int, float), null=True)
        source = self.field("report", r, "source", dict)
        if source is not None:
            if self.field("source", source, "kind", str) not in SOURCES:
                self.error("source", f"kind is {source.get('kind')!r}")
            self.field("source", source, "path", str)
        stats = self.field("report", r, "stats", dict)
        if stats is not None:
            for key in "tasks waiting unexplained inconsistent elapsed_us bytes_read".split():
                value = self.field("stats", stats, key, int)
                if value is not None and value < 0:
                    self.error("stats", f"{key} is {value}")
        for note in self.field("report", r, "notes", list) or []:
            if not isinstance(note, str) or not note:
                self.error("notes", f"{note!r}")

    def wait(self, i, wait):
        where = f"waits[{i}]"
        tid = self.obj(where, self.field(where, wait, "task", dict), ["task"])
        where += f" {tid}"
        if tid in self.waits:
            self.error(where, "has two waits")
        self.waits[tid] = wait
        state = self.field(where, wait, "state", str)
        if state is not None and len(state) != 1:
            self.error(where, f"state is {state!r}")
        ms = self.field(where, wait, "waited_ms", int, null=True)
        if ms is not None and ms < 0:
            self.error(where, f"waited_ms is {ms}")
        call = self.field(where, wait, "syscall", dict, null=True)
        if call is not None:
            self.field(where, call, "nr", int)
            self.field(where, call, "name", str, null=True)
            for arg in self.field(where, call, "args", list) or []:
                if not isinstance(arg, str) or not arg.startswith("0x"):
                    self.error(where, f"argument {arg!r}")
        on = self.obj(where, self.field(where, wait, "on", dict))
        mode = self.field(where, wait, "mode", str, null=True)
        if mode not in ("read", "write", None):
            self.error(where, f"mode is {mode!r}")
        ends = {on} if on != tid else set()
        for k, holder in enumerate(self.field(where, wait, "holders", list) or []):
            at = f"{where} holders[{k}]"
            ends.add(self.obj(at, self.field(at, holder, "object", dict)))
            self.field(at, holder, "how", str)
            if self.field(at, holder, "certainty", str) not in CERTAINTIES:
                self.error(at, f"certainty is {holder.get('certainty')!r}")
        self.ways[tid] = ends
        for k, frame in enumerate(self.field(where, wait, "stack", list) or []):
            at = f"{where} stack[{k}]"
            function = self.field(at, frame, "function", str, null=True)
            self.field(at, frame, "offset", int, null=function is None)
            address = self.field(at, frame, "address", str)
            if address is not None and not address.startswith("0x"):
                self.error(at, f"address is {address!r}")
            self.field(at, frame, "module", str, null=True)

    def supported(self, a, b):
        """Is it said by a wait that a leads to b?"""
        if a in self.ways:
            return b in self.ways[a]
        return any(a in ends and b in ends for ends in self.ways.values())

    def leads_to(self, root, without=()):
        """Everyone from whom root is reached, through none of `without`."""
        if self.back is None:
            self.back = {}
            for task, ends in self.ways.items():
                for end in ends:
                    self.back.setdefault(end, set()).add(task)
        found, todo = set(), [root]
        while todo:
            for task in self.back.get(todo.pop(), ()):
                if task not in found:
                    found.add(task)
                    if task not in without:
                        todo.append(task)
        return found

    def cause(self, i, cause):
        where = f"causes[{i}]"
        if self.field(where, cause, "rank", int) != i + 1:
            self.error(where, f"rank is {cause.get('rank')}")
        kind = self.field(where, cause, "kind", str)
        if kind not in KINDS:
            self.error(where, f"kind is {kind!r}")
        if not self.field(where, cause, "summary", str):
            self.error(where, "no summary")
        root = self.obj(f"{where} root", self.field(where, cause, "root", dict))
        if self.field(where, cause, "certainty", str) not in CERTAINTIES:
            self.error(where, f"certainty is {cause.get('certainty')!r}")
        oldest = self.field(where, cause, "oldest_ms", int, null=True)
        if oldest is not None and oldest < 0:
            self.error(where, f"oldest_ms is {oldest}")
        for key in "evidence", "remedy":
            texts = self.field(where, cause, key, list) or []
            if not texts or not all(isinstance(t, str) and t for t in texts):
                self.error(where, f"{key} is {texts!r}")
        self.remedies(where, cause)
        tids = self.blocked(where, cause, kind, root)
        self.chain(where, cause, kind, root, tids)
        return len(tids)

    def remedies(self, where, cause):
        """The same texts once more, each with what it costs."""
        remedies = self.field(where, cause, "remedies", list) or []
        if [r.get("text") for r in remedies] != cause.get("remedy"):
            self.error(where, "remedies and remedy differ")
        for n, r in enumerate(remedies, 1):
            at = f"{where} remedy {n}"
            if self.field(at, r, "risk", str) not in RISKS:
                self.error(at, f"risk is {r.get('risk')!r}")
            if self.field(at, r, "command", str, null=True) == "":
                self.error(at, "an empty command")

    def blocked(self, where, cause, kind, root):
        blocked = self.field(where, cause, "blocked", dict) or {}
        tids = self.field(f"{where} blocked", blocked, "tids", list) or []
        if self.field(f"{where} blocked", blocked, "count", int) != len(tids):
            self.error(where, f"count is {blocked.get('count')}, of {len(tids)} tids")
        if len(set(tids)) != len(tids):
            self.error(where, "a tid is blocked twice")
        ids = {f"task:{tid}" for tid in tids}
        for tid in sorted(ids - self.waits.keys()):
            self.error(where, f"{tid} is blocked and has no wait")
        if root in ids and kind != "deadlock":
            self.error(where, "the root is blocked by itself")
        found = self.leads_to(root)
        for tid in sorted((ids & self.waits.keys()) - found):
            self.error(where, f"{tid} is blocked, but has no way to {root}")
        # What is behind another root does not count: its verdict may be final.
        found = self.leads_to(root, self.ends)
        # A dead end that was not followed may be shared with others who are not blocked by it.
        if cause.get("root", {}).get("type") != "kernel":
            for tid in sorted(found - ids - {root} - self.ends):
                self.error(where, f"{tid} has a way to {root}, but is not blocked")
        return tids

    def chain(self, where, cause, kind, root, tids):
        chain = self.field(where, cause, "chain", list) or []
        ids = [self.obj(f"{where} chain[{k}]", o) for k, o in enumerate(chain)]
        if not ids:
            self.error(where, "no chain")
            return
        if chain[0].get("type") != "task":
            self.error(where, f"the chain begins with {ids[0]}")
        if ids[-1] != root:
            self.error(where, f"the chain ends with {ids[-1]} and not with {root}")
        for a, b in zip(ids, ids[1:]):
            if not self.supported(a, b):
                self.error(where, f"no wait says how {a} leads to {b}")
        tasks = [o for o in ids if o and o.startswith("task:")]
        if len(set(tasks)) != len(tasks):
            self.error(where, "a task is twice on the chain")
        for task in tasks:
            if task != root and int(task[5:]) not in tids:
                self.error(where, f"{task} is on the chain and not blocked")
        if kind == "deadlock":
            if not set(int(t[5:]) for t in tasks) <= set(tids):
                self.error(where, "tasks of the cycle are not among the blocked")
            if tasks and not any(self.supported(tasks[-1], t) for t in tasks[:1]):
                self.error(where, f"the cycle does not close: {tasks[-1]} to {tasks[0]}")

    def run(self):
        if not isinstance(self.report, dict):
            self.error("report", "is no object")
            return self.errors
        self.all_texts("report", self.report)
        self.head()
        for i, wait in enumerate(self.field("report", self.report, "waits", list) or []):
            self.wait(i, wait)
        self.ends = {c["root"].get("id") for c in self.report.get("causes") or ()
                     if isinstance(c, dict) and isinstance(c.get("root"), dict)
                     and c.get("kind") != "deadlock"}
        counts = [self.cause(i, cause) for i, cause in
                  enumerate(self.field("report", self.report, "causes", list) or [])]
        if counts != sorted(counts, reverse=True):
            self.error("causes", f"not in the order of who is blocked: {counts}")
        return self.errors


def check(data):
    """All violations in a report given as bytes."""
    def no_constant(name):
        raise ValueError(f"{name} is no JSON")

    def pairs(items):
        keys = [k for k, _ in items]
        if len(set(keys)) != len(keys):
            raise ValueError(f"a field is there twice: {keys}")
        return dict(items)

    try:
        report = json.loads(data.decode("utf-8"), parse_constant=no_constant,
                            object_pairs_hook=pairs)
    except ValueError as e:
        return [f"report: {e}"]
    return Checker(report).run()


def main(paths):
    if not paths:
        print("usage: check-report.py FILE...", file=sys.stderr)
        return 2
    num = 0
    for path in paths:
        data = sys.stdin.buffer.read() if path == "-" else open(path, "rb").read()
        for error in check(data):
            print(f"{path}: {error}")
            num += 1
    return 1 if num else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
