# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `why PID` says of those who do not hang: by comm, what the answer has, as text and as
JSON (the wait of the first thread)."""

import json
import re

CI = True

# comm: (in the text, with its lines joined; the system call in words)
TRUTH = {
    "pause": (r"pause, until a signal comes", r"^pause\(\)$"),
    "nanosleep": (r"clock_nanosleep, 11 days left", r"^clock_nanosleep\(CLOCK_REALTIME, 0, \{1000000\.000 s\}, 0\)$"),
    "clock": (r"clock_nanosleep, 11 days left", r"^clock_nanosleep\(CLOCK_MONOTONIC, 0x1, \{\d+\.\d+ s\}, 0\)$"),
    "sigwait": (r"rt_sigtimedwait, until a signal comes", r"^rt_sigtimedwait\(\{[\d, ]+\}, "),
    "sigtimedwait": (r"until a signal comes, at most 11 days left", r"\{1000000\.000 s\}, 8\)$"),
    "sigsuspend": (r"rt_sigsuspend, until a signal comes", r"^rt_sigsuspend\("),
    "signalfd": (r"read of descriptor \d+ \(signalfd\)", r"^read\(\d+ \(signalfd\), 0x\w+, \d+\)$"),
    "timerfd": (r"read of descriptor \d+ \(timer, 11 days left\)", r"^read\("),
    "poll": (r"poll, 1 descriptor: \d+ \(pipe \[\d+\], written by poll \(\d+\)\)", r"^poll\(\[\d+\], 1, -1\)$"),
    "select": (r"p?select6?, 1 descriptor: \d+ \(pipe \[\d+\], written by select \(\d+\)\)", r"^p?select6?\("),
    "epoll": (r"epoll_p?wait, 1 descriptor: \d+ \(epoll of 1 descriptor\)", r"^epoll_p?wait\(\d+ \(epoll of 1 descriptor\), "),
    "eventfd": (r"waits to read eventfd", r"^read\(\d+ \(eventfd[ \d]*, count 0\), "),
    "inotify": (r"read of descriptor \d+ \(inotify\)", r"^read\("),
    "kmsg": (r"read of descriptor \d+ \(/dev/kmsg\)", r"^read\("),
    "mounts": (r"poll, 1 descriptor: \d+ \(/proc/\d+/mountinfo\)", r"^poll\("),
    "pidfd": (r"poll, 1 descriptor: \d+ \(pidfd\)", r"^poll\("),
    "aio": (r"io_getevents, until a request of its own has ended", r"^io_getevents\("),
    "accept": (r"Unix socket @sleepers\.idle", r"^accept\(\d+ \(Unix socket @sleepers\.idle, listening\), 0, 0\)$"),
    "tcp-accept": (r"TCP port \d+", r"^accept\(\d+ \(TCP (127\.0\.0\.1|\*):\d+, listening\), 0, 0\)$"),
    "udp": (r"recvfrom of descriptor \d+ \(UDP 127\.0\.0\.1:\d+\)", r"^recvfrom\("),
    "netlink": (r"recvfrom of descriptor \d+ \(netlink socket\)", r"^recvfrom\("),
    "fifo": (r"of a FIFO, until somebody opens its other end", r"^open(at\(AT_FDCWD, |\()\"/run/fifo\", O_RDONLY"),
    "tty": (r"read of descriptor \d+ \(/dev/pts/\d+\)", r"^read\("),
    "condvar": (r"futex, until another thread wakes it; nothing says which one", r"^futex\(0x\w+, FUTEX_WAIT"),
    "join": (r"joined \(\d+\): is the thread that it joins", r"^futex\(0x\w+, FUTEX_WAIT"),
    "msgrcv": (r"System V message queue", r"^msgrcv\("),
    "wait4": (r"wait4-child \(\d+\): is the child that it waits for; sleeps in ", r"^wait4\(\d+, 0, 0, 0\)$"),
    "spawn": (r"sleep \(\d+\): is the child that it waits for; sleeps in clock_nanosleep, 11 days left", r"^wait4\("),
}


def children(guest, f):
    r = guest.run("for d in /proc/[0-9]*; do sed -n 's/^PPid:[[:space:]]*%d$/x/p' $d/status | "
                  "grep -q x && echo ${d#/proc/} $(cat $d/comm); done" % f.sleepers, 30)
    return {comm: int(pid) for pid, comm in
            (line.split(None, 1) for line in r.out.splitlines() if " " in line)}


def one(text, report, pid, want):
    words, call = want
    waits = {w["task"]["tid"]: w for w in report["waits"]}
    complaints = []
    if report["causes"]:
        complaints.append("there are causes: %s" % [c["summary"] for c in report["causes"]])
    if not re.search(words, text):
        complaints.append("the text has no /%s/: %s" % (words, text))
    if pid not in waits:
        return complaints + ["no wait in the JSON"]
    told = (waits[pid]["syscall"] or {}).get("text")
    if not re.search(call, told or ""):
        complaints.append("the system call is %r, not /%s/" % (told, call))
    if "1 descriptor:" in words and len(waits[pid]["watches"]) != 1:
        complaints.append("its watches are %s" % waits[pid]["watches"])
    return complaints


def check(f, guest):
    found = children(guest, f)
    complaints = ["no process %s" % comm for comm in TRUTH if comm not in found]
    asked = {comm: found[comm] for comm in TRUTH if comm in found}
    r = guest.run("for t in %s; do echo \"== $t\"; inquest why $t; echo $?; inquest why --json $t; done"
                  % " ".join(str(p) for p in asked.values()), 110)
    answers = dict(re.findall(r"^== (\d+)\n(.*?)(?=^== |\Z)", r.out, re.M | re.S))
    for comm, pid in asked.items():
        text, _, rest = answers.get(str(pid), "").partition("\n0\n")
        if not rest:
            complaints.append("%s: no answer, or another exit status: %s" % (comm, text))
            continue
        text = re.sub(r"\s+", " ", text)
        complaints += ["%s: %s" % (comm, c) for c in one(text, json.loads(rest), pid, TRUTH[comm])]
    text = re.sub(r"\s+", " ", guest.run("inquest why %d" % f.stopped_p, 20).out)
    if not re.search(r"is stopped by a signal; kill -CONT %d lets it go on" % f.stopped_p, text):
        complaints.append("the stopped one: " + text)
    return complaints
