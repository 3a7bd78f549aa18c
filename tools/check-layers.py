#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Who may include and call whom

    check-layers.py [ROOT [BUILD]]

Reads every #include of src/, modules/ and include/, and compares it with the
tables below: they are the rule, ARCHITECTURE.md only tells about it. Every
violation is printed as file:line; the exit status is 1 if there is one.

A declaration can be lent to a folder below the one that has the function, and
no #include shows it. So the objects of BUILD (ROOT/build) are asked too: what
one of them leaves undefined has to be defined in a folder that it may use.
Where nothing has been built, that is said and not checked.

Three kinds of headers are known:

 - private ones, "FOLDER/x.h" below src/: for the folders that FOLDERS lists;
 - public ones, "inquest/x.h": each has a home, and everyone above that home may
   use it, through however many steps;
 - headers of libraries that only some folders should know.
"""
import json
import os
import re
import subprocess
import sys

# Folder below src/: the folders whose private headers it may include.
BELOW_KERNEL = ['base', 'arch', 'target', 'sym', 'type', 'unwind', 'args']
FOLDERS = {
    'base': [],
    'arch': ['base'],
    'wait': ['base'],
    'out': ['base'],
    'target': ['base', 'arch'],
    'sym': ['base', 'target'],
    'type': ['base', 'target'],
    'unwind': ['base', 'arch', 'target', 'sym', 'type'],
    'args': ['base', 'arch', 'target', 'sym', 'type', 'unwind'],
    'kernel': BELOW_KERNEL,
    'diag': ['base', 'kernel', 'wait', 'out'],
    'shell/language': ['base'],
    'shell/helper': ['base'],
    'shell/run': ['base', 'kernel', 'out', 'shell/language', 'shell/helper'],
    'shell/print': ['base', 'arch', 'kernel', 'out', 'shell/run'],
    'shell/memory': ['base', 'kernel', 'out', 'shell/run', 'shell/print'],
    'shell/house': ['base', 'kernel', 'out', 'shell/run', 'shell/print', 'shell/helper'],
    'shell/terminal': ['base', 'shell/run', 'shell/helper'],
    'shell': ['shell/run', 'shell/print', 'shell/memory', 'shell/house', 'shell/terminal'],
    'cli': BELOW_KERNEL + ['kernel', 'wait', 'out', 'diag', 'shell', 'shell/run', 'shell/helper'],
}

# Public header: the folder that it belongs to.
PUBLIC = {
    'types': 'base',
    'error': 'base',
    'util': 'base',
    'sym': 'sym',
    'type': 'type',
    'stack': 'unwind',
    'session': 'kernel',
    'cache': 'kernel',
    'sleep': 'kernel',
    'task': 'kernel',
    'path': 'kernel',
    'uobject': 'kernel',
    'uspace': 'kernel',
    'files': 'kernel',
    'describe': 'kernel',
    'waitq': 'kernel',
    'explain': 'diag',
    'ram': 'kernel',
    'disk': 'kernel',
    'net-address': 'kernel',
    'groups': 'kernel',
    'storage': 'diag',
    'lock': 'kernel',
    'log': 'kernel',
    'wait': 'wait',
    'out': 'out',
    'names': 'out',
    'dcmd': 'shell/run',
    'module': 'diag',
    'holders': 'diag',
    'server': 'diag',
    'process': 'diag',
}

# Public headers that a lower folder may include for their plain structs, and why.
DATA_ONLY = {
    ('arch', 'stack'): 'struct iq_regs: an architecture fills registers',
    ('diag', 'dcmd'): 'tables of commands: rooms offer them, diag hands them on',
    ('shell/run', 'module'): 'the table of rooms',
    ('out', 'wait'): 'the graph: a report is what it says, in another form',
}

# Tables that are filled in further up than those who go through them, who know their rows' type only.
TABLES = {
    'iq_all_rooms': 'the rooms, listed by the build',
    'iq_shell_parts': 'commands and formats, listed by src/shell/parts.c',
}

# Libraries' headers: the folders that may know them. Others are anybody's.
LIBRARIES = {
    'jansson.h': ['out', 'diag', 'cli'],
    'libelf.h': ['target'],
    'gelf.h': ['target'],
    'elf.h': ['target', 'sym', 'kernel', 'shell'],
    'libkdumpfile/kdumpfile.h': ['target'],
    'libkdumpfile/addrxlat.h': ['target'],
    'histedit.h': ['shell'],
    'capstone/capstone.h': ['arch'],
    'ncurses.h': ['cli'],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def all_below(folder):
    """The folders that this one may use through others too."""
    seen, todo = set(), list(FOLDERS[folder])
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += FOLDERS[name]
    return seen


def check_public(folder, who, header):
    """May `folder` include the public header `header` ("inquest/x.h")?"""
    name = header[len('inquest/'):-len('.h')]
    if name not in PUBLIC:
        return f'{header} has no home: add it to PUBLIC in tools/check-layers.py'
    home = PUBLIC[name]
    if home == folder or home in all_below(folder) or (folder, name) in DATA_ONLY:
        return None
    return f'{who} may not use {header}, which belongs to src/{home}'


def check_src(path, header):
    """src/FOLDER/x.c"""
    folder = os.path.dirname(path)[len('src/'):]
    if folder not in FOLDERS:
        return f'src/{folder} is not in the table of tools/check-layers.py'
    if header.startswith('inquest/'):
        return check_public(folder, 'src/' + folder, header)
    other = os.path.dirname(header)
    if other not in FOLDERS:
        return f'"{header}" is not "FOLDER/name.h" with a folder of src'
    if other != folder and other not in FOLDERS[folder]:
        return f'src/{folder} may not use src/{other} ("{header}")'
    return None


def check_room(root, path, header):
    """modules/NAME/x.c: the public headers and its own folder's."""
    if header.startswith('inquest/'):
        return None
    if '/' not in header and os.path.exists(os.path.join(root, os.path.dirname(path), header)):
        return None
    return f'a room may use inquest/ headers and its own folder only, not "{header}"'


