#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
A session at a terminal, through a pseudo-terminal: editing, history, completion, the pager, ^C, ^D

terminal.py PROGRAM DUMP    with DUMP missing it is skipped (exit status 77)
"""
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import sys
import tempfile
import termios
import time

TIMEOUT = 60
CONTROL = re.compile(rb'\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r')


class Failed(Exception):
    pass


class Session:
    def __init__(self, program, dump, home, rows=24):
        self.seen = b''
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            env = dict(os.environ, TERM='xterm', HOME=home, XDG_STATE_HOME=home + '/state')
            os.execvpe(program, [program, '-c', dump], env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, 80, 0, 0))
        self.expect(b'> $')

    def read(self, timeout):
        if not select.select([self.fd], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b''
        self.seen += data
        return bool(data)

    def expect(self, pattern):
        """Wait until what was written since the last time matches; it, without control codes."""
        end = time.monotonic() + TIMEOUT
        while True:
            text = CONTROL.sub(b'', self.seen)
            if re.search(pattern, text, re.S | re.M):
                # A prompt may be followed by more of the same answer.
                while self.read(0.2):
                    pass
                text = CONTROL.sub(b'', self.seen)
                self.seen = b''
                return text
            if time.monotonic() > end or not self.read(0.5) and time.monotonic() > end:
                raise Failed(f'waited for {pattern!r}, got {self.seen[-2000:]!r}')

    def send(self, text):
        os.write(self.fd, text)

    def ask(self, line, pattern=b'^ *> $'):
        self.send(line + b'\n')
        return self.expect(pattern)

    def leave(self):
        self.send(b'\x04')
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            self.read(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        raise Failed('^D did not end it')


def check(what, condition, text=b''):
    if not condition:
        raise Failed(f'{what}: {text!r}')
    print(f'ok - {what}')


def session(program, dump, home):
    s = Session(program, dump, home)
    text = s.ask(b'init_task=J')
    check('a line is run', re.search(rb'ffffffff[0-9a-f]{8}', text), text)

    s.send(b'::pid2pr\t')
    text = s.expect(b'pid2proc $')
    check('the name of a command is completed', b'proc' in text, text)
    s.send(b'\x15')
    s.send(b'::walk tas\t')
    text = s.expect(b'k $')
    check('the name of a walker is completed', True)
    s.send(b'\x15')
    s.send(b'::print struct task_str\t')
    s.expect(b'task_struct $')
    check('the name of a type is completed', True)
    s.send(b'exit_cod\t')
    s.expect(b'exit_code $')
    check('the name of a member is completed', True)
    s.send(b'\x15')
    s.send(b'init_tas\t')
    s.expect(b'init_task')
    check('the name of a symbol is completed', True)
    s.send(b'\x15::msg\x03')
    s.expect(rb'\^C')
    check('^C drops the line', True)

    text = s.ask(b'::dcmds', b'More.*[?] $')
    check('a full screen asks', text.count(b'\n') >= 20, text)
    s.send(b' ')
    s.expect(b'More.*[?] $')
    check('a page more', True)
    s.send(b'q')
    s.expect(b'^ *> $')
    check('q ends the output', True)
    s.ask(b'::dcmds', b'More.*[?] $')
    s.send(b'c')
    text = s.expect(b'^ *> $')
    check('c goes on without asking', text.count(b' - ') > 20, text)
    s.ask(b'::set -o nopager')
    text = s.ask(b'::dcmds')
    check('the pager can be switched off', text.count(b' - ') > 40 and b'More' not in text, text)

    # A command that goes on for long: every address is looked for in all memory.
    s.send(b'0,fffffffff::echo x\n')
    time.sleep(1)
    s.read(0.1)
    s.send(b'\x03')
    s.expect(b'^ *> $')
    text = s.ask(b'1=X')
    check('^C stops a command and not the debugger', re.search(rb'^ +1', text, re.M), text)

    s.ask(b'12345=X')
    s.send(b'\x10\n')
    text = s.expect(b'^ *> $')
    check('the line before comes back', text.count(b'12345') >= 2, text)
    check('^D leaves with status 0', s.leave() == 0)

    with open(home + '/state/inquest/history', encoding='utf-8') as file:
        check('the history is kept', '12345=X\n' in file.read())
    s = Session(program, dump, home)
    s.send(b'\x10\n')
    text = s.expect(b'^ *> $')
    check('the history is there the next time', b'12345' in text, text)
    check('and ^D leaves again', s.leave() == 0)

    # A home that cannot be read: no history, but a debugger.
    os.chmod(home + '/state/inquest/history', 0)
    shutil.rmtree(home + '/state')
    with open(home + '/state', 'w', encoding='utf-8'):
        pass
    s = Session(program, dump, home)
    text = s.ask(b'0t100=X')
    check('without a home it works', b'64' in text, text)
    check('and can be left', s.leave() == 0)


def main():
    program, dump = sys.argv[1:3]
    if not os.path.exists(dump):
        print(f'{dump} is not there: skipped')
        return 77
    home = tempfile.mkdtemp(prefix='inquest-terminal.')
    try:
        session(program, dump, home)
    except Failed as error:
        print(f'not ok - {error}')
        return 1
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
