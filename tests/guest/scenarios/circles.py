# SPDX-License-Identifier: LGPL-2.1-or-later
CI = True
DUMPS = ["elf"]


def members(f, name, word="member"):
    return [getattr(f, "%s_%s%d" % (name, word, i)) for i in range(5)
            if hasattr(f, "%s_%s%d" % (name, word, i))]


def goes_round(tids):
    """All of them in their order, with the locks between them; it may begin with any."""
    def fits(chain):
        tasks = [o["tid"] for o in chain if o["type"] == "task"]
        return tasks in [tids[i:] + tids[:i] for i in range(len(tids))] and \
            len(chain) == 2 * len(tids) - 1
    return fits


def circle(f, name, also=(), word="member"):
    tids = members(f, name, word)
    return {
        "kind": "deadlock",
        "root": {"type": "task", "tid": set(tids)},
        # Of a holder with several threads nobody knows which one it is.
        "certainty": {"likely"} if name in "gh" else {"proven", "strong"},
        "blocked": set(tids) | set(also),
        "circle": goes_round(tids),
    }


def expect(f):
    causes = []
    for name, also, word in (("a", [f.late], "member"), ("b", [], "member"), ("c", [], "member"),
                             ("d", [], "thread"), ("e", [], "member"),
                             ("g", [], "member"), ("h", [], "member")):
        causes.append(circle(f, name, also, word))
    row = members(f, "f")
    causes.append({
        "kind": "task.sleeping",
        "root": {"type": "task", "tid": row[-1]},
        "certainty": {"strong"},
        "blocked": set(row[:-1]),
        "chain": [{"tid": row[0]}, {"class": "posix-lock"}, {"tid": row[1]}, {"class": "flock"},
                  {"tid": row[2]}, {"class": "futex"}, {"tid": row[3]}, {"class": "posix-lock"},
                  {"tid": row[4]}],
    })
    return {"causes": causes}
