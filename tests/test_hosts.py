"""Three hosts on one machine, made of network namespaces: a scheduler, two workers, and a cable that is pulled in mid-sweep."""

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from kit.course import COURSE, WORK, started, table, write_notebook
from kit.processes import process_of, wait

PORT = 8786
QUICK_TO_NOTICE = {  # a minute of Dask's patience in seconds
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "12s",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "6s",
}


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@contextmanager
def hosts():
    """Make the hosts hub, one and two; the hub has a cable to each, 10.77.1.1 to one and 10.77.2.1 to two."""
    mark = f"c{os.getpid() % 100000}"
    names = [f"{mark}-{name}" for name in ("hub", "one", "two")]
    try:
        for name in names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        for number, name in enumerate(names[1:], 1):
            near, far = f"{mark}n{number}", f"{mark}f{number}"
            ip("-n", names[0], "link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
            for host, end, address in ((names[0], near, 1), (name, far, 2)):
                ip("-n", host, "address", "add", f"10.77.{number}.{address}/24", "dev", end)
                ip("-n", host, "link", "set", end, "up")
        yield [*names, f"{mark}n2"]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def on(host, *call, **more):
    """Run a process on a host."""
    return process_of(["ip", "netns", "exec", host, *call], stderr=subprocess.PIPE, text=True, **more)


@pytest.mark.long("deaths in a sweep")
def test_a_cut_cable_loses_no_run_and_doubles_none(tmp_path, monkeypatch):
    try:
        with hosts():
            pass
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespaces here, they need root and iproute2: {getattr(error, 'stderr', '') or error}".strip())
    folder = write_notebook(tmp_path / "notebooks", "04_work", WORK).parent
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(folder))
    monkeypatch.setenv("STARTED", str(tmp_path / "started"))
    for name, value in QUICK_TO_NOTICE.items():
        monkeypatch.setenv(name, value)
    dask = shutil.which("dask", path=Path(sys.executable).parent)
    worker = [dask, "worker", "--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path)]
    grid = ["sweep", "4", "-g", "seed=1..6", "-p", "seconds", "2", "--out", str(tmp_path / "out")]
    with ExitStack() as stack:
        hub, one, two, cable = stack.enter_context(hosts())
        stack.enter_context(on(hub, dask, "scheduler", "--host", "0.0.0.0", "--port", str(PORT), "--no-dashboard"))
        for number, host in enumerate((one, two), 1):
            stack.enter_context(on(host, *worker, f"tcp://10.77.{number}.1:{PORT}"))
        sweep = stack.enter_context(on(hub, *COURSE, *grid, "--scheduler", f"tcp://10.77.1.1:{PORT}"))
        wait(lambda: len(started(folder)) >= 4 or sweep.poll() is not None)
        ip("-n", hub, "link", "set", cable, "down")
        _, said = sweep.communicate(timeout=120)
    print(said)
    assert sweep.returncode == 0, said
    rows = table(tmp_path / "out")
    assert sorted(int(row["seed"]) for row in rows) == list(range(1, 7))
    assert [row["status"] for row in rows] == ["done"] * 6
    again = sorted(started(folder))
    assert len(again) > 6, "the run of the host that was cut off was given to the other"
    print(f"started: {again}")
