"""Fifty-four kills at random moments, from a seed that is printed: what had ended is kept, nothing is doubled, nothing is left.

A third hit `course run`, a third `course sweep`, a third the parallel search; the command or the caller, a worker or a kernel
of it, politely or not, or a worker that is held for a minute and goes on.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from kit.course import COURSE, WORK, course, started, table, write_notebook
from kit.notebooks import ROOT
from kit.processes import alive, family, process_of, wait, wait_gone

from lib.runner.execute import RECORD

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

KILLS = 18  # of each kind
POLITE = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
MINUTE = 60


@pytest.fixture
def draw(request):
    """Return what is drawn from this run's seed, which the first lines of pytest show, and the number of the test."""
    seed = f"{request.config.option.sample_seed} {request.node.name}"
    print("drawn by", seed)
    return random.Random(seed)


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path, monkeypatch):
    """See that no temporary file of ours is left for good."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    yield
    assert not [path for path in (tmp_path / "tmp").rglob("*") if path.is_file()]


def semaphores(processes):
    """Return the semaphores that processes have, as files; where the system does not tell, none."""
    found = set()
    for process in processes:
        with suppress(OSError):
            found |= set(re.findall(r"/dev/shm/sem\.[\w.-]+", Path(f"/proc/{process.pid}/maps").read_text()))
    return found


def moment(draw, process, has_begun, least):
    """Wait for a random moment: one in the first seconds, or one after something has ended."""
    if draw.random() < 0.6:
        wait(lambda: has_begun() or process.poll() is not None)
        time.sleep(draw.uniform(0, 3))
    else:
        time.sleep(draw.uniform(least, 6))


def strike(process, victim, way):
    """Kill a victim, hold it for a while, or, where the way is polite, tell all as a terminal does."""
    print(f"{way!r} to {' '.join(victim.cmdline())[-60:] if victim.is_running() else 'one that has gone'}")
    try:
        if way in POLITE:
            os.killpg(process.pid, way)
        elif way == "hold":
            victim.suspend()
            time.sleep(MINUTE)
            victim.resume()
        else:
            victim.kill()
    except (psutil.Error, ProcessLookupError):
        print("it had ended")


def ended(process, children, held, seconds=90):
    """Wait for the end of a process, of all that it has started and of their semaphores; return its status."""
    _, said = process.communicate(timeout=seconds)
    wait_gone(children, seconds)
    wait(lambda: not any(os.path.exists(name) for name in held), 30)
    assert "Traceback" not in said, said
    print("status", process.returncode, len(held), "semaphores gone")
    return process.returncode


def tidy(out):
    """Say whether nothing half written and no helper file is in a folder."""
    return not [path for path in out.rglob(".*")]


@pytest.mark.long("kills at random")
@pytest.mark.parametrize("number", range(KILLS))
def test_a_kill_of_a_run(number, draw, tmp_path):
    folder = tmp_path / "notebooks"
    names = ["01_one", "02_two", "03_three"]
    cells = ["from lib.metric import record\nrecord('x', 1)", "import time\ntime.sleep(0.5)"]
    for name in names:
        write_notebook(folder, name, [f"# {name[:2]} · {name}", *cells])
    out = tmp_path / "out"
    call = [*COURSE, "run", "--out", str(out)]
    environment = os.environ | {"COURSE_NOTEBOOKS": str(folder)}
    way = [signal.SIGKILL, *POLITE, "kernel", signal.SIGKILL][number % 6]
    with process_of(call, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        moment(draw, process, lambda: list(out.glob("*.ipynb")), 0.3)
        children = family(process.pid)
        kernels = [one for one in children if alive(one) and any("ipykernel" in word for word in one.cmdline())]
        victim = kernels[0] if way == "kernel" and kernels else psutil.Process(process.pid)
        held = semaphores(children)
        strike(process, victim, way)
        status = ended(process, children, held)
    if way in POLITE:
        assert status in (0, 130)
    wait(lambda: tidy(out), 30)
    kept = {path.stem: json.loads(path.read_text()) for path in out.glob("*.ipynb")}
    done = [name for name, notebook in kept.items() if not notebook["metadata"][RECORD]["error"]]
    print("kept", sorted(kept), "done", sorted(done))
    if (out / "metrics.json").exists():
        metrics = json.loads((out / "metrics.json").read_text())
        assert set(metrics) <= set(kept) and all(metrics[name] == {"x": 1} for name in metrics if name in done)
    again = course(folder, "run", "--out", str(out))
    assert again.returncode == 0, again.stderr
    assert json.loads((out / "metrics.json").read_text()) == {name: {"x": 1} for name in names}
    assert tidy(out) and "3 of 3 notebooks ran" in (out / "index.html").read_text()


@pytest.mark.long("kills at random")
@pytest.mark.parametrize("number", range(KILLS))
def test_a_kill_of_a_sweep(number, draw, tmp_path, monkeypatch):
    monkeypatch.setenv("STARTED", str(tmp_path / "started"))
    folder = write_notebook(tmp_path / "notebooks", "04_work", WORK).parent
    out, seeds = tmp_path / "out", 6
    words = ["sweep", "4", "-g", f"seed=1..{seeds}", "-p", "seconds", "0.5", "--workers", "2", "--out", str(out)]
    environment = os.environ | {"COURSE_NOTEBOOKS": str(folder)}
    way = [signal.SIGKILL, *POLITE, "worker", "worker", signal.SIGKILL, "kernel", "hold"][number % 9]
    with process_of([*COURSE, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                    start_new_session=True) as process:
        moment(draw, process, lambda: list(out.glob("runs/*.json")), 0.5)
        children = family(process.pid)
        workers = [one for one in children if alive(one) and any("spawn_main" in word for word in one.cmdline())]
        kernels = [one for one in children if alive(one) and any("ipykernel" in word for word in one.cmdline())]
        group = {"worker": workers, "hold": workers, "kernel": kernels}.get(way) or [psutil.Process(process.pid)]
        if way == "hold" and not workers:
            way = signal.SIGKILL
        held = semaphores([process, *children])
        strike(process, draw.choice(group), way)
        status = ended(process, {*children, *family(process.pid)}, held, 120)
    wait(lambda: tidy(out), 30)
    results = [json.loads(path.read_text()) for path in (out / "runs").glob("*.json")]
    done = sorted(result["values"]["seed"] for result in results if result["status"] == "done")
    print("done", done, "status", status)
    assert len(done) == len(set(done))
    if (out / "runs.csv").exists():
        rows = table(out)
        assert sorted(int(row["seed"]) for row in rows if row["status"] == "done") in (done, done[:-1])
        assert len({row["seed"] for row in rows}) == len(rows)
    if way in ("worker", "hold"):
        assert status == 0 and done == list(range(1, seeds + 1))
    before = started(folder)
    again = course(folder, *words)
    assert again.returncode == 0, again.stderr
    assert not set(started(folder)[len(before) :]) & set(done), "what is done is not run again"
    assert [(row["seed"], row["status"]) for row in table(out)] == [(str(seed), "done") for seed in range(1, seeds + 1)]
    assert tidy(out) and "6 runs: 6 done" in (out / "index.html").read_text()


SEARCH = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from lib.tuning import search, warm_up
warm_up()
from kit.searches import DATA, Slow, X, Y, random_search

if __name__ == "__main__":
    tuner = random_search(sys.argv[1], trials=8)
    print("search begins", flush=True)
    search(tuner, X, Y, workers=2, verbose=0, callbacks=[Slow(0.5)], **DATA)
    print(sorted((i, t.status) for i, t in tuner.oracle.trials.items()))
"""


