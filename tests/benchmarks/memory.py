"""What lessons take of memory at their lesson profile, on a machine of so many GiB: a group of processes that gets no more.

    python tests/benchmarks/memory.py [--gib 8] [--lesson 03,07]

It takes root and Linux with the memory controller of cgroup v1. Each lesson runs by `course run` in a group of its own, all
with one cache of compiled programs, which is empty at first. Of each: the most that its processes held at once, of their own
and with the parts of libraries and other files that they used (looked at four times a second; what they shared with processes
outside is counted in part, so nothing else should run); how often the group was full, so that files had to be read again later;
and how many processes were killed because there was no memory left.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kit.course import COURSE
from kit.notebooks import NOTEBOOKS, ROOT

CONTROLLER = Path("/sys/fs/cgroup/memory")
GIB = 2**30


def main():
    """Print a row for each lesson, and end with 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=8, help="memory of the machine, in GiB")
    parser.add_argument("--lesson", help="numbers of lessons, with commas between them; all, if none is named")
    args = parser.parse_args()
    if not possible():
        parser.error("it takes root, and Linux with the memory controller of cgroup v1")
    numbers = args.lesson.split(",") if args.lesson else [path.name[:2] for path in NOTEBOOKS]
    print(f"{args.gib:g} GiB, {len(os.sched_getaffinity(0))} cores")
    print(f"{'lesson':8}{'its own':>10}{'with files':>12}{'was full':>10}{'killed':>8}{'seconds':>9}  ended", flush=True)
    failed = 0
    with tempfile.TemporaryDirectory() as top:
        for number in numbers:
            environment = os.environ | {"PYTHONPATH": str(ROOT), "COURSE_CACHE": str(Path(top, "cache"))}
            ended, row = measured([*COURSE, "run", number, "--out", Path(top, number)], int(args.gib * GIB), environment)
            failed += ended != 0
            own, all_in_all = (f"{row[name] / GIB:.2f} GiB" for name in ("own", "all in all"))
            print(f"{number:8}{own:>10}{all_in_all:>12}{row['full']:>10}{row['killed']:>8}{row['seconds']:>9.0f}"
                  f"  {'well' if ended == 0 else ended}", flush=True)
    return failed > 0


def possible():
    """Say whether groups can be made here."""
    return (CONTROLLER / "memory.limit_in_bytes").exists() and os.geteuid() == 0


def measured(call, limit, environment=None):
    """Run a command in a group of its own.

    Args:
        call: its words.
        limit: int, the bytes that the group gets.
        environment: dict of the command's; None for that of this process.

    Returns:
        Its exit status, and a dict with bytes (own, all in all), seconds, and how often it was full and killed.
    """
    group = CONTROLLER / f"keras-course-{os.getpid()}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(limit))
        start = time.perf_counter()
        run = subprocess.Popen(call, env=environment, preexec_fn=lambda: join(group),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        most = {"own": 0, "all in all": 0}
        while run.poll() is None:
            own = figure(group / "memory.stat", "total_rss") + figure(group / "memory.stat", "total_shmem")
            most = {"own": max(most["own"], own), "all in all": max(most["all in all"], own + files(group))}
            time.sleep(0.25)
        return run.returncode, most | {
            "seconds": time.perf_counter() - start, "full": figure(group / "memory.failcnt"),
            "killed": figure(group / "memory.oom_control", "oom_kill"),
        }
    finally:
        leave(group)


def join(group):
    """Make this process, and all that it starts, one of a group."""
    (group / "cgroup.procs").write_text(str(os.getpid()))


def files(group):
    """Return the bytes of files that the processes of a group have in memory; what several share is counted once."""
    found = 0
    for number in (group / "cgroup.procs").read_text().split():
        with contextlib.suppress(OSError):  # it has ended since
            found += 1024 * figure(Path("/proc", number, "smaps_rollup"), "Pss_File:")
    return found


def figure(path, name=""):
    """Return a figure of a file of them, by its name; the only one, where it has no name."""
    return next((int(line.split()[-2 if line.endswith("kB") else -1]) for line in path.read_text().splitlines()
                 if line.split()[0] == name or not name), 0)


def leave(group):
    """Remove a group once the last of its processes has ended."""
    for _ in range(100):
        try:
            return group.rmdir()
        except OSError:
            time.sleep(0.1)
    print(f"{group} still has processes: {(group / 'cgroup.procs').read_text().split()}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
