# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line: help, what is offered for a slip, exit statuses, saved answers."""

import json
import os
import re
import stat
import struct
import tempfile

from inquest import PROGRAM, main, run

# No memory of this machine: where a source is needed it is one that does not open.
NOWHERE = ["--kcore", "/nonexistent/kcore"]
COMMANDS = ["why", "ps", "ptree", "stack", "stacks", "doctor", "help"]

_REPORT = {
    "schema": "inquest.report/1",
    "tool": {"name": "inquest", "version": "0"},
    "taken_at": "2026-11-23T09:00:00.123Z",
    "host": {"name": "h", "kernel": "6.1.0", "arch": "x86_64", "uptime_s": 1.0},
    "source": {"kind": "elf", "path": "/x"},
    "stats": {"tasks": 2, "waiting": 1, "unexplained": 0, "inconsistent": 0, "elapsed_us": 1,
              "bytes_read": 1},
    "causes": [],
    "waits": [],
    "notes": [],
}


def _one_line(err):
    assert err.startswith("inquest: ") and err.count("\n") == 1 and err.endswith("\n"), repr(err)


def _fails(words, status, *texts, stdin=None):
    out, err, code = run(*words, stdin=stdin)
    assert code == status, "%s: status %d: %s" % (words, code, err)
    assert out == "", "%s: said %r" % (words, out)
    _one_line(err)
    for text in texts:
        assert text in err, "%s: %r is not in %r" % (words, text, err)


def help_names_every_command_and_goes_to_standard_output():
    for words in (["--help"], ["-h"], ["help"]):
        out, err, code = run(*words)
        assert (code, err) == (0, ""), (words, err)
        for command in COMMANDS:
            assert re.search(r"^  %s\b" % command, out, re.M), (words, command)


def help_of_a_command_is_the_same_asked_in_three_ways():
    for command in COMMANDS:
        texts = {run("help", command)[0], run(command, "--help")[0], run("--help", command)[0],
                 run("--json", command, "--help")[0]}
        assert len(texts) == 1, command
        assert texts.pop().startswith("usage: inquest %s" % command)


def every_line_of_help_fits_a_terminal():
    for words in [["--help"]] + [["help", c] for c in COMMANDS]:
        for line in run(*words)[0].splitlines():
            assert len(line) < 100, line


def version_is_one_line():
    out, _, code = run("--version")
    assert code == 0 and re.fullmatch(r"inquest \d+\.\d+\.\d+\n", out), out


def the_manual_page_has_every_command():
    out, _, code = run("--dump-man")
    assert code == 0 and out.startswith(".\\\""), out[:40]
    for command in COMMANDS:
        assert "\n.SS %s\n" % command in out, command


def the_debuggers_page_has_its_commands_and_formats():
    out, _, code = run("--dump-man-debugger")
    assert code == 0 and out.startswith(".\\\""), out[:40]
    for word in ("::walk name", "::eval commands", ".SH WALKERS", ".SH FORMATS", "binary"):
        assert word in out, word


def without_a_command_the_debugger_is_meant():
    _fails(["-c", "/nonexistent"], 3, "/nonexistent")
    _fails(["-c", "/nonexistent", "-S", "-e", "::version"], 3, "/nonexistent")
    _fails(["-e", "::version"], 2, "debugger", "-c FILE")
    _fails(["-c", "/nonexistent", "-w"], 2, "inquest reads")
    _fails(["-c", "/nonexistent", "--json"], 2, "--json", "debugger")
    _fails(["-c", "/nonexistent", "-e", "::version", "ps"], 2, "debugger")


def nothing_at_all_is_why():
    bare = run(*NOWHERE)
    assert bare == run(*NOWHERE, "why") and bare[2] == 3, bare
    # An option of why stands for it too.
    _fails(["--longer-than", "2", *NOWHERE], 3, "/nonexistent/kcore")


def a_slip_is_answered_with_what_was_meant():
    _fails(["wyh"], 2, "did you mean why?")
    _fails(["staks"], 2, "did you mean stack")
    _fails(["4711"], 2, "`inquest why 4711`")
    _fails(["why", "--longr-than", "1"], 2, "--longer-than")
    _fails(["--josn"], 2, "--json")
    _fails(["ps", "--srot", "pid"], 2, "--sort")
    _fails(["ps", "-eo", "pid,wchn"], 2, "wchan")
    _fails(["--color=alwys", "why"], 2, "always")
    _fails(["help", "psss"], 2, "unknown command")


def bad_words_end_with_status_2():
    _fails(["why", "abc"], 2, "abc")
    _fails(["why", "-1"], 2)
    _fails(["why", "0"], 2)
    _fails(["why", "--longer-than", "x"], 2, "seconds")
    _fails(["why", "--longer-than", "-1"], 2)
    _fails(["why", "--longer-than", "nan"], 2)
    _fails(["why", "--max-ms"], 2, "--max-ms")
    _fails(["ps", "-p", "x"], 2)
    _fails(["ps", "-p", ""], 2)
    _fails(["ps", "-o", "pid:0"], 2)
    _fails(["stack"], 2)
    _fails(["stacks", "1"], 2, "inquest stack PID")
    _fails(["stacks", "-s", "Q"], 2)
    _fails(["ptree", "1", "2"], 2)
    _fails(["doctor", "x"], 2)
    _fails(["--json=yes", "why"], 2, "no argument")


