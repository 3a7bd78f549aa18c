#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The layout of common types, as we read BTF and as bpftool reads the same.

    tests/layout/compare.py [--build DIR] [K...]

For each kernel (5.10 6.1 6.12 newest) the BTF is taken out of the image that
tools/kernel-fetch keeps, and sizes, offsets and bit fields of the structs in
types.txt are compared with those that `bpftool btf dump` tells. Exit status:
0 all the same, 1 not, 77 it cannot be tried here.
"""

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
KERNELS = ["5.10", "6.1", "6.12", "newest"]
PACKERS = {b"\x28\xb5\x2f\xfd": ["zstd", "-dcq"], b"\x02\x21\x4c\x18": ["lz4", "-dc"],
           b"\xfd7zX": ["xz", "-dc"], b"\x1f\x8b\x08\x00": ["gzip", "-dc"]}


class Missing(Exception):
    pass


def unpack(path):
    """The ELF image inside a bzImage (Documentation/arch/x86/boot.rst)."""
    with open(path, "rb") as f:
        data = f.read()
    sectors = data[0x1f1] or 4
    offset, length = struct.unpack_from("<II", data, 0x248)
    payload = data[(sectors + 1) * 512 + offset:][:length]
    command = PACKERS.get(payload[:4])
    if not command or not shutil.which(command[0]):
        raise Missing("nothing here unpacks %s" % path)
    # The image's length follows what was packed: complaints about that do not matter.
    r = subprocess.run(command, input=payload, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                       check=False)
    if r.stdout[:4] != b"\x7fELF":
        raise Missing("%s: no ELF image in it" % path)
    return r.stdout


def section(elf, name):
    """The bytes of a section."""
    shoff, = struct.unpack_from("<Q", elf, 0x28)
    size, num, names = struct.unpack_from("<HHH", elf, 0x3a)

    def header(i):
        return struct.unpack_from("<IIQQQQ", elf, shoff + i * size)

    strings = header(names)[4]
    for i in range(num):
        at, _, _, _, offset, length = header(i)
        end = elf.index(b"\0", strings + at)
        if elf[strings + at:end] == name:
            return elf[offset:offset + length]
    raise Missing("no section %s" % name.decode())


class Types:
    """What bpftool says."""

    def __init__(self, path):
        r = subprocess.run(["bpftool", "-j", "btf", "dump", "file", path], check=True,
                           stdout=subprocess.PIPE)
        self.types = {t["id"]: t for t in json.loads(r.stdout)["types"]}
        self.structs = {}
        for t in self.types.values():
            if t["kind"] == "STRUCT":
                self.structs.setdefault(t["name"], t)

    def size(self, i):
        num = 1
        while i:
            t = self.types[i]
            if t["kind"] == "PTR":
                return 8 * num
            if t["kind"] == "ARRAY":
                num *= t["nr_elems"]
            elif "size" in t:
                return t["size"] * num
            elif "type_id" not in t or t["kind"] in ("FUNC_PROTO", "FWD"):
                return 0
            i = t["type_id"]
        return 0

    def strip(self, i):
        while i and self.types[i]["kind"] in ("TYPEDEF", "CONST", "VOLATILE", "RESTRICT",
                                              "TYPE_TAG"):
            i = self.types[i]["type_id"]
        return self.types.get(i, {"kind": "VOID"})

    def members(self, t, offset):
        for m in t.get("members", []):
            bits = m.get("bitfield_size", 0) or self.size(m["type_id"]) * 8
            name = m["name"] if m["name"] != "(anon)" else "-"
            yield "%s %d %d" % (name, offset + m["bits_offset"], bits)
            if name == "-":
                yield from self.members(self.strip(m["type_id"]), offset + m["bits_offset"])

    def layout(self, name):
        t = self.structs[name]
        return ["struct %s %d" % (name, t["size"])] + list(self.members(t, 0))


def compare(program, k, names):
    """How many structs were there, what differs."""
    r = subprocess.run([os.path.join(TOP, "tools", "kernel-fetch"), k], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True, check=False)
    if r.returncode:
        raise Missing("kernel %s cannot be had: %s" % (k, r.stderr.strip()))
    btf = section(unpack(os.path.join(r.stdout.strip(), "vmlinuz")), b".BTF")
    with tempfile.TemporaryDirectory(prefix="inquest-layout.") as tmp:
        path = os.path.join(tmp, "btf")
        with open(path, "wb") as f:
            f.write(btf)
        theirs = Types(path)
        r = subprocess.run([program, path], input="\n".join(names), stdout=subprocess.PIPE,
                           text=True, check=True)
    ours, current = {}, None
    for line in r.stdout.splitlines():
        if line.startswith("struct ") and len(line.split()) == 3 and line.split()[1] in names:
            current = line.split()[1]
            ours[current] = []
        ours[current].append(line)
    wrong, num_members = [], 0
    for name in names:
        if name not in theirs.structs:
            if name in ours:
                wrong.append("%s: struct %s is not in bpftool's" % (k, name))
            continue
        expected = theirs.layout(name)
        num_members += len(expected) - 1
        if ours.get(name) != expected:
            first = next((a for a, b in zip(expected, ours.get(name, []) + [None] * len(expected))
                          if a != b), "its end")
            wrong.append("%s: struct %s differs at %s" % (k, name, first))
    there = sum(name in theirs.structs for name in names)
    print("kernel %s: %d structs of %d, %d members, %d different" %
          (k, there, len(names), num_members, len(wrong)))
    if there < 200:
        wrong.append("%s: only %d structs were compared" % (k, there))
    return wrong


def main():
    p = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    p.add_argument("--build", default="build")
    p.add_argument("kernel", nargs="*", default=KERNELS)
    args = p.parse_args()
    with open(os.path.join(HERE, "types.txt"), encoding="utf-8") as f:
        names = f.read().split()
    program = os.path.join(os.path.abspath(args.build), "tests", "layout", "layout")
    wrong = []
    try:
        if not shutil.which("bpftool"):
            raise Missing("no bpftool")
        for k in args.kernel:
            wrong += compare(program, k, names)
    except Missing as e:
        print("skipped: %s" % e)
        return 77
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
