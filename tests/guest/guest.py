# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Guests: a Debian kernel and an initramfs of our own under QEMU

    with Guest(Kernel.fetch("6.1"), files={"/bin/inquest": "build/inquest.static"}) as guest:
        result = guest.run("inquest why --json", timeout=20)
        guest.dump("out.elf")

The initramfs is written here, byte by byte (cpio "newc"), so that it needs no
root and no cpio: busybox, our two static helpers (agent.c talks to us, role.c
makes the hangs), the modules asked for with what they depend on, host programs
with their libraries. QEMU runs without KVM; its ends of the test channel and
of QMP are sockets that it inherits, so guests side by side share no names.
Everything has a time limit, and QEMU dies with us.
"""

import ctypes
import dataclasses
import hashlib
import json
import lzma
import os
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

QEMU = "qemu-system-x86_64"
# The default CPU model's cmpxchg16b makes kernels fall over under TCG.
CPU = "qemu64,cx16=off"
# On a busy host the timer check fails without reason.
CMDLINE = "console=ttyS0 no_timer_check panic=-1 oops=panic loglevel=4 rdinit=/init"
BASE_MODULES = ["virtio_pci", "virtio_console"]
BASE_TOOLS = ["ps", "mkfs.ext4", "dmsetup"]
BOOT_TIMEOUT = 120
BOOT_TRIES = 4


class GuestError(Exception):
    """The guest, not the program under test, did what it should not."""


def cache_dir(*below):
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    path = os.path.join(base, "inquest", *below)
    os.makedirs(path, exist_ok=True)
    return path


# --------------------------------------------------------------------- kernel

class Kernel:
    """A kernel as tools/kernel-fetch leaves it."""

    def __init__(self, folder, name=None):
        self.folder = folder
        self.image = os.path.join(folder, "vmlinuz")
        self.release = slurp(os.path.join(folder, "release")).decode().strip()
        self.name = name or self.release
        self._modules = None

    @classmethod
    def fetch(cls, name):
        r = subprocess.run([os.path.join(TOP, "tools", "kernel-fetch"), name], text=True,
                           stdout=subprocess.PIPE, check=False)
        if r.returncode:
            raise GuestError("there is no kernel %s to be had" % name)
        return cls(r.stdout.strip(), name)

    @property
    def modules(self):
        """{name: path} of what can be loaded."""
        if self._modules is None:
            self._modules = {}
            for root, _, names in os.walk(os.path.join(self.folder, "modules")):
                for name in names:
                    m = re.match(r"(.*)\.ko(\.xz|\.zst|\.gz)?$", name)
                    if m:
                        self._modules[m.group(1).replace("-", "_")] = os.path.join(root, name)
        return self._modules

    def module(self, name):
        """The bytes of a module, uncompressed."""
        path = self.modules[name]
        if path.endswith(".xz"):
            return lzma.decompress(slurp(path))
        for end, tool in ((".zst", "zstd"), (".gz", "gzip")):
            if path.endswith(end):
                return subprocess.run([tool, "-dc", path], stdout=subprocess.PIPE,
                                      check=True).stdout
        return slurp(path)

    def load_order(self, names):
        """[(name, bytes)]: the modules and all that they depend on, in order of loading.

        What is neither in the tree nor anywhere else is built in, or this
        kernel does not have it: the guest will tell.
        """
        order, seen = [], set()

        def visit(name):
            name = name.replace("-", "_")
            if name in seen or name not in self.modules:
                return
            seen.add(name)
            data = self.module(name)
            for key in (b"depends=", b"softdep=pre: "):
                for m in re.finditer(b"\\0" + key + b"([^\\0]*)", data):
                    for dep in re.split(r"[ ,]+", m.group(1).decode()):
                        visit(dep)
                        # An algorithm's alias; its plain implementation is called so.
                        if dep.startswith("crypto-"):
                            for end in ("", "_generic", "_cryptoapi"):
                                visit(dep[len("crypto-"):] + end)
            order.append((name, data))

        for name in names:
            visit(name)
        return order


# ------------------------------------------------------------------ initramfs

class Initramfs:
    """A cpio archive ("newc") in the making."""

    def __init__(self):
        self.parts = []
        self.seen = set()
        self.ino = 1

    def _entry(self, name, mode, data=b"", rdev=(0, 0)):
        name = name.strip("/")
        if name in self.seen:
            return
        self.seen.add(name)
        if "/" in name:
            self.dir(os.path.dirname(name))
        self.ino += 1
        fields = (self.ino, mode, 0, 0, 1, 0, len(data), 0, 0, rdev[0], rdev[1], len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        self.parts += [head, bytes(-len(head) % 4), data, bytes(-len(data) % 4)]

    def dir(self, name):
        self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        self._entry(name, stat.S_IFREG | mode, data)

    def symlink(self, name, target):
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def node(self, name, mode, major, minor):
        self._entry(name, mode, rdev=(major, minor))

    def host_file(self, path, name=None):
        mode = os.stat(path).st_mode & 0o777
        self.file(name or path, slurp(path), mode | 0o444)

    def host_tool(self, tool):
        """A program of this machine, with the libraries that it is linked to."""
        path = shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if not path:
            raise GuestError("this machine has no %s (make deps)" % tool)
        where = "/usr/sbin/" if "sbin" in path else "/usr/bin/"
        self.host_file(path, where + tool)
        r = subprocess.run(["ldd", path], text=True, capture_output=True, check=False)
        for m in re.finditer(r"(/\S+) \(0x", r.stdout):
            self.host_file(m.group(1))

    def write(self, path):
        self._entry("TRAILER!!!", 0)
        with open(path, "wb") as f:
            f.write(b"".join(self.parts))


def slurp(path):
    with open(path, "rb") as f:
        return f.read()


def helper(name):
    """NAME.c and NAME-*.c of this folder, compiled to a static program; kept for the next time."""
    parts = sorted(f for f in os.listdir(HERE) if re.fullmatch(name + r"(-[\w-]+)?\.[ch]", f))
    sources = [os.path.join(HERE, f) for f in parts if f.endswith(".c")]
    key = hashlib.sha256(b"\0".join(f.encode() + b"\0" + slurp(os.path.join(HERE, f))
                                    for f in parts)).hexdigest()[:16]
    path = os.path.join(cache_dir("helpers"), "%s-%s" % (name, key))
    if not os.path.exists(path):
        tmp = "%s.%d" % (path, os.getpid())
        r = subprocess.run([os.environ.get("CC", "cc"), "-static", "-O1", "-g0", "-Wall",
                            "-Wextra", "-pthread", "-o", tmp] + sources, check=False)
        if r.returncode:
            raise GuestError("cannot compile %s" % " ".join(parts))
        os.rename(tmp, path)
    return path


INIT = """#!/bin/sh
# The guest's first process: mount, load, then talk to the host.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=linux
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /tmp /run /root /data
mount -t devpts pts /dev/pts
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
hostname guest
while read -r name; do
    insmod "/lib/modules/$name.ko" || echo "init: $name: insmod failed" >/dev/kmsg