def control_characters_do_not_come_back():
    _, err, code = run("w\x1b[31mhy\n")
    assert code == 2 and "\x1b" not in err and err.count("\n") == 1, repr(err)


def a_source_that_does_not_open_is_one_line_and_status_3():
    for command in (["why"], ["ps", "-ef"], ["ptree"], ["stack", "1"], ["stacks"]):
        _fails([*command, *NOWHERE], 3, "/nonexistent/kcore")
        _fails([*command, "-c", "/nonexistent/dump"], 3, "/nonexistent/dump")
        _fails(["-c", __file__, *command], 3, __file__)
        _fails([*command, "-c", "/"], 3)
        _fails([*command, "-c", "/dev/null"], 3)


def a_file_cut_to_its_header_is_no_dump():
    with tempfile.NamedTemporaryFile(suffix=".dump") as f:
        for head in (b"", b"\x7fELF", b"\x7fELF\2\1\1" + bytes(57), b"KDUMP   ", b"KDUMP   " + bytes(9000)):
            f.seek(0)
            f.truncate()
            f.write(head)
            f.flush()
            _fails(["why", "-c", f.name], 3, f.name)


def _kdump_header(block=4096, sub=1, bitmaps=32, notes=(0, 0)):
    head = bytearray(8192)
    head[0:8] = b"KDUMP   "
    head[8:12] = struct.pack("<I", 6)
    head[272:278] = b"x86_64"
    head[428:440] = struct.pack("<III", block, sub, bitmaps)
    head[4096 + 48:4096 + 64] = struct.pack("<QQ", *notes)
    return bytes(head)


def a_kdump_whose_header_says_more_than_the_file_has_is_one_line_and_status_3():
    for data in (_kdump_header(), _kdump_header() + bytes(60000), _kdump_header(block=0),
                 _kdump_header(block=3), _kdump_header(sub=0xffffffff),
                 _kdump_header(bitmaps=0xffffffff), _kdump_header()[:440],
                 _kdump_header(notes=(4096, 1 << 60)) + bytes(32 * 4096),
                 _kdump_header(notes=(1 << 63, 100)) + bytes(32 * 4096)):
        with tempfile.NamedTemporaryFile(suffix=".dump") as f:
            f.write(data)
            f.flush()
            _fails(["why", "-c", f.name], 3, f.name)


def doctor_says_what_is_missing_without_a_source():
    out, err, code = run("doctor", *NOWHERE)
    assert code == 3 and "open" in out and "failed" in out and err == "", (out, err, code)
    out, _, code = run("doctor", "--json", *NOWHERE)
    answer = json.loads(out)
    assert answer["schema"] == "inquest.doctor/1" and code == 3
    assert [r for r in answer["rows"] if r["check"] == "open"][0]["result"] == "failed"


def a_saved_answer_is_printed_as_text():
    text, err, code = run("why", "--from", "-", stdin=json.dumps(_REPORT).encode())
    assert code == 0 and err == "" and "6.1.0" in text, (text, err, code)
    again, _, code = run("why", "--from", "-", "--json", stdin=json.dumps(_REPORT).encode())
    assert code == 0 and json.loads(again)["host"] == _REPORT["host"]


def what_is_no_saved_answer_ends_with_status_3():
    _fails(["why", "--from", "/nonexistent"], 3, "/nonexistent")
    _fails(["why", "--from", "/"], 3)
    for text in (b"", b"{", b"[]", b"{}", b'{"schema": "inquest.report/999"}', b"\xff\xfe", b"null",
                 b'{"schema": "inquest.report/1", "causes": [{"kind": 5}]}',
                 b'{"schema": "inquest.report/1", "causes": [7]}',
                 b'{"schema": "inquest.report/1", "notes": 7}'):
        _fails(["why", "--from", "-"], 3, stdin=text)


def no_word_is_dropped_in_silence():
    _fails(["stack", "-a", "1", *NOWHERE], 2, "not both")
    _fails(["why", "--from", "-", "1"], 2, "--from", stdin=json.dumps(_REPORT).encode())


def the_version_is_printed_behind_the_name_of_a_command_too():
    first, _, _ = run("--version")
    for command in COMMANDS:
        out, err, code = run(command, "--version")
        assert (out, err, code) == (first, "", 0), (command, out, err, code)


def an_answer_that_is_not_complete_does_not_begin_with_nothing_hangs():
    report = {**_REPORT, "complete": False, "notes": ["the time was up"]}
    text, _, _ = run("why", "--from", "-", stdin=json.dumps(report).encode())
    assert "Nothing hangs" not in text and "Nothing was found to hang, but" in text, text


def whoever_stops_reading_is_no_error():
    # A shell's pipe to something that reads nothing.
    code = os.system("'%s' --help | true" % PROGRAM)
    assert code == 0, code
    out = os.popen("'%s' --dump-man 2>&1 >&- ; echo $?" % PROGRAM).read()
    assert "standard output" in out and out.endswith("3\n"), out


def the_program_is_not_setuid():
    assert not os.stat(PROGRAM).st_mode & (stat.S_ISUID | stat.S_ISGID)


if __name__ == "__main__":
    main(globals())
