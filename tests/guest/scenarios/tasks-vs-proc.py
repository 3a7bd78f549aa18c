# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Tasks and stacks, compared with /proc's

/proc is read before and after; only tasks that did not run meanwhile count.
Stacks are compared by address: /proc prints names and offsets, and a place
may have several names. The kernel leaves scheduler and lock functions out.
"""
import json
import re

CI = True
MODULES = ["loop", "ext4"]
# A task or two may be caught in the act.
MOVING = 2
PS_COLUMNS = ["pid", "lwp", "ppid", "uid", "nlwp", "s", "comm"]


def proc_tasks(text):
    """{tid: (status fields, [(function, offset, module)])}"""
    tasks = {}
    for part in re.split(r"^== ", text, flags=re.M)[1:]:
        head, _, rest = part.partition("\n")
        status, _, stack = rest.partition("-- stack\n")
        fields = dict(re.findall(r"^(\w+):\s*(.*)$", status, re.M))
        if "State" not in fields:
            continue
        fields["tgid"] = int(head.split()[0])
        frames = re.findall(r"^\[<[0-9a-f]+>\] (\S+)\+0x([0-9a-f]+)/0x[0-9a-f]+(?: \[(\S+)\])?$",
                            stack, re.M)
        tasks[int(head.split()[1])] = (fields, [(n, int(o, 16), m) for n, o, m in frames])
    return tasks


def same(a, b):
    """Did the task stay where it was?"""
    return a[1] == b[1] and all(a[0].get(k) == b[0].get(k) for k in (
        "State", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"))


def column(row, *names):
    """A row's value by any of its names, however they are spelled."""
    low = {k.lower(): v for k, v in row.items()}
    for name in names:
        if name in low:
            return low[name]
    raise KeyError("no column %s among %s" % ("/".join(names), sorted(row)))


def comm_differs(ours, proc):
    """/proc puts a work queue behind a kworker's name."""
    if proc.startswith("kworker/"):
        proc = re.sub(r"[-+].*", "", proc)
        ours = re.sub(r"[-+].*", "", ours)
    return ours != proc


def json_of(guest, command):
    r = guest.run(command, 30)
    if r.status:
        raise ValueError("%s: exit status %d\n%s" % (command, r.status, r.err))
    return json.loads(r.out)


def task_complaints(rows, tasks):
    ours = {int(column(r, "lwp", "tid")): r for r in rows}
    for tid in sorted(set(tasks) - set(ours)):
        yield "ps: no task %d (%s)" % (tid, tasks[tid][0]["Name"])
    for tid, (fields, _) in sorted(tasks.items()):
        row = ours.get(tid)
        if row is None:
            continue
        for ours_value, proc_value, what in (
                (int(column(row, "pid", "tgid")), fields["tgid"], "pid"),
                (int(column(row, "ppid")), int(fields["PPid"]), "ppid"),
                (int(column(row, "uid")), int(fields["Uid"].split()[1]), "uid"),
                (str(column(row, "s", "state", "stat"))[:1], fields["State"][:1], "state")):
            if ours_value != proc_value:
                yield "ps: task %d (%s): %s %s, /proc says %s" % (
                    tid, fields["Name"], what, ours_value, proc_value)
        if comm_differs(str(column(row, "comm", "command", "cmd")), fields["Name"]):
            yield "ps: task %d: comm %r, /proc says %r" % (
                tid, column(row, "comm", "command", "cmd"), fields["Name"])


def symbols(text):
    """({(name, module): {addresses}}, [hidden ranges])"""
    found = {}
    for addr, name, module in re.findall(r"^([0-9a-f]+) \S (\S+)(?:\s+\[(\S+)\])?$", text, re.M):
        found.setdefault((name, module), set()).add(int(addr, 16))
    hidden = []
    for first, last in (("__sched_text_start", "__sched_text_end"),
                        ("__lock_text_start", "__lock_text_end")):
        if (first, "") in found and (last, "") in found:
            hidden.append((min(found[first, ""]), max(found[last, ""])))
    return found, hidden


def address_of(frame):
    a = column(frame, "address", "addr", "pc")
    return int(a, 16) if isinstance(a, str) else a


