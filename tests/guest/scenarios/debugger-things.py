# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The debugger's tables of things, compared with the guest's own
"""
import re

CI = True
MODULES = ["loop", "ext4", "dm_mod"]


def debug(guest, line):
    """(lines of standard output, complaints)"""
    r = guest.run("inquest -k 2>/run/debug.err <<'END'\n%s\nEND\n" % line, 60)
    err = guest.run("grep -v '^Loading modules' /run/debug.err", 10).out
    complaints = []
    if r.status or err.strip():
        complaints.append("%s: exit status %d, %s" % (line, r.status, err.strip()))
    return r.out.splitlines(), complaints


def table(lines):
    """Rows as lists of words, without the header."""
    return [l.split() for l in lines[1:]]


def modules(guest):
    lines, complaints = debug(guest, "::modules")
    ours = {r[1]: r for r in table(lines)}
    for line in guest.run("cat /proc/modules", 10).out.splitlines():
        name, size, refs, users, state, address = line.split()[:6]
        row = ours.pop(name, None)
        if row is None:
            complaints.append("::modules: no %s" % name)
            continue
        used_by = ",".join(sorted(u for u in users.split(",") if u and u != "-")) or "-"
        ours_by = ",".join(sorted(row[6].split(",")))
        if int(row[2], 16) != int(address, 16) or row[5] != state.lower() or used_by != ours_by:
            complaints.append("::modules: %s, /proc says %s" % (" ".join(row), line))
        if int(row[3]) != int(size) or int(row[4]) != int(refs):
            complaints.append("::modules: size or references of %s, /proc says %s" % (row, line))
    return complaints + ["::modules: %s is not in /proc" % n for n in ours]


def disks(f, guest):
    lines, complaints = debug(guest, "::bdev")
    ours = {r[1]: r for r in table(lines)}
    for line in guest.run("cd /sys/block; for d in *; do echo $d $(cat $d/dev $d/size); done",
                          10).out.splitlines():
        name, dev, sectors = line.split()
        row = ours.get(name)
        # Until v5.10 a device that nobody has opened has no inode.
        if row is None and f.kernel == "5.10":
            continue
        if row is None or row[2] != dev or int(row[3]) != int(sectors) // 2048:
            complaints.append("::bdev: %s, /sys says %s" % (row, line))
    mounts = [r[-1] for r in ours.values()]
    if "/data" not in mounts:
        complaints.append("::bdev: no disk is mounted at /data: %s" % lines)
    return complaints


def mapped(f, guest):
    if f.kernel == "5.10":      # no types of the device mapper
        return []
    lines, complaints = debug(guest, "::dm")
    rows = [r for r in table(lines) if r[2] == "slow"]
    if len(rows) != 1 or rows[0][3] != "SUSPENDED" or rows[0][4] != "linear" or \
            not rows[0][5].startswith("loop"):
        complaints.append("::dm: %s" % lines)
    return complaints


def filesystems(guest):
    lines, complaints = debug(guest, "::fsinfo")
    ours = {(r[2], r[1]): r for r in table(lines)}
    for line in guest.run("cat /proc/1/mountinfo", 10).out.splitlines():
        words = line.split()
        fstype = words[words.index("-") + 1]
        row = ours.get((words[2], fstype))
        if row is None or row[-1] != words[4]:
            complaints.append("::fsinfo: %s, mountinfo says %s" % (row, line))
    return complaints


def files(f, guest):
    lines, complaints = debug(guest, "0t%d::pid2proc | ::pfiles" % f.holder)
    ours = {l.split()[0]: l.split(None, 3)[-1] for l in lines[1:]}
    for line in guest.run("cd /proc/%d/fd; for n in *; do echo $n $(readlink $n); done" % f.holder,
                          10).out.splitlines():
        fd, path = line.split(None, 1)
        # /proc puts a file that is in no directory into the root.
        path = re.sub(r"^/(memfd:.*) \(deleted\)$", r"\1", path)
        if ours.get(fd) != path:
            complaints.append("::pfiles: %s is %s, /proc says %s" % (fd, ours.get(fd), path))
    lines, more = debug(guest, "0t%d::pid2proc | ::fd 7 | ::print struct file f_inode | ::whereopen"
                        % f.holder)
    complaints += more
    if [r[1] for r in table(lines)] != [str(f.holder)]:
        complaints.append("::whereopen: %s" % lines)
    return complaints


def slabs(guest):
    lines, complaints = debug(guest, "::kmastat")
    ours = {}
    for row in table(lines):
        ours.setdefault(row[1], []).append(row)
    seen = 0
    for line in guest.run("cat /proc/slabinfo", 10).out.splitlines()[2:]:
        words = line.split()
        rows = ours.get(words[0])
        if not rows:
            complaints.append("::kmastat: no %s" % words[0])
        # Objects come and go meanwhile.
        elif any(r[2] == words[3] and abs(int(r[4]) - int(words[2])) <= 200 + int(words[2]) // 5
                 for r in rows):
            seen += 1
        else:
            complaints.append("::kmastat: %s, slabinfo says %s" % (rows, line))
    return complaints + ([] if seen > 40 else ["::kmastat: only %d caches are alike" % seen])


def memory(guest):
    lines, complaints = debug(guest, "::memstat")
    ours = {}
    for line in lines[1:]:
        m = re.match(r"\s*(.*?)\s{2,}(\d+)\s", line)
        if m:
            ours[m.group(1)] = int(m.group(2)) * 4
    info = {k: int(v) for k, v in re.findall(r"^(\w+):\s+(\d+) kB",
                                             guest.run("cat /proc/meminfo", 10).out, re.M)}
    for name, key in (("Total", "MemTotal"), ("Free", "MemFree"), ("Slab (reclaimable)", "SReclaimable"),
                      ("Slab (unreclaimable)", "SUnreclaim"), ("of it shmem", "Shmem"),
                      ("Kernel stacks", "KernelStack"), ("Page tables", "PageTables")):
        got = ours.get(name)
        if got is None or abs(got - info[key]) > 4096 + info[key] // 20:
            complaints.append("::memstat: %s is %s kB, meminfo says %d" % (name, got, info[key]))
    return complaints


def others(guest):
    complaints = []
    for line, wanted in (
            ("::msgbuf", r"inquest was here$"),
            ("::cpuinfo -v", r"^\s*0 [0-9a-f]{16} [RI]"),
            ("::cpuinfo -v", r"^\s*1 [0-9a-f]{16} [RI]"),
            ("::timers", r"delayed_work_timer_fn|process_timeout"),
            ("::hrtimers", r"hrtimer_wakeup .*\(sleep\)"),
            ("::taskq -a", r"[0-9a-f]{16} events "),
            ("::walk worker_pool | ::print struct worker_pool cpu", r"cpu = 0x?1$|^cpu = 1$"),
            ("::walk disk | ::print disk_name", r"loop0")):
        lines, more = debug(guest, line)
        complaints += more
        if not any(re.search(wanted, l) for l in lines):
            complaints.append("%s has no %s:\n%s" % (line, wanted, "\n".join(lines[:20])))
    return complaints


def check(f, guest):
    return (modules(guest) + disks(f, guest) + mapped(f, guest) + filesystems(guest) +
            files(f, guest) + slabs(guest) + memory(guest) + others(guest))
