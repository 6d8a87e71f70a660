"""The machine as a test sees it: disks that can be filled and cut off, and what a lambdad has left lying about.

Needs root; where something is not permitted, a test says so loudly and is skipped.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

from harness import until


def skip(why):
    """Nobody shall take a test that tested nothing for one that passed."""
    import unittest

    print(f"\n!!! SKIPPED, NOTHING WAS TESTED: {why}\n", file=sys.stderr)
    raise unittest.SkipTest(why)


def need_root():
    if os.geteuid() != 0:
        skip("needs root")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


class Disk:
    """ext4 in a file, mounted by loop. The journal is committed by fsync alone: nothing is saved by luck."""

    def __init__(self, megabytes, backing=None):
        self.folder = tempfile.mkdtemp(prefix="lambdad-disk-")
        # Functions' users must get to what lies on it.
        os.chmod(self.folder, 0o755)
        self.backing = os.path.join(self.folder, "image")
        self.path = os.path.join(self.folder, "mount")
        os.mkdir(self.path)
        try:
            self._make(megabytes, backing)
        except OSError as error:
            shutil.rmtree(self.folder)
            skip(f"no loop mount here: {error}")

    def _make(self, megabytes, backing):
        if backing:
            run("cp", "--sparse=always", backing, self.backing)
        else:
            with open(self.backing, "wb") as file:
                file.truncate(megabytes << 20)
            run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0", self.backing)
        run("mount", "-o", "loop,commit=600", self.backing, self.path)
        os.makedirs(self.data(), exist_ok=True)

    def data(self):
        return os.path.join(self.path, "data")

    def cut(self):
        """The disk as it would be found if the power went now: what the system has not written to it yet is lost."""
        return Disk(0, self.backing)

    def sync(self):
        run("sync", "--file-system", self.path)

    def close(self):
        # A dead lambdad's last loop devices and mounts may still be on their way out.
        until(self._unmounted, 30, f"umount {self.path}")
        shutil.rmtree(self.folder)

    def _unmounted(self):
        with contextlib.suppress(OSError):
            run("umount", self.path)
        return not os.path.ismount(self.path)


def fill(path):
    """Writes a file until nothing more fits."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        for size in (1 << 20, 1 << 16, 4096, 1):
            with contextlib.suppress(OSError):
                while os.write(file, b"\1" * size):
                    pass
        with contextlib.suppress(OSError):
            os.fsync(file)
    finally:
        os.close(file)


def read(path):
    try:
        with open(path, encoding="utf8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def names(folder):
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def lives(pid):
    """Neither gone nor a zombie that nobody has buried yet."""
    state = re.search(r"^State:\s+(\S)", read(f"/proc/{pid}/status"), re.M)
    return bool(state) and state[1] not in "ZX"


def children_of(eldest):
    """The process's children, theirs, and so on."""
    parents = {}
    for pid in processes():
        found = re.search(r"^PPid:\s+(\d+)", read(f"/proc/{pid}/status"), re.M)
        if found:
            parents.setdefault(int(found[1]), []).append(pid)
    family = list(parents.get(eldest, []))
    for pid in family:
        family.extend(parents.get(pid, []))
    return family


def descriptors(pid, port):
    """What the process has open, counted by kind; without the connections to its port, which are its callers'."""
    kinds, callers = {}, connections(pid, port)
    for name in names(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/{pid}/fd/{name}")
            if target in callers:
                continue
            kind = re.sub(r"\[\d+\]|\d+", "", target) if ":" in target else re.sub(r"\d+", "N", target)
            kinds[kind] = kinds.get(kind, 0) + 1
    return kinds


def connections(pid, port):
    """The sockets of connections to a port of the process, as /proc names them."""
    lines = (line.split() for line in read(f"/proc/{pid}/net/tcp").splitlines()[1:])
    return {f"socket:[{fields[9]}]" for fields in lines if fields[1].endswith(f":{port:04X}") and fields[3] == "01"}


def resident_mb(pid):
    found = re.search(r"^VmRSS:\s+(\d+)", read(f"/proc/{pid}/status"), re.M)
    return int(found[1]) // 1024 if found else 0


class Names:
    """What is called after one data directory. The names outlive lambdad, and so they are taken while it runs."""

    def __init__(self, data_dir):
        self.data_dir = os.path.realpath(data_dir)
        self.state_dir = os.path.join(self.data_dir, "sandbox")
        found = os.stat(self.state_dir)
        self.group = f"lambdad-{found.st_dev:x}-{found.st_ino:x}"

    def groups(self):
        """Its control groups, one for each controller; while it runs they are there."""
        return [folder for folder, _, _ in os.walk("/sys/fs/cgroup") if os.path.basename(folder) == self.group]

    def slots(self):
        """The control groups of its environments."""
        inside = ((folder, names(folder)) for folder in self.groups())
        found = [os.path.join(folder, name) for folder, below in inside for name in below]
        return sorted(path for path in found if os.path.isdir(path))

    def loops(self):
        backing = lambda name: read(f"/sys/block/{name}/loop/backing_file")
        return [name for name in names("/sys/block") if backing(name).startswith(self.data_dir + "/")]

    def mounts(self):
        """In anybody's mount namespace, as far as a process shows it."""
        seen, found = set(), set()
        for pid in ["self", *processes()]:
            with contextlib.suppress(OSError):
                namespace = os.readlink(f"/proc/{pid}/ns/mnt")
                if namespace not in seen:
                    seen.add(namespace)
                    lines = read(f"/proc/{pid}/mountinfo").splitlines()
                    found.update(line for line in lines if self.data_dir + "/" in line)
        return sorted(found)

    def members(self):
        return [pid for pid in processes() if self.group in read(f"/proc/{pid}/cgroup") and lives(pid)]

    def files(self):
        """What a dead environment or a broken-off write would leave. The places and templates are kept on purpose."""
        kept = lambda name: name in ("lock", "root", "tmps") or name.endswith(".ext4")
        found = [f"sandbox/{name}" for name in names(self.state_dir) if not kept(name)]
        found += [f"sockets/{name}" for name in names(os.path.join(self.data_dir, "sockets"))]
        unfinished = (name for name in names(os.path.join(self.data_dir, "code")) if name.startswith("unfinished-"))
        return found + [f"code/{name}" for name in unfinished]

    def all(self):
        """Everything; empty when nothing is left."""
        looks = (self.groups, self.slots, self.loops, self.mounts, self.members, self.files)
        return {look.__name__: found for look in looks if (found := look())}