done </lib/modules/order
ifconfig lo 127.0.0.1 up
cd /root
if [ -e /init.shell ]; then
    . /init.shell
    poweroff -f
fi
for port in /sys/class/virtio-ports/*; do
    [ "$(cat "$port/name")" = inquest.agent ] && exec /bin/agent "/dev/${port##*/}"
done
echo "init: no channel to the host" >/dev/kmsg
poweroff -f
"""


def build_initramfs(path, kernel, modules=(), tools=(), files=None, shell=None):
    """Write a guest's initramfs; FILES is {name in the guest: path here, or bytes}."""
    image = Initramfs()
    for name in ("proc", "sys", "dev", "bin", "sbin", "etc", "usr/bin", "usr/sbin"):
        image.dir(name)
    image.node("dev/console", stat.S_IFCHR | 0o600, 5, 1)
    image.node("dev/null", stat.S_IFCHR | 0o666, 1, 3)
    for name, source in (files or {}).items():
        if isinstance(source, bytes):
            image.file(name, source, 0o755)
        else:
            image.host_file(source, name)
    busybox = shutil.which("busybox")
    if not busybox:
        raise GuestError("this machine has no busybox (make deps)")
    image.host_file(busybox, "/bin/busybox")
    applets = subprocess.run([busybox, "--list"], text=True, stdout=subprocess.PIPE, check=True)
    for applet in applets.stdout.split():
        image.symlink("/bin/" + applet, "busybox")
    for name in ("agent", "role"):
        image.host_file(helper(name), "/bin/" + name)
    for tool in list(BASE_TOOLS) + list(tools):
        image.host_tool(tool)
    order = kernel.load_order(BASE_MODULES + list(modules))
    for name, data in order:
        image.file("/lib/modules/%s.ko" % name, data)
    image.file("/lib/modules/order", "".join(n + "\n" for n, _ in order).encode())
    image.file("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/bin/sh\n"
                              b"alice:x:1000:1000::/:/bin/sh\n")
    image.file("/etc/group", b"root:x:0:\ndaemon:x:1:\nalice:x:1000:\n")
    image.file("/init", INIT.encode(), 0o755)
    if shell is not None:
        image.file("/init.shell", shell.encode())
    image.write(path)


# ---------------------------------------------------------------------- guest

@dataclasses.dataclass
class Result:
    status: int
    out: str
    err: str
    script: str

    @property
    def timed_out(self):
        return self.status == 124


