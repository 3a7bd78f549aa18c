# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The debugger's lists of tasks, compared with /proc's

/proc is read before and after; only tasks that stayed as they were count.
"""
import re

CI = True
LIKE = "tasks-vs-proc"
MODULES = ["loop", "ext4"]
# A task or two may be caught in the act.
MOVING = 2

# Of every thread: pid tid comm, then the rest of /proc/PID/task/TID/stat.
READ = r"""
for t in /proc/[0-9]*/task/[0-9]*; do
    p=${t#/proc/}; echo "${p%%/*} $(cat $t/stat 2>/dev/null)"
done
for p in /proc/[0-9]*; do
    echo "UID ${p#/proc/} $(sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' $p/status 2>/dev/null)"
done
"""
ROW = re.compile(r"^(\S) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) 0x([0-9a-f]{8}) ([0-9a-f]{16}) (.*)$")


class Task:
    def __init__(self, tgid, line, uids):
        self.tgid, self.tid = tgid, int(line.split()[0])
        self.comm, _, rest = line.partition("(")[2].rpartition(")")
        rest = rest.split()
        self.state, self.ppid, self.pgid, self.sid = rest[0], *map(int, rest[1:4])
        self.flags = int(rest[6])
        self.switches = rest[11:13] + rest[36:37]
        self.uid = uids.get(tgid)


def proc_tasks(text):
    uids = {int(p): int(u) for p, u in re.findall(r"^UID (\d+) (\d+)$", text, re.M)}
    found = {}
    for line in text.splitlines():
        m = re.match(r"(\d+) (\d+ \(.*)$", line)
        if m:
            t = Task(int(m.group(1)), m.group(2), uids)
            found[t.tid] = t
    return found


def same(a, b):
    return vars(a) == vars(b)


def ask(guest, lines):
    r = guest.run("inquest -k <<'END_OF_LINES'\n%s\nEND_OF_LINES\n" % lines, 30)
    if r.status or [l for l in r.err.splitlines() if not l.startswith("Loading modules: [")]:
        raise ValueError("%s: exit status %d\n%s" % (lines, r.status, r.err))
    return r.out


def ps_complaints(out, tasks):
    rows = {}
    for line in out.splitlines()[1:]:
        m = ROW.match(line)
        if not m:
            raise ValueError("::ps: a line %r" % line)
        rows[int(m.group(2))] = m
    for tid, t in tasks.items():
        if t.tid != t.tgid:
            continue
        m = rows.get(tid)
        if not m:
            yield "::ps: no process %d (%s)" % (tid, t.comm)
            continue
        said = (m.group(1), *map(int, m.group(3, 4, 5, 6)), int(m.group(7), 16), m.group(9))
        # /proc/PID/stat shows a work queue behind the name of its worker.
        comm = re.sub(r"[-+].*", "", t.comm) if t.comm.startswith("kworker/") else t.comm
        if comm != t.comm:
            said = said[:-1] + (re.sub(r"[-+].*", "", said[-1]),)
        truth = (t.state, t.ppid, t.pgid, t.sid, t.uid, t.flags, comm[:15])
        if said != truth:
            yield "::ps: %d: %s, /proc says %s" % (tid, said, truth)


def tree_complaints(out, tasks, addrs):
    """By the indentation: everybody below its parent."""
    line, parents = [], {}
    for text in out.splitlines():
        m = re.match(r"( *)([0-9a-f]{16})  ", text)
        if not m:
            raise ValueError("::ptree: a line %r" % text)
        depth = len(m.group(1))
        line[depth:] = [m.group(2)]
        parents[m.group(2)] = line[depth - 1] if depth else None
    for tid, t in tasks.items():
        if t.tid != t.tgid or tid not in addrs:
            continue
        if addrs[tid] not in parents:
            yield "::ptree: no %d (%s)" % (tid, t.comm)
        elif parents[addrs[tid]] != addrs.get(t.ppid):
            yield "::ptree: %d (%s) is below %s, not below %d" % (
                tid, t.comm, parents[addrs[tid]], t.ppid)


def thread_complaints(out, tasks):
    """::thread -ip of all: state and flags of every thread."""
    rows = {}
    for text in out.splitlines()[1:]:
        words = text.split()
        # ADDR STATE FLG PFLG SFLG PRI EPRI CLS PIL INTR PROC LWP CRED
        if len(words) == 13 and words[11] != "0":
            rows[int(words[11])] = words
    for tid, t in tasks.items():
        if tid not in rows:
            yield "::thread: no thread %d (%s)" % (tid, t.comm)
        elif rows[tid][1][0] != t.state or int(rows[tid][3], 16) != t.flags:
            yield "::thread: %d: %s, /proc says %s and %x" % (tid, rows[tid], t.state, t.flags)


def stack_complaints(out, tasks):
    """Every thread is in one group."""
    counts = [int(m) for m in re.findall(r"^[0-9a-f]{16} \S+ +\S+ +(\d+)$", out, re.M)]
    if abs(sum(counts) - len(tasks)) > 10:
        yield "::stacks: %d threads in all, /proc has %d" % (sum(counts), len(tasks))


def look(guest):
    before = proc_tasks(guest.run(READ, 30).out)
    ps = ask(guest, "::ps")
    tree = ask(guest, "::ptree")
    threads = ask(guest, "::thread -ip")
    stacks = ask(guest, "::stacks")
    walked = ask(guest, "::walk task | ::print pid tgid")
    after = proc_tasks(guest.run(READ, 30).out)
    tasks = {t: v for t, v in before.items() if t in after and same(v, after[t])}
    if len(tasks) < 80:
        return ["only %d of %d tasks did not move" % (len(tasks), len(before))]
    addrs = {int(m.group(2)): m.group(8) for m in map(ROW.match, ps.splitlines()) if m}
    complaints = list(ps_complaints(ps, tasks))
    complaints += tree_complaints(tree, tasks, addrs)
    complaints += thread_complaints(threads, tasks)
    complaints += stack_complaints(stacks, before)
    if not walked.count("\npid = ") + 1 == walked.count("tgid = ") >= len(tasks):
        raise ValueError("::walk task | ::print pid tgid: %d tasks" % walked.count("tgid = "))
    return complaints


def check(_, guest):
    for _ in range(3):
        try:
            complaints = look(guest)
        except (ValueError, KeyError, TypeError) as e:
            return ["%s: %s" % (type(e).__name__, e)]
        if len(complaints) <= MOVING:
            return []
    return complaints[:40]