@pytest.mark.long("kills at random")
@pytest.mark.parametrize("number", range(KILLS))
def test_a_kill_of_a_search(number, draw, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SEARCH))
    call = [sys.executable, str(script), str(tmp_path)]
    way = [signal.SIGKILL, signal.SIGINT, "worker", "worker", signal.SIGKILL, "hold"][number % 6]
    with process_of(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout.readline() == "search begins\n"
        moment(draw, process, lambda: finished(tmp_path), 0)
        children = family(process.pid)
        workers = [one for one in children if alive(one) and not one.children() and "tracker" not in str(one.cmdline())]
        if way == "hold" and not workers:
            way = signal.SIGKILL
        held = semaphores([process, *children])
        strike(process, draw.choice(workers) if way in ("worker", "hold") and workers else psutil.Process(process.pid), way)
        process.communicate(timeout=150)
        print("status", process.returncode, len(held), "semaphores")
        wait_gone(children, 90)
        wait(lambda: not any(os.path.exists(name) for name in held), 30)
    before = [row["trial_id"] for row in finished(tmp_path)]
    ended = completed(tmp_path)
    print("finished", before, "ended", sorted(ended))
    assert len(before) == len(set(before)) and set(before) <= ended
    unlogged = ended - set(before)
    assert len(unlogged) <= (way in (signal.SIGKILL, signal.SIGINT)), "one whose line the kill has come before, at most"
    again = subprocess.run(call, capture_output=True, text=True, timeout=200)
    assert again.stdout.strip().splitlines()[-1] == str([(str(i), "COMPLETED") for i in range(8)]), again.stderr
    after = [row["trial_id"] for row in finished(tmp_path)]
    assert after[: len(before)] == before, "what had ended is kept"
    assert sorted([*after, *unlogged]) == [str(i) for i in range(8)], "none ran to its end twice"


def completed(folder):
    """Return the trials that KerasTuner's own files have as completed."""
    states = [json.loads(path.read_text()) for path in (folder / "p").glob("trial_*/trial.json")]
    return {state["trial_id"] for state in states if state["status"] == "COMPLETED"}


def finished(folder):
    path = folder / "p" / "search_log.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