def stack_complaints(rows, tasks, kallsyms):
    names, hidden = symbols(kallsyms)
    ours = {int(column(r, "tid", "lwp", "pid")): r for r in rows}
    for tid, (fields, stack) in sorted(tasks.items()):
        if fields["State"][0] == "Z":
            if tid in ours and column(ours[tid], "frames", "stack"):
                yield "stack: frames of a zombie, %d" % tid
            continue
        if tid not in ours:
            yield "stack: none of task %d (%s)" % (tid, fields["Name"])
            continue
        frames = [f for f in column(ours[tid], "frames", "stack") or []
                  if not any(a <= address_of(f) - 1 < b for a, b in hidden)]
        places = [{a + offset for a in names.get((name, module), ())} for name, offset, module in stack]
        if len(frames) != len(places) or \
                not all(address_of(f) in p for f, p in zip(frames, places)):
            yield "stack: task %d (%s): %s, /proc says %s" % (
                tid, fields["Name"],
                " < ".join("%s+%#x" % (f.get("function"), f.get("offset") or 0) for f in frames),
                " < ".join("%s+%#x" % f[:2] for f in stack))


def procps_complaints(guest, tasks):
    """The same rows as procps' ps prints."""
    def rows(program):
        r = guest.run("%s -eL -o %s" % (program, ",".join(PS_COLUMNS)), 30)
        if r.status:
            raise ValueError("%s: exit status %d\n%s" % (program, r.status, r.err))
        table = [line.split(None, len(PS_COLUMNS) - 1) for line in r.out.splitlines()[1:]]
        return {int(t[1]): t for t in table if int(t[1]) in tasks}
    ours, procps = rows("inquest ps"), rows("/usr/bin/ps")
    for tid in sorted(set(procps) - set(ours)):
        yield "ps -eL: no row of task %d" % tid
    for tid, row in sorted(procps.items()):
        mine = ours.get(tid, row)
        if mine[:-1] != row[:-1] or comm_differs(mine[-1].strip(), row[-1].strip()):
            yield "ps -eL: task %d: %s, procps says %s" % (tid, mine, row)


# Whole lines, with their blanks: what does not change while it is looked at. The pid is in the
# column of that number. Users are numbers: inquest asks no name service.
LINES = [(2, "axj"), (1, "-ejH"), (1, "-e --forest"), (1, "-eo pid,uid:7,args:30,comm:8,ppid"),
         (2, "-eLo ppid,tid,stat,ni,pri,opri,rtprio,cls,f,lstart,stime,start,vsz,rss,sz,tname,nlwp,args"),
         (1, "ax -o pid,min_flt,maj_flt,pgid,sess,tpgid,ucmd --sort -pid")]


def line_complaints(guest, tasks):
    """The same lines as procps' ps prints."""
    for place, words in LINES:
        def rows(program):
            r = guest.run("%s %s" % (program, words), 30)
            if r.status:
                raise ValueError("%s %s: exit status %d\n%s" % (program, words, r.status, r.err))
            lines = r.out.splitlines()
            found = {0: lines[0].rstrip()}
            for line in lines[1:]:
                line = re.sub(r"(kworker/[^R+\] -]*)[-+][^ \]]*", r"\1", line)
                found[int(line.split()[place - 1])] = line.rstrip()
            return {k: v for k, v in found.items() if not k or k in tasks}
        ours, procps = rows("inquest ps"), rows("/usr/bin/ps")
        if [k for k in ours if k in procps] != [k for k in procps if k in ours]:
            yield "ps %s: not in the same order" % words
        for tid, line in procps.items():
            if ours.get(tid) != line:
                yield "ps %s: %r, procps says %r" % (words, ours.get(tid), line)


def look(guest):
    """One comparison: complaints."""
    before = proc_tasks(guest.run("role tasks", 30).out)
    ps = json_of(guest, "inquest ps -eL -o %s --json" % ",".join(PS_COLUMNS))
    stack = json_of(guest, "inquest stack -a --json")
    after = proc_tasks(guest.run("role tasks", 30).out)
    tasks = {t: v for t, v in before.items() if t in after and same(v, after[t])}
    if len(tasks) < 80:
        return ["only %d of %d tasks did not move" % (len(tasks), len(before))]
    complaints = list(task_complaints(ps["rows"], tasks))
    complaints += stack_complaints(stack["rows"], tasks, guest.get("/proc/kallsyms").decode())
    complaints += procps_complaints(guest, tasks)
    return complaints + list(line_complaints(guest, tasks))


def check(_, guest):
    for _ in range(3):
        try:
            complaints = look(guest)
        except (ValueError, KeyError, TypeError) as e:
            return ["%s: %s" % (type(e).__name__, e)]
        # What is wrong is wrong again; what moved is not.
        if len(complaints) <= MOVING:
            return []
    return complaints[:40]
