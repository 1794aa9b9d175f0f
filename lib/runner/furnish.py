"""Furnishes a room without windows from inside, and becomes the module that is to run in it: see `lib.runner.room`.

A root folder in memory, into which only what the code needs is mounted; no network but its own loopback, no other processes, no
capability left.
"""

import ctypes
import fcntl
import os
import platform
import resource
import socket
import struct
import sys
from pathlib import Path

from lib import places

PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41}  # the number of that system call
DISK = "1g"  # of memory that what is written may take
PROCESSES = 4096
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime",
          "/sys/devices/system/cpu")
DEVICES = ("null", "zero", "full", "random", "urandom")

# From linux/mount.h, linux/prctl.h and sys/ioctl.h
READ_ONLY, NO_SUID, NO_DEV, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
KEPT = {os.ST_NOSUID: NO_SUID, os.ST_NODEV: NO_DEV, os.ST_NOEXEC: 8, os.ST_NOATIME: 1024, os.ST_NODIRATIME: 2048,
        os.ST_RELATIME: 1 << 21}
DETACH = 2
DROP_CAPABILITY, NO_NEW_PRIVILEGES = 24, 38
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 1


def _furnish(root):
    """Mount what the code needs into a new root folder in memory, all of it to read only, and make that the root."""
    _mount(None, "/", None, RECURSIVE | PRIVATE)
    _mount("tmpfs", root, "tmpfs", NO_SUID | NO_DEV, f"size={DISK},mode=755")
    for path in _seen():
        _bind(path, f"{root}{path}")
    for name in DEVICES:
        _bind(f"/dev/{name}", f"{root}/dev/{name}", writable=True)
    for folder in ("tmp", "home/learner", "dev/shm", "proc", "old"):
        os.makedirs(f"{root}/{folder}", exist_ok=True)
    os.symlink("/proc/self/fd", f"{root}/dev/fd")
    _mount("proc", f"{root}/proc", "proc", NO_SUID | NO_DEV)
    Path(root, "etc/passwd").write_text("root:x:0:0::/home/learner:/bin/sh\n")
    os.chdir(root)
    _call(ctypes.CDLL(None, use_errno=True).syscall, PIVOT_ROOT[platform.machine()], b".", b"old")
    os.chdir("/home/learner")
    _call(ctypes.CDLL(None, use_errno=True).umount2, b"/old", DETACH)
    os.rmdir("/old")


def _seen():
    """Return the folders and files that a room shows: the system's programs, this Python with its packages, the kit."""
    python = [str(Path(each).resolve()) for each in (sys.base_prefix, sys.prefix, places.ROOT / "lib")]
    kit = [str(places.ROOT / name) for name in ("data", "notebooks")]
    found = []
    for path in [*SYSTEM, *sorted(python), *kit]:
        if os.path.exists(path) and not any(Path(path).is_relative_to(each) for each in found if not os.path.islink(each)):
            found.append(path)
    return found


def _bind(source, target, writable=False):
    """Show a file or folder at another place, with what is mounted below it; a link is made again as it is."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
        return
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        Path(target).touch()
    _mount(source, target, None, BIND | RECURSIVE)
    if not writable:
        for each in _mounted(target):
            kept = sum(flag for bit, flag in KEPT.items() if os.statvfs(each).f_flag & bit)
            _mount(None, each, None, REMOUNT | BIND | READ_ONLY | kept)


def _mounted(target):
    """Return what is mounted at a place and below it."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    found = {line.split()[4].replace(r"\040", " ") for line in lines}
    return sorted(path for path in found if Path(path).is_relative_to(target))


def _mount(source, target, kind, flags, more=None):
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind)]
    _call(ctypes.CDLL(None, use_errno=True).mount, *words, ctypes.c_ulong(flags), more and more.encode(), what=target)


def _call(function, *words, what=""):
    if function(*words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(what))


def _loopback():
    """Switch the room's own loopback on, by which a kernel is spoken to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = fcntl.ioctl(any_socket, GET_FLAGS, struct.pack("16sH22x", b"lo", 0))
        flags = struct.unpack("16sH22x", request)[1]
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH22x", b"lo", flags | UP))


def _give_up_power():
    """Give up for good what the namespace's root may do: with it, the mounts could be opened again."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="utf-8"))
    for capability in range(last + 1):
        _call(prctl, DROP_CAPABILITY, capability, 0, 0, 0)
    _call(prctl, NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))


def main():
    """Make the room, and become the module that is to run in it."""
    module, root = sys.argv[1:]
    if platform.machine() not in PIVOT_ROOT:
        sys.exit(f"it is not known how to on a processor of the kind {platform.machine()}")
    try:
        _loopback()
        _furnish(root)
        _give_up_power()
    except OSError as error:
        sys.exit(f"the system forbids it: {error.strerror}{f' ({error.filename})' if error.filename else ''}")
    os.execv(sys.executable, [sys.executable, "-m", module])  # whose root has no capability any more


if __name__ == "__main__":
    main()
