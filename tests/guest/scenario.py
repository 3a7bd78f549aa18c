# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Scenarios: hangs with a known truth

scenarios/NAME.sh makes the hang in a guest (make), proves that it is real, says
who takes part (FACT name=number) and ends it (heal); lib.sh stands in front of it.
scenarios/NAME.py says what is true of it:

    MODULES = ["loop"]      kernel modules that it needs
    TOOLS = ["mkfs.xfs"]    programs of this machine that it needs
    KERNELS = ["6.1"]       where it works, if not everywhere
    DUMPS = ["elf"]         ask the guest's memory dump as well, in these formats; the zoo
                            does that for all of them that do not say []
    LIKE = "incident"       the hang is that one's: its script stands in front of this one's
    LOOKS = 5               how often to look while it lasts (1)
    GUESTS = {"la57": {"cpu": "max", "kernels": ["newest"]}}
                            run it in other guests too: a name, and Guest's arguments
    CI = True               part of `make check`; the others are only in the zoo
    ALONE = True            in a guest of its own: others before it would be in its way, or it in theirs
    SPOILS = True           the guest is of no use for others afterwards
    def expect(f)           what check.py calls an expectation; f has the facts as
                            attributes, and f.kernel
    def check(f, guest)     instead of asking `inquest why`: a list of complaints

Each scenario gives some results: that it could be made and healed is one.
"""

import hashlib
import json
import os
import re
import subprocess
import tempfile
import time
import types

import check
from guest import HERE, GuestError

FOLDER = os.path.join(HERE, "scenarios")
MAKE_TIMEOUT = 120
WHY_TIMEOUT = 30
# Longer than the bound from which on `why` calls a wait a hang.
AGE = 1.5


class Scenario:
    def __init__(self, name, folder=FOLDER):
        self.name = name
        self.truth = check.load("truth_" + name.replace("-", "_"),
                                os.path.join(folder, name + ".py"))
        parts = [os.path.join(HERE, "lib.sh")]
        if hasattr(self.truth, "LIKE"):
            parts.append(os.path.join(folder, self.truth.LIKE + ".sh"))
        parts.append(os.path.join(folder, name + ".sh"))
        self.script = ""
        for part in parts:
            with open(part, encoding="utf-8") as f:
                self.script += f.read()

    def get(self, name, default):
        return getattr(self.truth, name, default)

    def runs_on(self, k):
        return k in self.get("KERNELS", [k])

    def guests(self, k):
        """{variant: arguments of Guest} on kernel K."""
        found = {"": {}}
        for variant, options in self.get("GUESTS", {}).items():
            options = dict(options)
            if k in options.pop("kernels", [k]):
                found[variant] = options
        return found


def all_names():
    return sorted(n[:-3] for n in os.listdir(FOLDER) if n.endswith(".sh"))


class ResultList(list):
    """(name, "passed" | "failed" | "skipped", text, seconds)."""

    told = 0    # how many of them were printed

    def add(self, name, complaints, text="", started=None):
        state = "failed" if complaints else "passed"
        told = "\n".join(["  - " + c for c in complaints] + ([text] if complaints and text else []))
        self.append((name, state, told, time.monotonic() - started if started else 0))
        return not complaints

    def skip(self, name, why):
        self.append((name, "skipped", why, 0))


class Broken(Exception):
    """The scenario itself, not the program, did not work."""


def step(guest, scenario, name, facts):
    """Run make() or heal(), take up its facts."""
    values = "".join("%s=%s\n" % kv for kv in vars(facts).items())
    r = guest.run(scenario.script + "\n" + values + name + "\n", MAKE_TIMEOUT)
    for m in re.finditer(r"^FACT (\w+)=(.*)$", r.out, re.M):
        setattr(facts, m.group(1), int(m.group(2)) if m.group(2).isdigit() else m.group(2))
    if r.status:
        raise Broken("%s() ended with %d%s\n%s%s" % (
            name, r.status, " (out of time)" if r.timed_out else "", r.out, r.err))


def judge(status, out, err, want):
    """Complaints about one run of `why --json`."""
    if status == 124:
        return ["`inquest why --json` did not end in %d s" % WHY_TIMEOUT]
    if status == 127:
        return ["there is no inquest in the guest"]
    # Out of order, or half a report: then there is nothing to compare.
    complaints = check.contract(out.encode(errors="surrogateescape"))
    if not complaints:
        complaints = check.expected(json.loads(out), want)
    bound = 1 if want.get("causes") else 0
    if status != want.get("status", bound):
        complaints.insert(0, "the exit status is %d, not %d" % (status, want.get("status", bound)))
    if complaints and err.strip():
        complaints.append("standard error: " + err.strip())
    return complaints


def patience():
    """More of it for a healthy guest on a host that does not give it CPU time: there
    an fsync lasts a second, and `why` is right to say so."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return " --longer-than %d" % min(2 + 2 * load, 20) if load > 1.5 else ""


