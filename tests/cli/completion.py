#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Completion for shells, as bash sees it; and that all commands and dcmds are in each of the three

completion.py PROGRAM
"""
import shutil
import subprocess
import sys


def check(what, condition, *more):
    if not condition:
        print('not ok -', what, *more)
        sys.exit(1)
    print('ok -', what)


def script(program, shell):
    return subprocess.run([program, '--dump-completion=' + shell], capture_output=True, check=True,
                          timeout=60).stdout.decode()


def complete(text, *words):
    """What bash offers for the last of the words."""
    quoted = ' '.join("'" + word.replace("'", "'\\''") + "'" for word in words)
    program = (text + f'\nCOMP_WORDS=({quoted})\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n'
               '_inquest\nprintf "%s\\n" "${COMPREPLY[@]}"\n')
    done = subprocess.run(['bash', '--norc', '-c', program], capture_output=True, check=False,
                          timeout=60, cwd='/')
    if done.returncode or done.stderr:
        print('not ok - bash:', done.stderr.decode())
        sys.exit(1)
    return done.stdout.decode().split('\n')[:-1]


def main():
    program = sys.argv[1]
    if not shutil.which('bash'):
        return 77
    text = script(program, 'bash')

    found = complete(text, 'inquest', '')
    check('commands are offered', {'why', 'ps', 'stacks', 'doctor'} <= set(found), found)
    found = complete(text, 'inquest', 'st')
    check('those that begin so', found == ['stack', 'stacks'], found)
    found = complete(text, 'inquest', 'ps', '--so')
    check('a command has its options', found == ['--sort'], found)
    found = complete(text, 'inquest', 'ps', '--')
    check('and those of all', '--json' in found and '--color' in found, found)
    found = complete(text, 'inquest', 'why', '--color', '=', 'al')
    check('an option has its values', found == ['always'], found)
    found = complete(text, 'inquest', 'why', '--color', '=')
    check('all of them', found == ['auto', 'always', 'never'], found)
    found = complete(text, 'inquest', '-c', '/et')
    check('-c takes files', '/etc' in found, found)
    found = complete(text, 'inquest', '-c', '/dump', 'pt')
    check('what -c takes is no command', found == ['ptree'], found)
    found = complete(text, 'inquest', 'help', 'doc')
    check('help takes commands', found == ['doctor'], found)
    found = complete(text, 'inquest', '-k', '-e', '::', 'pid2p')
    check('dcmds are offered', found == ['pid2proc'], found)
    found = complete(text, 'inquest', '-k', '-e', "'0t1::pid2proc | ::findst")
    check('in quotes too', found == ['0t1::pid2proc | ::findstack'], found)
    found = complete(text, 'inquest', '-')
    check('without a command the debugger has its options', '-p' in found and '-e' in found, found)
    found = complete(text, 'inquest', 'stack', '1')
    check('processes are offered', all(pid.isdigit() for pid in found), found)

    for shell in ('bash', 'zsh', 'fish'):
        text = script(program, shell)
        for word in ('why', 'ps', 'ptree', 'doctor', 'sort', 'pid2proc', 'findstack', 'print'):
            check(f'{shell} knows {word}', word in text)
        if shutil.which(shell) and shell != 'bash':
            done = subprocess.run([shell, '-n', '/dev/stdin'], input=text.encode(), check=False,
                                  capture_output=True, timeout=60)
            check(f'{shell} can read it', done.returncode == 0, done.stderr.decode())
    return 0


if __name__ == '__main__':
    sys.exit(main())
