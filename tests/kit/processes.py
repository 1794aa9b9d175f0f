"""Processes that a test starts: waited for, looked at, ended."""

import subprocess
import time
from contextlib import contextmanager, suppress

import psutil


def wait(condition, seconds=90):
    """Ask again and again until the condition holds; after so many seconds the test fails."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} seconds in vain"
        time.sleep(0.05)


def alive(process):
    """Say whether a process, a psutil.Process or a number, still runs; a zombie does not."""
    with suppress(psutil.NoSuchProcess):
        process = process if isinstance(process, psutil.Process) else psutil.Process(process)
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def wait_gone(processes, seconds=20):
    """Wait until none of the processes runs any more."""
    wait(lambda: not any(map(alive, processes)), seconds)


def family(pid=None):
    """Return the processes that a process has started (this one, if none is named), and those that they have."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def left(pid=None):
    """Return what is left: processes but for the fork server and its tracker, and ports that somebody listens at."""
    processes = [process for process in family(pid) if alive(process)]
    ours = [p for p in processes if not any("forkserver" in word or "tracker" in word for word in p.cmdline())]
    ports = [c for p in processes for c in p.net_connections() if c.status == psutil.CONN_LISTEN]
    return [*ours, *ports]


@contextmanager
def process_of(call, **more):
    """Start a process, and end it and its children afterwards; `more` goes to subprocess.Popen."""
    process = subprocess.Popen(call, **more)
    try:
        yield process
    finally:
        for each in [*family(process.pid), process]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.communicate(timeout=20)
