#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What every file of the repository has to be like

An SPDX line, no white space at the ends of lines, a newline at the end, no
path of somebody's own machine, no number of a ticket, in comments of C a blank
after the star that a line begins with. Files of more than 1,000
lines are named, but are no error. Every finding is printed as file:line; the
exit status is 1 if there is an error, 77 (skipped) where git does not list files.

--format checks C files against .clang-format too, if clang-format 14 is installed;
--format=fix rewrites them.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys

MAX_LINES = 1000

# Files without an SPDX line: the licence itself, and formats that have no comments or need none.
NO_SPDX = re.compile(r'^LICENSE$|\.(md|json|txt|golden|out|expected)$|(^|/)\.git'
                     r'|^\.(clang-format|editorconfig|gitignore|gitattributes)$')
# Left alone altogether: what tests compare byte for byte, and binary files.
AS_IS = re.compile(r'^LICENSE$|\.(golden|expected|bin|gz|xz|zst|btf|kdump|elf|png)$|^tests/.*/corpus/')
SPDX = re.compile(r'SPDX-License-Identifier: LGPL-2\.1-or-later')

OWN_PATH = re.compile(r'(?<![\w.*}])/(?:home|work|Users)/[\w.]')
TICKET = re.compile(r'\b(?:issues?|tickets?|pull request|PR)\s+#?\d+\b|\b(?:fixes|closes|see|refs?)\s+#\d+',
                    re.IGNORECASE)
THIS = 'tools/lint-files.py'
COMMENT_OPENS = re.compile(r'^\s*/\*')
STAR_WITHOUT_BLANK = re.compile(r'^\s*\*[^\s*/]')


def listed(root):
    """The files that git knows or would take up, sorted."""
    answer = subprocess.run(['git', '-C', root, 'ls-files', '-z', '--cached', '--others',
                             '--exclude-standard'], capture_output=True, check=False)
    if answer.returncode:
        return None
    return sorted({name for name in answer.stdout.decode().split('\0')
                   if name and os.path.isfile(os.path.join(root, name))})


def check_lines(path, lines):
    """Yields (line, text) of what is wrong in a text file."""
    if not NO_SPDX.search(path) and not any(SPDX.search(line) for line in lines[:5]):
        yield 1, 'no SPDX line among the first five'
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield number, 'white space at the end of the line'
        if path == THIS:
            continue
        if OWN_PATH.search(line):
            yield number, "a path of somebody's own machine"
        if TICKET.search(line):
            yield number, 'a number of a ticket: say what it is about'


def check_comments(lines):
    """Yields (line, text) of comments' lines that lost the blank after their star."""
    inside = False
    for number, line in enumerate(lines, 1):
        if inside and STAR_WITHOUT_BLANK.match(line):
            yield number, 'no blank after the star of a comment'
        if inside or COMMENT_OPENS.match(line):
            inside = '*/' not in line


def check_file(root, path):
    """Prints what is wrong with a file; returns how many errors."""
    with open(os.path.join(root, path), 'rb') as file:
        data = file.read()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ''
    if not text or '\0' in text or AS_IS.search(path):
        return 0
    lines = text.split('\n')
    wrong = list(check_lines(path, lines[:-1] if text.endswith('\n') else lines))
    if path.endswith(('.c', '.h')):
        wrong += check_comments(lines)
    if not text.endswith('\n'):
        wrong.append((len(lines), 'no newline at the end'))
    for number, what in wrong:
        print(f'{path}:{number}: {what}')
    if len(lines) > MAX_LINES:
        print(f'{path}:{len(lines)}: warning: more than {MAX_LINES} lines: look for the second '
              f'noun in it')
    return len(wrong)


def check_format(root, paths, fix):
    """clang-format, of the one version that does not argue with itself."""
    tool = shutil.which('clang-format-14')
    if not tool:
        print('clang-format-14 is not installed: the format was not checked')
        return 0
    sources = [path for path in paths if path.endswith(('.c', '.h'))]
    arguments = ['-i'] if fix else ['--dry-run', '--Werror']
    num_wrong = 0
    for path in sources:
        answer = subprocess.run([tool, '--style=file', *arguments, path], cwd=root,
                                capture_output=True, text=True, check=False)
        if answer.returncode:
            num_wrong += 1
            print(answer.stderr.partition('\n')[0] or path)
    return num_wrong


def main():
    parser = argparse.ArgumentParser(description='Check what every file has to be like.')
    parser.add_argument('root', nargs='?', default=os.path.dirname(os.path.dirname(
        os.path.abspath(__file__))))
    parser.add_argument('--format', nargs='?', const='check', choices=['check', 'fix'])
    options = parser.parse_args()

    paths = listed(options.root)
    if paths is None:
        print('git does not list the files of this folder: not checked')
        return 77
    num_wrong = sum(check_file(options.root, path) for path in paths)
    if options.format:
        num_wrong += check_format(options.root, paths, options.format == 'fix')
    print(f'{len(paths)} files, {num_wrong} errors')
    return 1 if num_wrong else 0


if __name__ == '__main__':
    sys.exit(main())
