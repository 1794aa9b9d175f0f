"""What XLA has compiled, kept from run to run: a folder of the user's, each entry checked before TensorFlow reads it.

TensorFlow writes a compiled program to a folder, and finds it there again if the program is the same to the last name.
Two things are missing for a laptop. The names hold a counter of all functions that the process has traced before, so that
the same model is another program as soon as something else came first. And what it finds it runs: a file cut off, or of
another processor, is an error or a crash. Here names depend on what is compiled alone, and files go through `_Store`.

Sources: TensorFlow 2.21, `compiler/jit/device_executable_persistor.h` and `device_compiler.h`.
"""

import atexit
import collections
import contextlib
import functools
import hashlib
import itertools
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from lib import places
from lib.files import whole
from lib.machine import processor
from lib.streams import quiet

LIMIT = 512 * 2**20  # bytes of all entries together
FLAG = "--tf_xla_persistent_cache_directory="
NAME = "course-xla-"  # how the folder of a process begins
OURS = re.compile(rf'{FLAG}"[^"]*{NAME}[^"]*"')
NUMBERS = 2**12  # a traced function takes one for each of its inner functions
DIGEST = hashlib.sha256().digest_size

spent = collections.Counter()  # seconds of this process, by kind: compile (or load); and programs compiled and loaded
_names = collections.Counter()  # how often each label was compiled in this process
_private = {}  # the number of this process -> the folder that its TensorFlow writes to and reads from


def begin(folder=None):
    """Have TensorFlow write what XLA compiles to a folder of this process alone; once, before the first program.

    Where TF_XLA_FLAGS names a folder already, TensorFlow keeps to that one, and nothing is kept here.

    Args:
        folder: Path of a folder to make it in, which somebody else removes; None for the user's own, where it is removed
            when the process ends, or, after a kill, when the next one begins.
    """
    flags = OURS.sub("", os.environ.get("TF_XLA_FLAGS", "")).split()  # without our parent process' own
    if os.getpid() in _private or any(word.startswith(FLAG) for word in flags):
        return
    try:
        # Never in a folder that others may write to: what lies in it is run.
        private = tempfile.mkdtemp(prefix=f"{NAME}{os.getpid()}-", dir=folder or _processes())
    except OSError:  # a home that cannot be written: nothing is kept
        return
    if folder is None:
        atexit.register(shutil.rmtree, private, ignore_errors=True)
    _private[os.getpid()] = Path(private)
    os.environ["TF_XLA_FLAGS"] = " ".join([*flags, f'{FLAG}"{private}"'])  # quoted: a path may hold spaces


def _processes():
    """Make the folder of the processes' own folders, and remove those whose process is no more."""
    import psutil

    folder = places.cache() / "xla-processes"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob(f"{NAME}*"):
        number = left.name.removeprefix(NAME).partition("-")[0]
        if not psutil.pid_exists(int(number)):
            shutil.rmtree(left, ignore_errors=True)
    return folder


def kept(label, make):
    """Call `make`, which traces a function and has XLA compile it, with what an earlier run has compiled at hand.

    Args:
        label: str, what is compiled. The same label in another run finds the program; that it is the same program,
            TensorFlow checks itself.
        make: function without arguments. It is called once more where a kept program cannot be used.

    Returns:
        What `make` returns.
    """
    folder = _private.get(os.getpid())
    if folder is None:
        with _timed():
            return make()
    _names[label] += 1
    name = hashlib.sha256(f"{label} {_names[label]}".encode()).hexdigest()[:24]
    store = _Store(folder)
    fetched = store.fetch(name)
    try:
        # What it finds compiled TensorFlow announces as an error: it cannot tell XLA's own settings from a processor's.
        with _timed(), _steady_names(name), quiet() if fetched else contextlib.nullcontext():
            made = make()
    except Exception:
        if not fetched:
            raise
        store.forget(name)
        return kept(label, make)
    finally:
        store.keep(name, fetched)
    return made


def described():
    """Return the folder of what is kept (Path), the number of its entries and their bytes, of all versions together."""
    sizes = [size for _, size in _entries()]
    return _top(), len(sizes), sum(sizes)


class _Store:
    """The user's folder of entries for this TensorFlow on this processor, and the private folder they go to and come from.

    An entry is TensorFlow's file behind a SHA-256 of it and of the versions and flags it belongs to: what is damaged, or
    was brought from elsewhere, is not the entry that its digest says, and is removed.
    """

    def __init__(self, private):
        self.private = private
        self.folder = _top() / _key()[:16]

    def fetch(self, name):
        """Put what is kept of a program where TensorFlow looks; return the names of the files, a set of str."""
        _clear(self.private)
        found = set()
        with contextlib.suppress(OSError):
            for entry in self.folder.glob(f"{name}-*"):
                content = entry.read_bytes()
                file = entry.name.partition("-")[2]
                if content[:DIGEST] != _digest(file, content[DIGEST:]):
                    entry.unlink(missing_ok=True)
                    continue
                os.utime(entry)  # the oldest are dropped first
                (self.private / file).write_bytes(content[DIGEST:])
                found.add(file)
        spent["loaded"] += len(found)
        return found

    def keep(self, name, known):
        """Keep what TensorFlow has written since `fetch`."""
        with contextlib.suppress(OSError):  # no room, or a folder that nobody may write: compiled anew the next time
            new = [path for path in self.private.glob("*.pb") if path.name not in known]
            for path in new:
                content = path.read_bytes()
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                with whole(self.folder / f"{name}-{path.name}") as half:
                    half.write_bytes(_digest(path.name, content) + content)
            if new:
                _drop_the_oldest()
        _clear(self.private)

    def forget(self, name):
        """Remove what is kept of a program."""
        for entry in self.folder.glob(f"{name}-*"):
            entry.unlink(missing_ok=True)


def _top():
    return places.cache() / "xla"


@functools.cache
def _key():
    """Everything that decides whether a compiled program may run here, as a digest."""
    import tensorflow as tf

    settings = {name: os.environ.get(name, "") for name in ("XLA_FLAGS", "TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA")}
    words = [tf.version.VERSION, tf.version.GIT_VERSION, sys.byteorder, processor(), str(settings)]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


def _digest(file, content):
    return hashlib.sha256(f"{_key()} {file}\n".encode() + content).digest()


def _entries():
    """List (Path, bytes) of all entries, of all versions, the one that was not used for longest first."""
    found = []
    for path in _top().glob("*/*.pb"):
        with contextlib.suppress(OSError):  # another process may remove it this very moment
            facts = path.stat()
            found.append((facts.st_mtime, path, facts.st_size))
    return [(path, size) for _, path, size in sorted(found)]


def _drop_the_oldest():
    """Keep to the limit, with some room for what comes."""
    entries = _entries()
    total = sum(size for _, size in entries)
    for path, size in entries if total > LIMIT else ():
        if total > 0.8 * LIMIT:
            path.unlink(missing_ok=True)
            total -= size


def _clear(folder):
    for path in folder.glob("*.pb*"):
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _timed():
    before = time.perf_counter()
    try:
        yield
    finally:
        spent["compile"] += time.perf_counter() - before


@contextlib.contextmanager
def _steady_names(name):
    """Number the functions that are traced in this block from a number that depends on `name` alone."""
    from tensorflow.python.framework import ops

    before = ops.uid
    # Its own for each name and each time: no two functions of a process may have one name.
    numbers = itertools.count(int(name[:10], 16) * NUMBERS)
    ops.uid = numbers.__next__
    try:
        yield
    finally:
        ops.uid = before
