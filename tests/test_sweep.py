"""`course sweep` as a process: what it writes, what it never does twice, and every way in which something dies."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from kit.course import COURSE, WORK, course, refused, started, table, write_notebook
from kit.notebooks import ROOT, read, source, tags
from kit.processes import family, process_of, wait, wait_gone

from lib.runner.cluster import RETRIES


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("STARTED", str(tmp_path / "started"))
    write_notebook(tmp_path / "notebooks", "04_work", WORK)
    return tmp_path / "notebooks"


def running(folder, *words):
    """Start the command in a process group of its own, as a shell does; whatever it started is ended afterwards."""
    environment = os.environ | {"COURSE_NOTEBOOKS": str(folder)}
    return process_of([*COURSE, "sweep", *words], env=environment, cwd=folder.parent, text=True,
                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def kernels(processes):
    return [p for p in processes if p.is_running() and any("ipykernel_launcher" in word for word in p.cmdline())]


def test_a_sweep_and_the_same_again(folder):
    out = folder.parent / "out"
    grid = ["-g", "seed=1,13,666", "-g", "layers=[8],[16,8]", "--workers", "2", "--out", str(out)]
    ended = course(folder, "sweep", "4", *grid)
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout.splitlines() == [str(out / "parallel.html")]
    assert "6 points of 04_work: 0 done before, 6 to run" in ended.stderr
    assert "Traceback" not in ended.stderr
    rows = table(out)
    assert [(row["seed"], row["layers"]) for row in rows[:2]] == [("1", "[8]"), ("1", "[16, 8]")]
    assert list(rows[0]) == [
        "seed", "layers", "param_seconds", "square", "kind", "seconds", "status", "error", "notebook",
    ]
    told = {row["seed"]: (row["status"], row["square"], row["error"]) for row in rows}
    assert told["1"] == ("done", "1", "") and told["13"] == ("failed", "", "ValueError: thirteen")
    assert told["666"][0] == "failed" and "the kernel died" in told["666"][2]
    for row in rows:
        injected = [cell for cell in read(out / row["notebook"])["cells"] if "injected-parameters" in tags(cell)]
        assert row["seed"] == "1" or f"seed = {row['seed']}\n" in source(injected[0])
    assert sorted(p.name for p in out.iterdir()) == ["index.html", "parallel.html", "plotly.min.js", "runs", "runs.csv"]

    before = {path: path.stat().st_mtime_ns for path in (out / "runs").iterdir()}
    ended = course(folder, "sweep", "4", *grid)
    assert "2 done before, 4 to run" in ended.stderr
    assert sorted(started(folder)) == sorted([1, 13, 666] * 2 + [13, 666] * 2)
    done = [row["notebook"] for row in table(out) if row["status"] == "done"]
    assert len(done) == 2 and all((out / name).stat().st_mtime_ns == before[out / name] for name in done)
    wider = course(folder, "sweep", "4", "-g", "seed=1,2", "-g", "layers=[8]", "--out", str(out))
    assert "2 points of 04_work: 1 done before, 1 to run" in wider.stderr and wider.returncode == 0


def test_the_pages_need_no_network_and_have_every_run(folder):
    out = folder.parent / "out"
    assert course(folder, "sweep", "4", "-g", "seed=2,3,13", "--out", str(out)).returncode == 1
    for name in ("parallel.html", "index.html"):
        page = (out / name).read_text()
        assert "3 runs: 2 done, 1 failed" in page and "ValueError: thirteen" in page
        assert all(f'href="{row["notebook"]}"' in page for row in table(out))
        assert "http://" not in page and "https://" not in page
    assert 'src="plotly.min.js"' in (out / "parallel.html").read_text()
    assert (out / "plotly.min.js").stat().st_size > 1_000_000


def test_rows_of_a_table_are_runs(folder):
    (folder.parent / "wanted.csv").write_text('seed,layers\n5,"[3, 4]"\n6,\n')
    ended = course(folder, "sweep", "4", "--params", "wanted.csv", "-p", "seconds", "0.1", "--out", "out")
    assert ended.returncode == 0, ended.stderr
    rows = table(folder.parent / "out")
    assert [(r["seed"], r["layers"], r["square"]) for r in rows] == [("5", "[3, 4]", "25"), ("6", "[8]", "36")]


@pytest.mark.parametrize(
    "words, message",
    [
        (["4", "-g", "sede=1,2"], "Did you mean seed?"),
        (["4", "-g", "seed=1,two"], "seed = two is not an int"),
        (["4", "-g", "seed=0,1"], "out of its range"),
        (["4", "-g", "seed"], "write NAME=V1,V2"),
        (["4", "-g", "seed=5..1"], "from the lower number to the higher"),
        (["4", "-g", "seed=1", "-g", "seed=2"], "given twice"),
        (["4", "-g", "seed=1", "-p", "seed", "2"], "given by -p and varied at once"),
        (["4"], "Give either a grid"),
        (["4", "-g", "seed=1", "--params", "x.csv"], "Give either a grid"),
        (["4", "--params", "no.csv"], "no.csv cannot be read"),
        (["4", "--params", "bad.csv"], "bad.csv, line 3: seed = x is not an int"),
        (["4", "--params", "short.csv"], "short.csv, line 2: 1 fields, but the header has 2 columns"),
        (["4", "-g", "seed=1", "--workers", "0"], "0 is not in the range x>=1"),
        (["4", "-g", "seed=1", "--workers", "2", "--scheduler", "tcp://127.0.0.1:9"], "give one of them"),
        (["9", "-g", "seed=1"], "There is no notebook '9'"),
        (["4", "-g", "seed=1", "--out", "bad.csv/sub"], "cannot be written"),
    ],
)
def test_a_wrong_request_is_told_and_starts_nothing(folder, words, message, monkeypatch, capsys):
    (folder.parent / "bad.csv").write_text("seed\n1\nx\n")
    (folder.parent / "short.csv").write_text("seed,seconds\n1\n")
    assert message in refused(folder, ["sweep", *words], monkeypatch, capsys)


def test_two_sweeps_into_one_folder(folder):
    grid = ["4", "-g", "seed=1,2", "-p", "seconds", "60", "--out", "out"]
    with running(folder, *grid) as first:
        wait(lambda: started(folder))
        ended = course(folder, "sweep", *grid)
        assert ended.returncode == 2 and f"process {first.pid}" in ended.stderr and "-g seed=1,2" in ended.stderr


@pytest.mark.long("deaths in a sweep")
def test_ctrl_c_leaves_no_process_and_the_same_call_goes_on(folder):
    with running(folder, "4", "-g", "seconds=0,60", "--workers", "1", "--out", "out") as process:
        wait(lambda: len(started(folder)) == 2)
        children = family(process.pid)
        assert len(kernels(children)) == 1
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does
        _, said = process.communicate(timeout=40)
        assert process.returncode == 130 and "stopped; what is done is kept" in said and "Traceback" not in said
        wait_gone(children, 90)
    _goes_on(folder, ["4", "-g", "seconds=0,60", "--out", "out"])


@pytest.mark.long("deaths in a sweep")
def test_kill_of_the_command_leaves_no_process_and_the_same_call_goes_on(folder):
    with running(folder, "4", "-g", "seconds=0,60", "--workers", "1", "--out", "out") as process:
        wait(lambda: len(started(folder)) == 2)
        children = family(process.pid)
        process.kill()
        wait_gone(children, 90)
    _goes_on(folder, ["4", "-g", "seconds=0,60", "--out", "out"])


def _goes_on(folder, words):
    """See that the books hold the one run that ended, and that the same call does not run it again."""
    assert [row["status"] for row in table(folder.parent / "out")] == ["done", "planned"]
    with running(folder, *words) as process:
        wait(lambda: len(started(folder)) == 3)
        assert "1 done before, 1 to run" in process.stderr.readline()
    assert [row["status"] for row in table(folder.parent / "out")] == ["done", "planned"]


@pytest.mark.long("deaths in a sweep")
def test_a_killed_workers_run_goes_to_another(folder):
    with running(folder, "4", "-g", "seed=1..3", "-p", "seconds", "2", "--workers", "2", "--out", "out") as process:
        wait(lambda: len(started(folder)) == 2)
        kernel = kernels(family(process.pid))[0]
        kernel.parent().kill()
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
        wait_gone([kernel], 90)
    assert [row["status"] for row in table(folder.parent / "out")] == ["done"] * 3
    assert len(started(folder)) == 4, "only the lost run was started again"


@pytest.mark.long("deaths in a sweep")
def test_a_run_that_kills_every_worker_fails_and_the_others_go_on(folder):
    ended = course(folder, "sweep", "4", "-g", "seed=999,1", "--workers", "1", "--out", "out")
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    told = {row["seed"]: (row["status"], row["error"]) for row in table(folder.parent / "out")}
    assert told["1"] == ("done", "")
    assert told["999"] == ("failed", "every worker that took this run died, as they do when memory runs out")
    assert started(folder).count(999) == 1 + RETRIES


@pytest.mark.long("deaths in a sweep")
def test_a_full_disk_is_told_and_nothing_half_is_left(folder, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here: that needs root and mount")
    try:
        ended = course(folder, "sweep", "4", "-g", "seed=1..20", "--out", str(disk))
        assert ended.returncode == 1 and "Traceback" not in ended.stderr
        assert "cannot be written any more: No space left on device" in ended.stderr
        kept = [json.loads(path.read_text()) for path in (disk / "runs").glob("*.json")]
        assert kept and all(result["status"] == "done" for result in kept)
        assert not list(disk.rglob(".partial*"))
        assert len(table(disk)) == 20
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


# --- a cluster that others have started


def dask(*words, **environment):
    """Run a scheduler or a worker as its own process."""
    call = [shutil.which("dask", path=Path(sys.executable).parent), *words]
    return process_of(call, env=os.environ | environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


@contextmanager
def scheduler(tmp_path):
    file = tmp_path / f"scheduler-{time.time_ns()}.json"
    words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show", "--scheduler-file", str(file)]
    with dask(*words) as process:
        wait(file.exists)
        yield process, json.loads(file.read_text())["address"]


@pytest.mark.long("deaths in a sweep")
def test_a_lost_scheduler_is_told_and_the_same_call_goes_on(folder, tmp_path):
    words = ["worker", "--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path)]
    point = ["4", "-g", "seconds=0,60", "--out", "out"]
    notebooks = {"COURSE_NOTEBOOKS": str(folder)}
    with scheduler(tmp_path) as (process, address), running(folder, *point, "--scheduler", address) as sweep:
        sweep.stderr.readline()
        assert "waiting for a worker" in sweep.stderr.readline()
        with dask(*words, address, **notebooks):
            wait(lambda: len(started(folder)) == 2)
            process.kill()
            _, said = sweep.communicate(timeout=40)
        assert sweep.returncode == 1 and "the scheduler is gone; what is done is kept" in said
        assert "Traceback" not in said
    _goes_on(folder, point)


def test_a_worker_with_another_kit_is_told_before_the_first_run(folder, tmp_path):
    shutil.copytree(ROOT / "lib", tmp_path / "other" / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.txt", tmp_path / "other")
    (tmp_path / "other" / "lib" / "data.py").write_text("# another version\n")
    words = ["worker", "--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path)]
    with scheduler(tmp_path) as (_, address), dask(*words, address, PYTHONPATH=str(tmp_path / "other")):
        ended = course(folder, "sweep", "4", "-g", "seed=1,2", "--out", "out", "--scheduler", address)
    assert ended.returncode == 2 and "has another kit: kit " in ended.stderr and "Traceback" not in ended.stderr
    assert not started(folder)


def test_a_scheduler_that_does_not_answer(folder):
    ended = course(folder, "sweep", "4", "-g", "seed=1", "--out", "out", "--scheduler", "tcp://127.0.0.1:9")
    assert ended.returncode == 2 and "No Dask scheduler answers at tcp://127.0.0.1:9" in ended.stderr
