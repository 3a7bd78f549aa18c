# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The incident in the debugger, line by line

What one line says is what the next one is asked with, as by somebody who reads and types.
"""
import re

CI = True
LIKE = "incident"
MODULES = ["loop", "ext4"]

ADDR = r"[0-9a-f]{16}"
PS = r"S    PID   PPID   PGID    SID  ZONE    UID      FLAGS             ADDR NAME"
HEAD = r"stack pointer for thread %s \(%%s/%%d\): %s" % (ADDR, ADDR)
TOP = r"\[ %s __schedule\+0x[0-9a-f]+\(.*\) \]" % ADDR
FRAME = r"  %s (\? )?[\w.`]+\+0x[0-9a-f]+\(.*\)" % ADDR


class Wrong(Exception):
    """What was said is not what should have been."""


class Session:
    def __init__(self, guest):
        self.guest = guest

    def type(self, lines, status=0):
        """Type lines at `inquest -k`: what it answers."""
        r = self.guest.run("inquest -k <<'END_OF_LINES'\n%s\nEND_OF_LINES\n" % lines, 30)
        complaints = [l for l in r.err.splitlines() if not l.startswith("Loading modules: [")]
        if r.status != status or (complaints and not status):
            raise Wrong("%s: exit status %d, standard error: %s" % (lines, r.status, r.err))
        return r.out

    def want(self, lines, pattern):
        """Its answer has to match, all of it; the match."""
        out = self.type(lines)
        m = re.fullmatch(pattern, out)
        if not m:
            raise Wrong("`%s` said, which is not %r:\n%s" % (lines, pattern, out))
        return m

    def has(self, lines, *patterns):
        """Some line of its answer has to match each of them."""
        out = self.type(lines)
        for pattern in patterns:
            if not re.search("^" + pattern + "$", out, re.M):
                raise Wrong("`%s` said, and no line is %r:\n%s" % (lines, pattern, out))
        return out


def findstack(session, addr, comm, pid, *functions):
    out = session.type("%s::findstack -v" % addr).splitlines()
    for line, pattern in zip(out, [HEAD % (comm, pid), TOP] + [FRAME] * len(out)):
        if not re.fullmatch(pattern, line):
            raise Wrong("findstack of %s said %r, which is not %r" % (comm, line, pattern))
    found = [re.search(r"([\w.]+)\+0x", line).group(1).split(".")[0] for line in out[2:]]
    for function in functions:
        if function not in found:
            raise Wrong("no %s on the stack of %s: %s" % (function, comm, found))


def pid2proc(session, pid):
    return session.want("0t%d::pid2proc" % pid, r"(%s)\n" % ADDR).group(1)


def ps(guest, f):
    r = guest.run("echo '::ps -fz' | inquest -k", 30)
    lines = r.out.splitlines()
    if not lines or not re.fullmatch(PS, lines[0]):
        raise Wrong("::ps -fz began with %r" % lines[:1])
    rows = [l for l in lines if re.search(r"\b%d\b" % f.cat_cmdline, l)]
    want = r"D +%d +\d+ +\d+ +\d+ +0 +0 0x[0-9a-f]{8} %s cat /proc/%d/cmdline" % (
        f.cat_cmdline, ADDR, f.mapper)
    if not any(re.fullmatch(want, row) for row in rows):
        raise Wrong("::ps -fz | grep %d: %s" % (f.cat_cmdline, rows))
    if not re.search(r"\[kthreadd\]$", r.out, re.M):
        raise Wrong("::ps -f: no kernel thread's name in brackets")


def transcript(guest, f):
    s = Session(guest)
    ps(guest, f)
    victim = pid2proc(s, f.cat_cmdline)
    s.want("%s::walk thread" % victim, victim + "\n")
    findstack(s, victim, "cat", f.cat_cmdline, "proc_pid_cmdline_read", "vfs_read")
    user_memory(s, f, victim)
    s.has("::stacks -m ext4", r"THREAD           STATE    SOBJ                COUNT",
          ADDR + r" D        PERCPU_RWSEM            1", r" {17}(ext4`)?ext4_page_mkwrite\+0x.*")
    threads = s.type("0t%d::pid2proc | ::walk thread | ::findstack -v" % f.mapper)
    for comm, tid in (("mapper", f.mapper), ("writer", f.writer), ("unmapper", f.unmapper)):
        if not re.search("^" + HEAD % (comm, tid), threads, re.M):
            raise Wrong("no stack of %s among\n%s" % (comm, threads))
    # What `inquest why` prints, in lines of 80 columns, with addresses and states.
    why = " ".join(s.type("%s::why" % victim).split())
    for pattern in (r"cat \(%d\) at %s in state D waits to read mmap_lock of process %d "
                    % (f.cat_cmdline, victim, f.mapper),
                    r"unmapper \(%d\) at %s in state D" % (f.unmapper, ADDR),
                    r"writer \(%d\) at %s in state D" % (f.writer, ADDR),
                    r"/data.* is frozen"):
        if not re.search(pattern, why):
            raise Wrong("::why says nothing like %r:\n%s" % (pattern, why))
    process(guest, f)
    locks(s, f, victim)
    pipes(s, f)


def user_memory(s, f, victim):
    """Its memory, read without its locks: what it was started with."""
    arg = re.search(r"arg_start = 0x([0-9a-f]+)",
                    s.type("%s::print struct task_struct mm->arg_start" % victim))
    if not arg:
        raise Wrong("no mm->arg_start")
    s.has("%s $p\n%s::print -i char*\n0::context" % (victim, arg.group(1)),
          r"debugger context set to proc %s.*" % victim, r'0x%s "cat"' % arg.group(1))


def process(guest, f):
    """The same one as a user process, which sleeps in D all the while."""
    r = guest.run("echo ::mappings | inquest -p %d" % f.cat_cmdline, 30)
    if r.status or not re.search(r"^ +[0-9a-f]+ +[0-9a-f]+ +[0-9a-f]+ r-xp /\S+$", r.out, re.M):
        raise Wrong("::mappings of process %d: %s%s" % (f.cat_cmdline, r.out, r.err))


def locks(s, f, victim):
    """From the thread to the lock, to who waits for it."""
    lock = re.search(r"^%s (%s) .*mmap_lock of process %d " % (victim, ADDR, f.mapper),
                     s.type("%s::thread -b" % victim), re.M)
    if not lock:
        raise Wrong("::thread -b: " + s.type("%s::thread -b" % victim))
    lock = lock.group(1)
    s.has("%s::rwlock" % lock, r" +HAS_WAITERS -+\+.*", r".*%s \(R\) cat/%d" % (victim, f.cat_cmdline))
    blocked = s.type("%s::walk blocked" % lock).split()
    queue = s.type("%s::walk rwsem_waiters" % lock).split()
    if victim not in blocked or victim not in queue:
        raise Wrong("%s is neither among %s nor among %s" % (victim, blocked, queue))
    s.has("%s::wchaninfo -v" % lock, r"%s rwsem +\d+ +%s .*" % (lock, ADDR))
    s.has("%s::whatthread" % lock, victim)
    # The writer's lock says itself that it is held, and by whom it is wanted.
    s.has("0t%d::pid2proc | ::findlocks" % f.writer,
          r"%s \([\w -]+\) is .*" % ADDR)


def pipes(s, f):
    """The type of what a walker gives is known to who prints it."""
    out = s.type("::walk task | ::print comm pid")
    if not re.search(r'comm = \[ "writer" \]\npid = (0t%d|0x%x|%d)' % (f.writer, f.writer, f.writer),
                     out):
        raise Wrong("::walk task | ::print comm pid: %s" % out[:500])
    s.has("::stacks -t D -s rwlock | ::ps", r"D +%d .* cat" % f.cat_cmdline)
    s.has("::pgrep -x cat | ::walk thread | ::syscall",
          r"%s cat/%d: read\(.*" % (ADDR, f.cat_cmdline))


def check(f, guest):
    try:
        transcript(guest, f)
    except Wrong as e:
        return [str(e)]
    return []
