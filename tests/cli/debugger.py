# SPDX-License-Identifier: LGPL-2.1-or-later
"""The debugger from outside: pipes, exit statuses, the rc file, over a real dump."""

import os
import re
import sys
import tempfile

from inquest import SKIPPED, dumps, main, run

DUMP = os.path.join(dumps(), "k61-n2000.kdump")


def _debug(text, *words, home="/nonexistent"):
    return run("-c", DUMP, *words, stdin=text.encode(), env={"HOME": home, "SHELL": "/bin/sh"})


def standard_output_has_nothing_but_what_commands_print():
    out, err, code = _debug("0t100=X\n::echo hello\n")
    assert out == " " * 16 + "64" + " " * 14 + "\nhello\n", out
    assert re.fullmatch(r"Loading modules: \[( \S+)+ \]\n", err), err
    assert code == 0


def a_session_ends_with_its_input_and_complains_on_standard_error():
    out, err, code = _debug("::nosuch\n1=X")
    assert (out.strip(), code) == ("1", 0), (out, code)
    assert "inquest: there is no command ::nosuch" in err, err


def one_shot_tells_how_it_went():
    assert run("-c", DUMP, "-S", "-e", "1=X") == (" " * 16 + "1" + " " * 15 + "\n", "", 0)
    out, err, code = run("-c", DUMP, "-S", "-e", "::nosuch; ::echo on")
    assert (out, code) == ("on\n", 1) and "::nosuch" in err, (out, err, code)
    assert run("-c", DUMP, "-S", "-e", "1 +")[2] == 1
    assert run("-c", DUMP, "-S", "-e", "5$q")[2] == 5


def quitting_gives_the_status():
    assert _debug("3$q\n::echo never\n")[::2] == ("", 3)


def symbols_types_and_memory_are_those_of_the_dump():
    out, _, _ = _debug("init_uts_ns::print struct uts_namespace name.sysname\n"
                       "linux_banner/s\n::status\n")
    assert '"Linux"' in out and "Linux version 6.1." in out, out
    assert "debugging crash dump %s (64-bit)" % DUMP in out, out


def tasks_go_down_a_pipe():
    out, _, code = _debug("::walk task ! wc -l\n::walk task | ::head -1 | ::print struct task_struct pid\n")
    lines = out.split("\n")
    assert int(lines[0]) > 2000 and code == 0, out


def commands_and_files_are_there_though_the_process_is_confined():
    with tempfile.TemporaryDirectory() as home:
        with open(os.path.join(home, ".inquestrc"), "w", encoding="ascii") as f:
            f.write("::echo from the rc file\n5>five\n")
        with open(os.path.join(home, "macro"), "w", encoding="ascii") as f:
            f.write("::echo from the macro\n")
        out, _, _ = _debug("<five=X\n! echo from the shell\n$<macro\n", "-I", home, home=home)
        assert [line.strip() for line in out.splitlines()] == \
            ["from the rc file", "5", "from the shell", "from the macro"], out
        out, _, _ = _debug("::echo bare\n", "-S", home=home)
        assert out == "bare\n", out
        out, err, _ = _debug("! echo never\n", "-o", "nohelper", home=home)
        assert out == "" and "no helper" in err, (out, err)


def who_reads_only_the_start_is_no_trouble():
    command = "'%s' -c '%s' -S -e '::walk task' 2>&1 | head -1" % (sys.argv[1], DUMP)
    with os.popen(command) as f:
        assert re.fullmatch(r"[0-9a-f]{16}\n", f.read())


def closed_descriptors_do_not_confuse_it():
    command = "'%s' -c '%s' -S -e '! echo out; ::echo hello' 2>/dev/null <&- >&-" % (sys.argv[1], DUMP)
    with os.popen(command) as f:
        assert f.read() == ""  # the echo has nowhere to go either
    command = "'%s' -c '%s' -S -e '::echo hello' <&- 2>&-" % (sys.argv[1], DUMP)
    with os.popen(command) as f:
        assert f.read() == "hello\n"


if __name__ == "__main__":
    if not os.path.exists(DUMP):
        sys.exit(SKIPPED)
    main(globals())