def look(guest, want):
    """Ask in the guest: (complaints, text for whoever looks into a failure)."""
    more = "" if want.get("causes") else patience()
    r = guest.run("inquest why --json" + more, WHY_TIMEOUT)
    complaints = judge(r.status, r.out, r.err, want)
    if not complaints:
        # What people read comes from the same report, with the same exit status.
        text = guest.run("inquest why" + more, WHY_TIMEOUT)
        if text.status != r.status:
            complaints.append("`why` ends with %d, `why --json` with %d; it says:\n%s%s" % (
                text.status, r.status, text.out, text.err))
        if guest.verbose:
            print(text.out)
    return complaints, "the report:\n%s\n" % r.out if complaints else ""


def look_at_dump(guest, inquest, want, kind):
    """Ask the guest's dump, here."""
    with tempfile.TemporaryDirectory(prefix="inquest-dump.") as tmp:
        path = os.path.join(tmp, "dump")
        guest.dump(path, kind)
        more = [] if want.get("causes") else patience().split()
        try:
            r = subprocess.run([inquest, "why", "-c", path, "--json", *more], text=True,
                               errors="replace", capture_output=True, timeout=WHY_TIMEOUT * 2,
                               check=False)
            result = (r.returncode, r.stdout, r.stderr)
        except subprocess.TimeoutExpired:
            result = (124, "", "")
    complaints = judge(*result, want)
    return complaints, "the report:\n%s\n" % result[1] if complaints else ""


# ------------------------------------------------------------------- ablation

def half(name):
    """The half of the zoo that a scenario is in: `tune` is what the inference may be made
    better with, `held-out` what is looked at only to count. By a hash of the name, so that it
    is the same for ever."""
    return "tune" if hashlib.sha256(name.encode()).digest()[0] % 2 else "held-out"


def rules_of(report):
    """The rules that the answer stands on; what was inferred is none."""
    return sorted({w["rule"] for w in report["waits"] if w.get("rule")} - {"inferred"})


def ablated_word(report, want):
    """right, unknown or wrong: of an answer without its rules only the roots count.

    Right: each root that is wanted is there, and no other. Unknown: roots are missing, or there
    are causes that say themselves that they are unknown. Wrong: a cause of a known kind whose
    root is none, or whose kind is another one; any cause on a healthy guest."""
    if not want.get("causes") and report["causes"]:
        return "wrong"
    left, missing = list(want.get("causes", [])), 0
    known = [c for c in report["causes"] if c["kind"] != "unknown"]
    for pattern in list(left):
        brief = {k: pattern[k] for k in ("kind", "root") if k in pattern}
        fits = [c for c in known if check.matches(brief, c)]
        if fits:
            known.remove(fits[0])
        else:
            missing += 1
    if known:
        return "wrong"
    unknown = len(report["causes"]) > len(left) - missing
    return "unknown" if missing or unknown else "right"


def ablate(guest, want):
    """Ask again without the rules that the full answer names: a record of what came of it."""
    more = "" if want.get("causes") else patience()
    r = guest.run("inquest why --json" + more, WHY_TIMEOUT)
    try:
        rules = rules_of(json.loads(r.out))
        without = " --without-rule '%s'" % ",".join(rules) if rules else ""
        r = guest.run("inquest why --json" + more + without, WHY_TIMEOUT)
        report = json.loads(r.out)
    except ValueError:
        return {"word": "no answer", "rules": [], "said": (r.err or r.out)[:200]}
    return {"word": ablated_word(report, want), "rules": rules,
            "said": ["%s: %s" % (c["kind"], c["summary"]) for c in report["causes"]]}


def run(guest, scenario, results, inquest=None, variant="", dumps=(), ablation=None):
    """One scenario in a running guest; false if the guest is of no use any more. DUMPS: formats
    in which every scenario's dump is asked that does not say itself which. ABLATION: a dict that
    takes up what is said without the rules."""
    k = guest.kernel.name
    label = "%s/%s%s" % (k, scenario.name, "+" + variant if variant else "")
    facts = types.SimpleNamespace(kernel=k)
    started = time.monotonic()
    try:
        step(guest, scenario, "make", facts)
        if hasattr(scenario.truth, "check"):
            results.add(label, scenario.truth.check(facts, guest), started=started)
        else:
            want = scenario.truth.expect(facts)
            time.sleep(AGE)
            for n in range(scenario.get("LOOKS", 1)):
                complaints, text = look(guest, want)
                if complaints:
                    text += "facts: %s\n%s" % (vars(facts), guest.explain())
                    complaints[0] = "look %d: %s" % (n + 1, complaints[0])
                    break
            results.add(label + "/live", complaints, text, started)
            if ablation is not None:
                ablation[label] = {"half": half(scenario.name), "healthy": not want.get("causes"),
                                   **ablate(guest, want)}
            for kind in scenario.get("DUMPS", dumps):
                started = time.monotonic()
                if inquest:
                    complaints, text = look_at_dump(guest, inquest, want, kind)
                    results.add("%s/%s" % (label, kind), complaints, text, started)
                else:
                    results.skip("%s/%s" % (label, kind), "no inquest to run on this machine")
        started = time.monotonic()
        if scenario.get("SPOILS", False):
            return False
        step(guest, scenario, "heal", facts)
        complaints, text = look(guest, {"causes": []})
        results.add(label + "/healed", complaints, text, started)
        return True
    except (Broken, GuestError, OSError) as e:
        text = str(e) + "\n" + guest.explain()
        results.add(label + "/guest", ["the guest or the scenario failed"], text, started)
        return False
