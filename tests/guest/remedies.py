# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What a report advises, tried in a guest

Each scenario's hang is made twice. The first time the commands of the first cause
that cost nothing (risk none and low) are typed in their order: each has to work, and
of those that let something go on one has to end the hang. The second time the kills
are tried: `kill -9` of a task whose wait is said to be ended by it, of one whose wait
is said not to be (after which the report has to say that it was killed), and at last
the kills among the cause's own remedies, which have to end it unless they only say
"if". A command whose program the guest lacks is skipped, and said to be.

Nothing is healed: each try has a guest of its own.
"""

import json
import re
import time
import types

import check
import scenario as scenarios

COMMAND_TIMEOUT = 20
ENDS_WITHIN = 8
NOT_FOUND = 127
# It says itself that it may not help.
ONLY_IF = re.compile(r"if it is a robust one|if its mutex is a robust one|within the kernel|"
                     r"last process that shares")


class Skip(Exception):
    """There is nothing to try."""


class Tries:
    def __init__(self, guest, scenario):
        self.guest, self.scenario = guest, scenario
        self.facts = types.SimpleNamespace(kernel=guest.kernel.name)
        self.complaints, self.told = [], []
        self.report = {}

    def tell(self, text):
        self.told.append(text)

    def complain(self, text):
        self.complaints.append(text)

    def ask(self):
        """The report as it is now; its first cause or None."""
        r = self.guest.run("inquest why --json", scenarios.WHY_TIMEOUT)
        wrong = check.contract(r.out.encode(errors="surrogateescape"))
        if wrong:
            raise scenarios.Broken("the report: %s" % "; ".join(wrong))
        self.report = json.loads(r.out)
        return self.report["causes"][0] if self.report["causes"] else None

    def make(self):
        scenarios.step(self.guest, self.scenario, "make", self.facts)
        if not hasattr(self.scenario.truth, "expect"):
            raise Skip("it asks in a way of its own")
        if not self.scenario.truth.expect(self.facts).get("causes"):
            raise Skip("nothing hangs in it")
        time.sleep(scenarios.AGE)
        cause = self.ask()
        if not cause:
            raise scenarios.Broken("there is no cause to begin with")
        return cause

    def is_there(self, cause):
        """Is it still, or again, in the report?"""
        self.ask()
        return any((c["kind"], c["root"]["id"]) == (cause["kind"], cause["root"]["id"])
                   for c in self.report["causes"])

    def goes_away(self, cause):
        end = time.monotonic() + ENDS_WITHIN
        while self.is_there(cause):
            if time.monotonic() > end:
                return False
            time.sleep(0.5)
        return True

    def type_in(self, remedy):
        """Its exit status; None if it could not be tried."""
        r = self.guest.run("exec </dev/null\n%s\n" % remedy["command"], COMMAND_TIMEOUT)
        said = (r.err or r.out).strip().splitlines()
        if r.status == NOT_FOUND:
            self.tell("skipped, the guest has no such program: %s" % remedy["command"])
            return None
        self.tell("%d: %s%s" % (r.status, remedy["command"],
                                " (%s)" % said[0] if r.status and said else ""))
        return r.status

    def gone(self, pid, within):
        r = self.guest.run(self.scenario.script + "\nuntil_true %d gone %d\n" % (within, pid),
                           within + 20)
        return r.status == 0


def try_commands(t):
    cause = t.make()
    worked = False
    for remedy in cause["remedies"]:
        if remedy["command"] is None or remedy["risk"] not in ("none", "low"):
            continue
        status = t.type_in(remedy)
        if status is None:
            continue
        if status:
            t.complain("ended with %d: %s" % (status, remedy["command"]))
        elif remedy["risk"] == "low":
            worked = True
            if t.goes_away(cause):
                t.tell("that ended it")
                return
    if worked:
        t.complain("no command ended it: %s: %s" % (cause["kind"], cause["summary"]))


def victims(t, cause, killable):
    """Tasks blocked by it, of processes that are in no other role, for which that is said."""
    in_chain = {o.get("pid") for o in cause["chain"][1:] if o["type"] == "task"}
    waits = {w["task"]["tid"]: w for w in t.report["waits"]}
    found = []
    for tid in cause["blocked"]["tids"]:
        w = waits[tid]
        task = w["task"]
        alone = task["pid"] == tid and not any(
            v["task"]["pid"] == tid and v["task"]["tid"] != tid for v in waits.values())
        if (alone and not task["kthread"] and tid != 1 and task["pid"] not in in_chain
                and not w["killed"] and w["killable"] == killable):
            found.append((w["state"] != "D", tid, w))
    return [w for _, _, w in sorted(found, key=lambda f: f[:2])]


def name_of(wait):
    return "%s (%d), state %s" % (wait["task"]["name"], wait["task"]["tid"], wait["state"])


def kill_the_unkillable(t, cause):
    for wait in victims(t, cause, False)[:1]:
        tid = wait["task"]["tid"]
        t.guest.run("kill -9 %d" % tid, COMMAND_TIMEOUT)
        if t.gone(tid, 2):
            t.complain("kill -9 ended %s, of which it is not said" % name_of(wait))
            return
        t.tell("kill -9 does not end %s, as is said" % name_of(wait))
        t.ask()
        if not any(w["task"]["tid"] == tid and w["killed"] for w in t.report["waits"]):
            t.complain("%s was killed, and the report does not say it" % name_of(wait))


def kill_the_killable(t, cause):
    for wait in victims(t, cause, True)[:1]:
        tid = wait["task"]["tid"]
        t.guest.run("kill -9 %d" % tid, COMMAND_TIMEOUT)
        if t.gone(tid, 5):
            t.tell("kill -9 ends %s, as is said" % name_of(wait))
        else:
            t.complain("kill -9 did not end %s, of which it is said" % name_of(wait))


def try_kills(t):
    cause = t.make()
    kill_the_unkillable(t, cause)
    kill_the_killable(t, cause)
    if not t.is_there(cause):
        t.tell("nobody waits for it any more")
        return
    for remedy in cause["remedies"]:
        if not re.match(r"kill( -9)? \d+$", remedy["command"] or ""):
            continue
        t.type_in(remedy)
        if t.goes_away(cause):
            t.tell("that ended it")
            return
        if ONLY_IF.search(remedy["text"]):
            t.tell("it is still there, as may be: %s" % remedy["text"])
        else:
            t.complain("did not end it: %s" % remedy["text"])


TRIES = {"commands": try_commands, "kills": try_kills}


def run(make_guest, scenario, name):
    """One of TRIES in a guest of its own: (state, text)."""
    guest = make_guest()
    t = Tries(guest, scenario)
    try:
        guest.boot()
        TRIES[name](t)
    except Skip as why:
        return "skipped", "  %s" % why
    except (scenarios.Broken, scenarios.GuestError, OSError) as e:
        return "failed", "\n".join(t.told + ["the guest or the scenario failed: %s" % e])
    finally:
        guest.close()
    text = "\n".join(["  " + line for line in t.told] + ["  - " + c for c in t.complaints])
    return "failed" if t.complaints else "passed" if t.told else "skipped", \
        text or "  it advises nothing that could be tried"