def check_interface(path, header):
    """include/inquest/x.h: by its home."""
    name = os.path.basename(path)[:-len('.h')]
    if name not in PUBLIC:
        return f'{path} has no home: add it to PUBLIC in tools/check-layers.py'
    if not header.startswith('inquest/'):
        return f'a public header may include public headers only, not "{header}"'
    return check_public(PUBLIC[name], path, header)


def check_library(path, header):
    """#include <...>"""
    folders = LIBRARIES.get(header)
    if folders is None or any(path.startswith(f'src/{f}/') for f in folders):
        return None
    return f'<{header}> is for {", ".join("src/" + f for f in folders)} only'


def check(root, path, quoted, angled):
    """What is wrong with this include, or None."""
    if angled:
        return check_library(path, angled)
    if path.startswith('include/'):
        return check_interface(path, quoted)
    if path.startswith('modules/'):
        return check_room(root, path, quoted)
    return check_src(path, quoted)


def sources(root):
    """All C files that the rule is about."""
    for top in ('include', 'src', 'modules'):
        for folder, _, names in sorted(os.walk(os.path.join(root, top))):
            for name in sorted(names):
                if name.endswith(('.c', '.h')):
                    yield os.path.relpath(os.path.join(folder, name), root)


def objects(root, build):
    """The objects of src/ and modules/ that have been built: their file, and the source's path."""
    path = os.path.join(build, 'compile_commands.json')
    if not os.path.exists(path):
        return
    with open(path, encoding='utf-8') as file:
        commands = json.load(file)
    for command in commands:
        folder = command['directory']
        source = os.path.relpath(os.path.join(folder, command['file']), root)
        output = os.path.join(folder, command['output'])
        if not command['output'].startswith('tests/') and os.path.exists(output):
            if source.startswith(('src/', 'modules/')):
                yield output, source


def folder_of(source):
    """src/FOLDER/x.c: FOLDER; modules/NAME/x.c: modules/NAME."""
    folder = os.path.dirname(source)
    return folder[len('src/'):] if folder.startswith('src/') else folder


def symbols(files):
    """Of each object what it defines for others, and what it leaves undefined."""
    out = subprocess.run(['nm', '--format=posix', '--print-file-name', *files], check=True,
                         stdout=subprocess.PIPE, encoding='utf-8').stdout
    defined, undefined = {}, {}
    for line in out.splitlines():
        name, symbol, kind = re.match(r'(.*?): (\S+) (\S)', line).groups()
        if kind in 'Uw':
            undefined.setdefault(name, set()).add(symbol)
        elif kind.isupper():
            defined.setdefault(name, set()).add(symbol)
    return defined, undefined


def is_allowed(folder, symbol, homes, public):
    """May `folder` use this symbol, which the folders `homes` define?"""
    if folder in homes or symbol in TABLES:
        return True
    if folder.startswith('modules/'):
        return symbol in public and not any(home.startswith('modules/') for home in homes)
    return any(home in all_below(folder) for home in homes)


def check_objects(root, build):
    """The number of objects that were read, and of symbols that they should not use."""
    known = dict(objects(root, build))
    if not known:
        return 0, 0
    defined, undefined = symbols(sorted(known))
    homes, public, wrong = {}, set(), 0
    for output, names in defined.items():
        for symbol in names:
            homes.setdefault(symbol, set()).add(folder_of(known[output]))
    for name in os.listdir(os.path.join(root, 'include/inquest')):
        with open(os.path.join(root, 'include/inquest', name), encoding='utf-8') as file:
            public.update(re.findall(r'\biq_\w+', file.read()))
    for output, source in sorted(known.items(), key=lambda item: item[1]):
        folder = folder_of(source)
        for symbol in sorted(undefined.get(output, ())):
            if symbol in homes and not is_allowed(folder, symbol, homes[symbol], public):
                wrong += 1
                print(f'{source}: uses {symbol} of {", ".join(sorted(homes[symbol]))}')
    return len(known), wrong


def main():
    root = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(
        os.path.abspath(__file__))))
    build = sys.argv[2] if len(sys.argv) > 2 else os.path.join(root, 'build')
    num_files = num_wrong = 0
    for path in sources(root):
        num_files += 1
        with open(os.path.join(root, path), encoding='utf-8') as file:
            for number, line in enumerate(file, 1):
                match = INCLUDE.match(line)
                wrong = match and check(root, path, match[1], match[2])
                if wrong:
                    num_wrong += 1
                    print(f'{path}:{number}: {wrong}')
    print(f'{num_files} files, {num_wrong} includes against the layers')
    num_objects, num_calls = check_objects(root, build)
    if num_objects:
        print(f'{num_objects} objects, {num_calls} uses against the layers')
    else:
        print(f'no objects in {build}: what they link against was not checked')
    return 1 if num_wrong or num_calls or not num_files else 0


if __name__ == '__main__':
    sys.exit(main())
