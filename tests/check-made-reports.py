#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Have a unit test write its reports, and check them; then spoil one and see that it is noticed

    check-made-reports.py TEST-BINARY
"""
import importlib.util
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("check_report", os.path.join(HERE, "check-report.py"))
check_report = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check_report)


def spoil(report):
    """Spoiled copies, each in one way."""
    def copy():
        return json.loads(json.dumps(report))
    bad = copy()
    del bad["waits"][0]["mode"]
    yield "a field is missing", bad
    bad = copy()
    bad["causes"][0]["root"]["name"] = None
    yield "null where it must not be", bad
    bad = copy()
    bad["causes"][0]["blocked"]["tids"].pop()
    yield "the count is off", bad
    bad = copy()
    bad["causes"][0]["chain"].reverse()
    yield "the chain ends with a task", bad
    bad = copy()
    del bad["causes"][0]["chain"][3:5]
    yield "the chain has a gap", bad
    bad = copy()
    bad["waits"].pop()
    yield "a blocked task has no wait", bad
    bad = copy()
    bad["waits"][0]["on"]["name"] = "something else"
    yield "an object is two things", bad
    bad = copy()
    bad["waits"][0]["state"] = "S+"
    yield "a state of two letters", bad
    bad = copy()
    bad["causes"][0]["evidence"] = []
    yield "no evidence", bad
    bad = copy()
    bad["waits"][0]["task"]["name"] = "\x1b[2J"
    yield "a control character", bad


def main(binary):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([binary], env={**os.environ, "INQUEST_TEST_REPORTS": folder}, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        names = sorted(os.listdir(folder))
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                data = f.read()
            for error in check_report.check(data):
                print(f"{name}: {error}")
                failed += 1
            if name == "incident.json":
                for what, bad in spoil(json.loads(data)):
                    if not check_report.check(json.dumps(bad).encode()):
                        print(f"not noticed: {what}")
                        failed += 1
    print(f"{len(names)} reports checked, {failed} errors")
    return 1 if failed or len(names) < 10 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
