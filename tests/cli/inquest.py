# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the program share: run it, and never on this machine's own memory."""

import os
import subprocess
import sys

SKIPPED = 77
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "inquest"


def run(*words, stdin=None, env=None, binary=False):
    """Run it; standard output, standard error and the status."""
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC0", **(env or {})}
    for name in ("NO_COLOR", "COLUMNS"):
        if name not in (env or {}):
            environment.pop(name, None)
    r = subprocess.run([PROGRAM, *words], input=stdin, capture_output=True, check=False,
                       env=environment, timeout=120)
    if binary:
        return r.stdout, r.stderr, r.returncode
    return r.stdout.decode("utf-8"), r.stderr.decode("utf-8"), r.returncode


def dumps():
    return os.environ.get("INQUEST_DUMPS") or os.environ.get("IQ_DEFAULT_DUMPS", "")


def main(tests):
    """Run what is in the module: functions whose names are the sentences that they prove."""
    failed = 0
    for name, fn in list(tests.items()):
        if not callable(fn) or name.startswith("_") or getattr(fn, "__module__", "") != "__main__":
            continue
        try:
            fn()
            print("ok      %s" % name)
        except AssertionError as e:
            failed += 1
            print("FAILED  %s\n%s" % (name, e))
    sys.exit(1 if failed else 0)
