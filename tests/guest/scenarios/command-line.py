# SPDX-License-Identifier: LGPL-2.1-or-later

# (command, exit status, what is in its output, lines on standard error or None for any)
CASES = [
    ("inquest", 0, "", 0),
    ("inquest why {sleeper}", 0, "sleep", 0),
    ("inquest why 4000000", 3, "", 1),
    ("inquest whi", 2, "", 1),
    ("inquest why --jsn", 2, "", 1),
    ("inquest -c /etc/passwd why", 3, "", 1),
    ("inquest -c /nowhere why", 3, "", 1),
    ("su alice -c 'inquest why'", 3, "", 1),
    # Addresses are hidden from everybody: they are in memory all the same.
    ("echo 2 >/proc/sys/kernel/kptr_restrict; inquest why", 0, "", 0),
]


CI = True


def check(f, guest):
    complaints = []
    for command, status, text, lines in CASES:
        command = command.format(**vars(f))
        r = guest.run(command, 30)
        if r.status != status or text not in r.out or \
                (lines is not None and len(r.err.splitlines()) != lines):
            complaints.append("`%s`: exit status %d, not %d; output: %s; standard error: %s" % (
                command, r.status, status, r.out[:300], r.err))
    return complaints
