# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Is a report right about a scenario?

expected(report, expectation) returns a list of complaints, each a sentence; none
is good. What every report owes its readers is check-report.py's business.

An expectation is a dict; all of its keys may be left out:

    causes      [CAUSE, ...]: exactly these, in any order
    waits       {tid: pattern}: these waits are there and match
    notes       [pattern, ...]: each of them is found in a note
    no_notes    [pattern, ...]: none of them is

and of a CAUSE:

    kind, root, certainty, ...     patterns for the field of that name
    blocked     the set of tids that wait for it, all of them
    may_block   tids that may be among them as well
    at_least    how many are blocked at the least
    chain       patterns of objects that the chain has in this order, others between them
    circle      a pattern for the chain as a whole: a deadlock's may begin anywhere

A pattern is a value to be equal to; a dict: these keys match; a set: one of
these; a compiled regular expression: it is found in there; a function: true.
"""

import importlib.util
import os
import re

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def load(name, path):
    """A module from a file whose name is none that `import` takes."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


contract = load("check_report", os.path.join(TESTS, "check-report.py")).check


def matches(pattern, value):
    if isinstance(pattern, dict):
        return isinstance(value, dict) and \
            all(k in value and matches(p, value[k]) for k, p in pattern.items())
    if isinstance(pattern, (set, frozenset)):
        return value in pattern
    if isinstance(pattern, re.Pattern):
        return isinstance(value, str) and pattern.search(value) is not None
    if callable(pattern):
        try:
            return bool(pattern(value))
        except TypeError:       # null where a number should be, say
            return False
    return pattern == value


def show(pattern):
    return pattern.pattern if isinstance(pattern, re.Pattern) else repr(pattern)


def cause_complaints(cause, want):
    complaints = []
    for name, pattern in want.items():
        if name == "blocked":
            got = set(cause["blocked"]["tids"])
            extra = got - set(pattern) - set(want.get("may_block", ()))
            if set(pattern) - got:
                complaints.append("not blocked, but should be: %s" % sorted(set(pattern) - got))
            if extra:
                complaints.append("blocked, but should not be: %s" % sorted(extra))
        elif name == "at_least":
            if cause["blocked"]["count"] < pattern:
                complaints.append("%d are blocked, not at least %d" %
                                  (cause["blocked"]["count"], pattern))
        elif name == "chain":
            rest = list(cause["chain"])
            for step in pattern:
                while rest and not matches(step, rest[0]):
                    rest.pop(0)
                if not rest:
                    complaints.append("the chain %s has no %s where it should" %
                                      (" > ".join(o["id"] for o in cause["chain"]), step))
                    break
                rest.pop(0)
        elif name == "circle":
            if not matches(pattern, cause["chain"]):
                complaints.append("the chain %s is not that circle" %
                                  " > ".join(o["id"] for o in cause["chain"]))
        elif name != "may_block" and not matches(pattern, cause.get(name)):
            complaints.append("%s is %r, not %s" % (name, cause.get(name), show(pattern)))
    return complaints


def expected(report, want):
    """Complaints about what is not as the scenario made it."""
    complaints = []
    if "causes" in want:
        left = list(report["causes"])
        for i, pattern in enumerate(want["causes"]):
            if not left:
                complaints.append("no cause for: %s" % pattern.get("kind"))
                continue
            # The one that fits best, so that the complaints are about the right one.
            best = min(left, key=lambda c: (c["kind"] != pattern.get("kind"),
                                            len(cause_complaints(c, pattern))))
            left.remove(best)
            complaints += ["cause %d (%s, %s): %s" % (i + 1, best["kind"], best["root"]["name"], c)
                           for c in cause_complaints(best, pattern)]
        complaints += ["a cause that is none: %s, %s: %s" %
                       (c["kind"], c["root"]["name"], c["summary"]) for c in left]
    complaints += ["no note %s in %s" % (show(p), report["notes"]) for p in want.get("notes", ())
                   if not any(matches(p, note) for note in report["notes"])]
    complaints += ["a note that should not be there: %s" % note for note in report["notes"]
                   if any(matches(p, note) for p in want.get("no_notes", ()))]
    waits = {w["task"]["tid"]: w for w in report["waits"]}
    for tid, pattern in want.get("waits", {}).items():
        if tid not in waits:
            complaints.append("no wait of task %d" % tid)
        elif not matches(pattern, waits[tid]):
            brief = {k: v for k, v in waits[tid].items() if k != "stack"}
            complaints.append("the wait of task %d is %s, not %s" % (tid, brief, pattern))
    return complaints
