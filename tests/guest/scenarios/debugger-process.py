# SPDX-License-Identifier: LGPL-2.1-or-later
"""
inquest -p PID, compared with /proc/PID
"""
CI = True


def debug(guest, options, lines):
    """Lines of standard output, and complaints."""
    r = guest.run("inquest %s 2>/run/debug.err <<'END'\n%s\nEND\n" % (options, lines), 60)
    err = guest.run("grep -v '^Loading modules' /run/debug.err", 10).out.strip()
    return r.out.splitlines(), [err] if err or r.status else []


def mappings(guest, pid):
    lines, complaints = debug(guest, "-p %d" % pid, "::mappings")
    ours = []
    for line in lines[1:]:
        words = line.split()
        ours.append((int(words[0], 16), int(words[1], 16), words[3], words[4] if words[4:] else ""))
    theirs = []
    for line in guest.run("cat /proc/%d/maps" % pid, 10).out.splitlines():
        words = line.split()
        start, end = (int(w, 16) for w in words[0].split("-"))
        if start < 1 << 47:
            theirs.append((start, end, words[1], words[5] if words[5:] else ""))
    if [m[:3] for m in ours] != [m[:3] for m in theirs]:
        complaints.append("::mappings: %s, /proc has %s" % (ours, theirs))
    for a, b in zip(ours, theirs):
        if b[3].startswith("/") and a[3] != b[3] or b[3] in ("[stack]", "[heap]") and a[3] != b[3]:
            complaints.append("::mappings: %s, /proc has %s" % (a, b))
    return complaints


def registers(guest, pid):
    words = guest.run("cat /proc/%d/syscall" % pid, 10).out.split()
    lines, complaints = debug(guest, "-p %d" % pid, "$r\n$C")
    text = "\n".join(lines)
    for name, value in (("rsi", words[2]), ("rsp", words[7]), ("rip", words[8])):
        if "%%%s = 0x%016x" % (name, int(value, 16)) not in text:
            complaints.append("$r: %%%s is not %s: %s" % (name, value, text))
    if "%016x" % int(words[7], 16) not in text:
        complaints.append("$C does not begin at %s: %s" % (words[7], text))
    return complaints


def memory(guest, pid):
    complaints = []
    lines, more = debug(guest, "-k", "0t%d::pid2proc | ::context\n"
                        "0t%d::pid2proc | ::print struct task_struct mm->arg_start" % (pid, pid))
    complaints += more
    if not lines or "debugger context set to proc" not in lines[0]:
        return complaints + ["::context: %s" % lines]
    start = int(lines[1].split("=")[1], 16)
    lines, more = debug(guest, "-p %d" % pid, "%x/s\n%x::print -i char*" % (start, start))
    complaints += more
    if len(lines) < 2 or "cat" not in lines[0] or '"cat"' not in lines[1]:
        complaints.append("arguments: %s" % lines)
    lines, more = debug(guest, "-k", "0t2::pid2proc | ::context\n1234::context\n1=X")
    if len(more) != 1 or "kernel thread" not in more[0] or "not a task_struct" not in more[0]:
        complaints.append("what is no process: %s, %s" % (lines, more))
    return complaints


def check(f, guest):
    pid = f.reader
    complaints = mappings(guest, pid) + registers(guest, pid) + memory(guest, pid)
    state = guest.run("grep State /proc/%d/status" % pid, 10).out
    if "S (sleeping)" not in state:
        complaints.append("it was disturbed: %s" % state)
    return complaints
