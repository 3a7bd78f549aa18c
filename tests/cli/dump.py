# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What the program says of a real dump, against what others said of the same machine: its own /proc just
before (tasks and their states), and a debugger with full debug information (every frame).
"""

import collections
import gzip
import json
import os
import re
import subprocess
import sys

from inquest import PROGRAM, SKIPPED, dumps, main, run

NAME = os.path.join(dumps(), "k61-n2000")
DUMP = NAME + ".kdump"


def _rows(*words):
    out, err, code = run(*words, "--json", "-c", DUMP)
    assert (code, err) == (0, ""), (words, code, err)
    answer = json.loads(out)
    assert answer["schema"] == "inquest.%s/1" % words[0], answer["schema"]
    return answer["rows"]


def _proc():
    """tid -> (tgid, state, comm), as /proc had it."""
    tasks = {}
    with gzip.open(NAME + ".proc.txt.gz", "rt", encoding="utf-8") as f:
        for line in f:
            if line.startswith("T "):
                _, tid, tgid, state, comm = line.rstrip("\n").split(" ", 4)
                tasks[int(tid)] = (int(tgid), state, comm)
    return tasks


def _debugger():
    """tid -> its line."""
    with gzip.open(NAME + ".stacks.jsonl.gz", "rt", encoding="utf-8") as f:
        return {t["pid"]: t for t in map(json.loads, f)}


def tasks_and_states_are_those_of_proc():
    def plain(comm):
        # What a worker of a work queue is at changes all the time.
        return re.split("[-+]", comm)[0] if comm.startswith("kworker/") else comm

    ours = {r["tid"]: (r["pid"], r["s"], plain(r["comm"]))
            for r in _rows("ps", "-eLo", "pid,tid,s,comm")}
    theirs = {tid: (t[0], t[1], plain(t[2])) for tid, t in _proc().items()}
    assert set(ours) == set(theirs), set(ours) ^ set(theirs)
    # Who took the list was running then, and the dump came a moment later.
    differ = {t: (ours[t], theirs[t]) for t in ours if ours[t] != theirs[t]}
    moved = [t for t in differ if "R" in (differ[t][0][1], differ[t][1][1])]
    assert len(differ) == len(moved) <= 5, differ


def processes_are_the_leaders():
    theirs = sorted({tgid for tgid, _, _ in _proc().values()})
    assert [r["pid"] for r in _rows("ps", "-ef")] == theirs


def frames_are_those_of_the_debugger():
    ours = {r["tid"]: r for r in _rows("stack", "-a") if r["tid"]}
    differ, compared = {}, 0
    for tid, t in _debugger().items():
        if not tid:
            continue
        if not t["frames_valid"]:
            continue
        want = [f["pc"] for f in t["frames"] if not f["inline"]]
        have = [f["address"] for f in ours[tid]["frames"]]
        compared += 1
        if have != want:
            differ[tid] = (t["comm"], have, want)
    assert compared > 2000 and not differ, (compared, len(differ), list(differ.items())[:3])


def zombies_have_no_frames():
    zombies = [r for r in _rows("stack", "-a") if r["state"] == "Z"]
    assert zombies, "there are zombies in this dump"
    for r in zombies:
        assert not r["frames"] and r["why_none"] == "zombie", r


def stacks_count_every_task_once():
    groups = _rows("stacks")
    tids = [tid for g in groups for tid in g["tids"]]
    assert sorted(tids) == sorted(_proc())
    assert all(g["count"] == len(g["tids"]) for g in groups)
    assert [g["count"] for g in groups] == sorted((g["count"] for g in groups), reverse=True)
    theirs = collections.Counter(
        tuple(f["pc"] for f in t["frames"] if not f["inline"])
        for t in _debugger().values() if t["frames_valid"] and t["pid"])
    biggest = max(g["count"] for g in groups)
    assert biggest == max(theirs.values()), (biggest, theirs.most_common(1))


def filters_of_stacks_leave_what_they_name():
    for g in _rows("stacks", "-s", "D"):
        assert g["state"] == "D"
    groups = _rows("stacks", "-f", "futex_wait_queue")
    assert groups
    for g in groups:
        assert "futex_wait_queue" in [f["function"] for f in g["frames"]]
    assert _rows("stacks", "-f", "no_such_function") == []


def the_tree_has_every_process_once_below_its_parent():
    rows = _rows("ptree")
    assert sorted(r["pid"] for r in rows) == sorted({t for t, _, _ in _proc().values()})
    last = {}
    for r in rows:
        last[r["depth"]] = r["pid"]
        if r["depth"]:
            assert last[r["depth"] - 1] == r["ppid"], r
    # A thread stands for its process: own-inode is one of chain's.
    branch = [(r["pid"], r["comm"]) for r in _rows("ptree", "91")]
    assert branch == [(1, "init"), (90, "chain")], branch


def ps_takes_both_languages_and_prints_what_ps_prints():
    out, err, code = run("ps", "-ef", "-c", DUMP)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == "UID          PID    PPID  C STIME TTY          TIME CMD", lines[0]
    assert lines[1].split()[:3] == ["0", "1", "0"], lines[1]
    out = run("ps", "aux", "-c", DUMP)[0]
    assert out.startswith("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n")
    assert "<defunct>" in out
    assert out == run("ps", "-aux", "-c", DUMP)[0]
    out = run("-c", DUMP, "ps", "-p", "1,2", "-o", "pid=,ppid=NUMBER,comm:4,comm")[0]
    assert out == ("         NUMBER COMMAND COMMAND\n"
                   "      1       0 init init\n"
                   "      2       0 kthr kthreadd\n"), out


def wchan_is_the_innermost_function_that_is_not_the_schedulers():
    rows = {r["comm"]: r["wchan"] for r in _rows("ps", "-eLo", "comm,wchan")}
    assert rows["pipe-r"] == "pipe_read", rows["pipe-r"]
    assert rows["futex-w"] == "futex_wait_queue", rows["futex-w"]
    assert rows["zombie"] is None


def a_pid_that_is_not_there_ends_with_status_3():
    for words in (["why"], ["stack"], ["ptree"], ["ps", "-p"]):
        _, err, code = run(*words, "999999", "-c", DUMP)
        assert code == 3 and "999999" in err and err.count("\n") == 1, (words, code, err)


def why_finds_the_locks_that_the_machine_was_made_to_hang_on():
    out, err, code = run("why", "--json", "-c", DUMP)
    assert (code, err) == (1, ""), (code, err)
    report = json.loads(out)
    waits = {w["task"]["tid"]: w for w in report["waits"]}
    # Who waits, for which kind of lock, and who holds it.
    graph = [("wait-pipe2", "mutex", "own-pipe2"), ("own-pipe2", "rwsem", "own-inode"),
             ("wait-inode", "rwsem", "own-inode"), ("wait-fpos", "mutex", "own-inode"),
             ("wait-pipe3", "mutex", "own-pipe3"), ("pi-wait", None, "pi-own"),
             ("flock-ab", "flock", "flock-ba"), ("flock-ba", "flock", "flock-ab")]
    for waiter, lock, holder in graph:
        tids = [tid for tid, (_, _, comm) in _proc().items() if comm == waiter]
        assert tids, waiter
        for tid in tids:
            wait = waits[tid]
            assert lock in (None, wait["on"]["class"]), (waiter, wait["on"])
            assert holder in [h["object"]["name"] for h in wait["holders"]], (waiter, wait["holders"])
    assert [c for c in report["causes"] if c["kind"] == "deadlock" and
            {o["name"] for o in c["chain"] if o["type"] == "task"} == {"flock-ab", "flock-ba"}]
    frozen = [c for c in report["causes"] if c["kind"] == "fs.frozen"]
    assert len(frozen) == 1 and {waits[t]["task"]["comm"] for t in frozen[0]["blocked"]["tids"]} == {
        "frozen-w"}, [c["root"] for c in frozen]
    checker = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "check-report.py")
    r = subprocess.run([sys.executable, checker, "-"], input=out, text=True, capture_output=True,
                       check=False)
    assert r.returncode == 0, r.stdout[:2000]


def a_saved_answer_reads_as_the_first():
    json_out, _, code = run("why", "--json", "-c", DUMP, binary=True)
    text = run("why", "-c", DUMP)
    saved = run("why", "--from", "-", stdin=json_out)
    assert saved == text and saved[2] == code, "the texts differ"
    everything = run("why", "--all", "--from", "-", stdin=json_out)[0]
    assert len(everything) >= len(text[0])


def colours_come_only_when_asked_for():
    plain = run("why", "-c", DUMP)[0]
    assert "\x1b" not in plain
    coloured = run("why", "--color=always", "-c", DUMP)[0]
    assert "\x1b[" in coloured
    assert run("why", "--color=auto", "-c", DUMP, env={"NO_COLOR": "1"})[0] == plain


def stacks_that_nobody_has_are_said_not_to_be_there():
    for words in (["-f", "no_such_function"], ["-m", "no_such_module"]):
        out, err, code = run("stacks", *words, "-c", DUMP)
        assert (out, code) == ("", 0) and words[1] in err, (out, err, code)
    _, err, code = run("why", "-c", DUMP, "99999999")
    assert code == 3 and "ps -eL" in err, (err, code)


def the_stacks_of_a_cut_dump_are_one_note_and_no_causes():
    cut = os.path.join(os.environ.get("TMPDIR", "/tmp"), "inquest-cut-%d.kdump" % os.getpid())
    try:
        with open(DUMP, "rb") as whole, open(cut, "wb") as part:
            part.write(whole.read(os.path.getsize(DUMP) * 9 // 10))
        out, err, code = run("why", "--json", "-c", cut)
        if code == 3:
            return
        report = json.loads(out)
        assert report["complete"] is False
        assert sum("could not be read" in n and "stack" in n for n in report["notes"]) <= 1
        assert not any("unknown place" in c["summary"] for c in report["causes"]), report["causes"]
    finally:
        os.unlink(cut)


def a_dump_cut_off_in_the_middle_is_used_and_said_to_be():
    cut = os.path.join(os.environ.get("TMPDIR", "/tmp"), "inquest-cut-%d.kdump" % os.getpid())
    try:
        with open(DUMP, "rb") as whole, open(cut, "wb") as part:
            part.write(whole.read(os.path.getsize(DUMP) * 9 // 10))
        out, err, code = run("ps", "-e", "-c", cut)
        # Some tasks may be gone; then it says so by its status.
        assert code in (0, 3, 4) and "missing" in err, (code, err, out[:200])
        assert code == 3 or "PID TTY" in out, out[:200]
        out, err, code = run("why", "-c", cut)
        assert code in (1, 3, 4) and "missing" in err, (code, err, out[:200])
        assert code == 3 or "the dump is cut off" in " ".join(out.split()), out[-400:]
    finally:
        os.unlink(cut)


if __name__ == "__main__":
    if not os.path.exists(DUMP):
        print("no %s: INQUEST_DUMPS names the folder" % DUMP)
        sys.exit(SKIPPED)
    _, _err, _code = run("doctor", "-c", DUMP)
    if _code == 3:
        print("%s cannot read kdump-compressed dumps: %s" % (PROGRAM, _err))
        sys.exit(SKIPPED)
    main(globals())