class Guest:
    """One guest, from boot to the end of the `with`."""

    def __init__(self, kernel, modules=(), tools=(), files=None, vmcoreinfo=True, cpu=CPU,
                 memory=512, cpus=2, append="", verbose=False):
        self.kernel = kernel
        self.modules = list(modules)
        self.tools = list(tools)
        self.files = dict(files or {})
        self.vmcoreinfo = vmcoreinfo
        self.cpu = cpu
        self.memory = memory
        self.cpus = cpus
        self.append = append
        self.verbose = verbose
        self.process = None
        self.agent = self.qmp = None
        self.boots = 0
        self.tmp = tempfile.mkdtemp(prefix="inquest-guest.")
        self.console = os.path.join(self.tmp, "console")

    def __enter__(self):
        try:
            self.boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    # -- boot

    def command(self, agent_fd, qmp_fd, initramfs):
        """QEMU's command line; without the channels it is a guest for a person."""
        # A comma in a path would end the option's value.
        args = [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-machine", "pc", "-accel", "tcg,thread=multi", "-cpu", self.cpu,
                "-m", str(self.memory), "-smp", str(self.cpus),
                "-kernel", self.kernel.image, "-initrd", initramfs,
                "-append", "%s %s" % (CMDLINE, self.append),
                "-object", "rng-random,id=rng,filename=/dev/urandom",
                "-device", "virtio-rng-pci,rng=rng"]
        if agent_fd is None:
            args += ["-chardev", "stdio,id=console,mux=on,signal=off", "-serial", "chardev:console",
                     "-mon", "chardev=console,mode=readline"]
        else:
            args += ["-chardev", "file,id=console,path=" + self.console.replace(",", ",,"),
                     "-serial", "chardev:console",
                     "-chardev", "socket,id=agent,fd=%d" % agent_fd,
                     "-device", "virtio-serial-pci",
                     "-device", "virtserialport,chardev=agent,name=inquest.agent",
                     "-chardev", "socket,id=qmp,fd=%d" % qmp_fd,
                     "-mon", "chardev=qmp,mode=control"]
        if self.vmcoreinfo:
            args += ["-device", "vmcoreinfo"]
        return args

    def boot(self):
        """Boot until user space answers; again if it never does."""
        if not shutil.which(QEMU):
            raise GuestError("this machine has no %s (make deps)" % QEMU)
        modules = self.modules + (["qemu_fw_cfg"] if self.vmcoreinfo else [])
        initramfs = os.path.join(self.tmp, "initramfs")
        build_initramfs(initramfs, self.kernel, modules, self.tools, self.files)
        for attempt in range(1, BOOT_TRIES + 1):
            self.boots += 1
            self._start(initramfs)
            try:
                if self._read_line(BOOT_TIMEOUT) == "ready":
                    return
                raise GuestError("the guest's first word was not `ready`")
            except (GuestError, OSError) as err:
                self._note("boot %d of %s: %s\n%s" % (attempt, self.kernel.name, err,
                                                      self.console_tail(15)))
                self.stop()
        raise GuestError("kernel %s did not reach user space in %d boots\n%s" %
                         (self.kernel.name, BOOT_TRIES, self.console_tail()))

    def interact(self, shell):
        """Boot with SHELL (sh, run by init) on this terminal, until the guest powers off."""
        initramfs = os.path.join(self.tmp, "initramfs")
        modules = self.modules + (["qemu_fw_cfg"] if self.vmcoreinfo else [])
        build_initramfs(initramfs, self.kernel, modules, self.tools, self.files, shell)
        return subprocess.run(self.command(None, None, initramfs), preexec_fn=die_with_parent,
                              check=False).returncode

    def _start(self, initramfs):
        self.agent, agent = socket.socketpair()
        self.qmp, qmp = socket.socketpair()
        self._buffer = b""
        self._qmp_buffer = None     # until QEMU has greeted us
        self.process = subprocess.Popen(
            self.command(agent.fileno(), qmp.fileno(), initramfs),
            stdin=subprocess.DEVNULL, stdout=open(os.path.join(self.tmp, "qemu"), "wb"),
            stderr=subprocess.STDOUT, pass_fds=(agent.fileno(), qmp.fileno()),
            preexec_fn=die_with_parent)
        agent.close()
        qmp.close()

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        for s in (self.agent, self.qmp):
            if s:
                s.close()
        self.agent = self.qmp = None

    def close(self):
        self.stop()
        shutil.rmtree(self.tmp, ignore_errors=True)

    # -- the channel

    def _fill(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.agent], [], [], left)[0]:
            raise GuestError("the guest does not answer")
        data = self.agent.recv(1 << 16)
        if not data:
            raise GuestError("the guest is gone: " + slurp(os.path.join(self.tmp, "qemu"))
                             .decode(errors="replace").strip())
        self._buffer += data

    def _read_line(self, timeout):
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            self._fill(deadline)
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.decode(errors="replace")

    def _read_bytes(self, count, timeout):
        deadline = time.monotonic() + timeout
        while len(self._buffer) < count:
            self._fill(deadline)
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def run_bytes(self, script, timeout=30, stdin=b""):
        """Run a script with the guest's sh: (status, output, errors); 124 is out of time."""
        code = script.encode()
        self.agent.sendall(b"run %d %d %d\n" % (timeout * 1000, len(code), len(stdin)))
        self.agent.sendall(code + stdin)
        got = {"out": [], "err": []}
        # The guest ends the script itself; more than that and it is the guest that is stuck.
        deadline = time.monotonic() + timeout * 2 + 30
        while True:
            left = deadline - time.monotonic()
            word, value = self._read_line(max(left, 0)).split()
            if word == "exit":
                return int(value), b"".join(got["out"]), b"".join(got["err"])
            got[word].append(self._read_bytes(int(value), max(left, 0)))

    def run(self, script, timeout=30, stdin=b""):
        status, out, err = self.run_bytes(script, timeout, stdin)
        if self.verbose:
            self._note("%s\n--> %d\n%s%s" % (script.strip(), status, out.decode(errors="replace"),
                                            err.decode(errors="replace")))
        return Result(status, out.decode(errors="replace"), err.decode(errors="replace"), script)

    def get(self, path, timeout=60):
        """The bytes of a file in the guest."""
        status, out, err = self.run_bytes("exec cat '%s'" % path, timeout)
        if status:
            raise GuestError("cannot read %s in the guest: %s" % (path, err.decode().strip()))
        return out

    def put(self, path, data, mode=0o755):
        status, _, err = self.run_bytes("cat >'%s' && chmod %o '%s'" % (path, mode, path), 60, data)
        if status:
            raise GuestError("cannot write %s in the guest: %s" % (path, err.decode().strip()))

    # -- the machine

    def monitor(self, command, timeout=120, **arguments):
        """One QMP command, its answer."""
        deadline = time.monotonic() + timeout
        self.qmp.settimeout(timeout)
        if self._qmp_buffer is None:
            self._qmp_buffer = b""
            self._qmp_read(deadline)
            self._qmp_send({"execute": "qmp_capabilities"})
            self._qmp_reply(deadline)
        self._qmp_send({"execute": command, "arguments": arguments})
        return self._qmp_reply(deadline)

    def _qmp_send(self, message):
        self.qmp.sendall(json.dumps(message).encode() + b"\n")

    def _qmp_read(self, deadline):
        while b"\n" not in self._qmp_buffer:
            if time.monotonic() > deadline:
                raise GuestError("QEMU's monitor does not answer")
            data = self.qmp.recv(1 << 16)
            if not data:
                raise GuestError("QEMU's monitor is gone")
            self._qmp_buffer += data
        line, self._qmp_buffer = self._qmp_buffer.split(b"\n", 1)
        return json.loads(line)

    def _qmp_reply(self, deadline):
        while True:
            message = self._qmp_read(deadline)
            if "error" in message:
                raise GuestError("QEMU's monitor: %s" % message["error"].get("desc"))
            if "return" in message:
                return message["return"]

    def dump(self, path, kind="elf"):
        """The guest's memory as a file; KIND is elf, kdump-zlib, kdump-lzo or kdump-snappy."""
        arguments = {"paging": False, "protocol": "file:" + os.path.abspath(path)}
        if kind != "elf":
            arguments["format"] = kind
        self.monitor("dump-guest-memory", timeout=300, **arguments)

    # -- for a person who looks into a failure

    def console_tail(self, lines=60):
        try:
            text = slurp(self.console).decode(errors="replace")
        except OSError:
            return ""
        return "\n".join("    console| " + l for l in text.splitlines()[-lines:])

    def explain(self):
        """What is needed to understand a failure: kernel log, blocked tasks with stacks."""
        parts = [self.console_tail(40)]
        try:
            r = self.run("""
dmesg | tail -n 40 | sed 's/^/    dmesg| /'
for t in /proc/[0-9]*/task/[0-9]*; do
    read -r s <"$t/comm"; l=$(grep '^State' "$t/status")
    case $l in *S*|*R*|*I*) continue ;; esac
    echo "    task| ${t##*/} $s: $l"; echo w >/dev/null
done
echo w >/proc/sysrq-trigger; sleep 1; dmesg | tail -n 150 | sed 's/^/    sysrq-w| /'
""", timeout=20)
            parts.append(r.out)
        except (GuestError, OSError) as err:
            parts.append("    the guest does not answer any more: %s" % err)
        return "\n".join(parts)

    def _note(self, text):
        print("guest %s: %s" % (self.kernel.name, text), file=sys.stderr, flush=True)


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
