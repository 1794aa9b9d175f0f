"""Where a run or a sweep writes: never over the notebooks or anybody's files, one call at a time, and nothing half is left."""

import json
import os
import subprocess
import sys

import pytest
from bs4 import BeautifulSoup
from kit.course import COURSE, WORK, course, make_course, refused, table, write_notebook
from kit.notebooks import read
from kit.processes import process_of, wait

from lib.errors import CourseError
from lib.runner.execute import RECORD, Outcome, read_outcome
from lib.runner.folder import LOCK, find, held
from lib.runner.folder import WORK as AT_WORK
from lib.runner.notebooks import read_notebook
from lib.runner.report import write_report


@pytest.fixture
def folder(tmp_path):
    return make_course(tmp_path / "kit")


def bytes_of(top):
    return {path: path.read_bytes() for path in top.rglob("*") if path.is_file()}


@pytest.mark.parametrize("call", [["run", "2"], ["sweep", "2", "-g", "seed=1,2"], ["site"]])
@pytest.mark.parametrize("out", ["notebooks", "notebooks/", "notebooks/a", ".", "..", "/", "", " ", "link", "a/../link", "loop"])
def test_out_is_never_where_the_notebooks_are(folder, call, out, monkeypatch, capsys):
    os.symlink(folder, folder.parent / "link")
    os.symlink("loop", folder.parent / "loop")
    before = bytes_of(folder)
    said = refused(folder, [*call, "--out", out], monkeypatch, capsys)
    assert said.count("\n") == 1 and "--out" in said
    assert bytes_of(folder) == before


def test_out_may_be_beside_the_notebooks(folder, monkeypatch):
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(folder))
    assert find(str(folder.parent / "notebooks2")) == folder.parent / "notebooks2"
    assert find(None, "sweep_x") == folder.parent / "runs" / "sweep_x"
    names = {find(None).name for _ in range(3)}
    assert len(names) == 3 and all((folder.parent / "runs" / name).is_dir() for name in names), "each call has one of its own"


@pytest.mark.parametrize("name, kind", [
    ("01_tiny.ipynb", "run"), ("01_tiny.html", "run"), ("index.html", "run"), ("metrics.json", "run"),
    ("index.html", "sweep"), ("parallel.html", "sweep"), ("runs.csv", "sweep"),
    ("01_tiny.html", "site"), ("index.html", "site"), ("site.js", "site"), ("lesson.css", "site"), ("plotly.min.js", "site"),
])
@pytest.mark.parametrize("content", ["seed\n1\n", "", "<title>Mine</title>", '{"a": 1}', '{"cells": []}', b"\xff\0", None])
def test_a_file_of_somebody_else_is_not_overwritten(folder, tmp_path, name, kind, content, monkeypatch, capsys):
    out = tmp_path / "mine"
    out.mkdir()
    if content is None:
        os.symlink(folder / "01_tiny.ipynb", out / name)
    else:
        (out / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = bytes_of(tmp_path)
    call = {"run": ["run", "1"], "sweep": ["sweep", "1", "-g", "height=1,2"], "site": ["site"]}[kind]
    said = refused(folder, [*call, "--out", str(out)], monkeypatch, capsys)
    assert f"a file {name} that is not of a course {kind}" in said and bytes_of(tmp_path) == before


def test_what_a_learner_writes_into_an_executed_notebook_is_not_overwritten(folder, tmp_path):
    assert course(folder, "run", "2", "--out", str(tmp_path / "out")).returncode == 0
    path = tmp_path / "out" / "02_next.ipynb"
    notebook = read(path)
    notebook["cells"][-1]["source"] = "my_answer = 42"
    path.write_text(json.dumps(notebook))
    ended = course(folder, "run", "2", "--out", str(tmp_path / "out"))
    assert ended.returncode == 2 and "02_next.ipynb that is not of a course run" in ended.stderr
    assert "my_answer" in path.read_text()


def test_the_table_of_a_sweep_is_not_overwritten_by_its_own_runs(folder, tmp_path, monkeypatch, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "runs.csv").write_text("height\n1\n2\n")
    monkeypatch.chdir(tmp_path / "mine")
    words = ["sweep", "1", "--params", str(tmp_path / "mine" / "runs.csv"), "--out", str(tmp_path / "mine")]
    assert "runs.csv that is not of a course sweep" in refused(folder, words, monkeypatch, capsys)


@pytest.mark.parametrize("what", ["a file", "a link to the notebooks"])
def test_the_runs_of_a_sweep_go_into_a_folder_of_its_own(folder, tmp_path, what, monkeypatch, capsys):
    (tmp_path / "out").mkdir()
    if what == "a file":
        (tmp_path / "out" / "runs").write_text("mine")
    else:
        os.symlink(folder, tmp_path / "out" / "runs")
    said = refused(folder, ["sweep", "2", "-g", "seed=1", "--out", str(tmp_path / "out")], monkeypatch, capsys)
    assert "a file runs that is not of a course sweep" in said


def test_a_failed_run_that_somebody_has_written_into_is_not_run_again(tmp_path):
    cells = ["# 04 · Fails", "#parameters\nseed = 1", "1 / (seed - 1)"]
    folder = write_notebook(tmp_path / "notebooks", "04_fails", cells).parent
    words = ["sweep", "4", "-g", "seed=1,2", "--out", "out"]
    assert course(folder, *words).returncode == course(folder, *words).returncode == 1, "what failed is run again"
    failed = {row["status"]: row["notebook"] for row in table(tmp_path / "out")}["failed"]
    notebook = read(tmp_path / "out" / failed)
    notebook["cells"][-1]["source"] = "seed  # my idea"
    (tmp_path / "out" / failed).write_text(json.dumps(notebook))
    before = bytes_of(tmp_path)
    ended = course(folder, *words)
    assert ended.returncode == 2 and "somebody has written into it" in ended.stderr and bytes_of(tmp_path) == before


def test_a_password_in_a_parameter_stands_in_no_page_table_or_line(tmp_path):
    code = "from lib.metric import record\nrecord('store', store)\nraise OSError(store)"
    folder = write_notebook(tmp_path / "notebooks", "04_store", ["# 04 · Store", "#parameters\nstore = ''", code]).parent
    address = "postgresql://me:SECRET@127.0.0.1/db"
    for words in (["run", "4", "-p", "store", address], ["sweep", "4", "-g", f"store={address}"]):
        ended = course(folder, *words, "--out", words[0])
        assert ended.returncode == 1 and "SECRET" not in ended.stdout + ended.stderr, ended.stderr
        told = [*(tmp_path / words[0]).glob("*.html"), *(tmp_path / words[0]).glob("*.csv")]
        assert len(told) > 1 and not any("SECRET" in path.read_text() for path in told)
        assert any("postgresql://me:***@127.0.0.1/db" in path.read_text() for path in told)


def test_a_second_run_keeps_what_the_first_has_left(folder, tmp_path):
    out = tmp_path / "out"
    assert course(folder, "run", "2", "-p", "seed", "5", "--out", str(out)).returncode == 0
    (out / "notes.txt").write_text("mine")
    first = bytes_of(out)
    assert course(folder, "run", "1", "--out", str(out)).returncode == 0
    assert json.loads((out / "metrics.json").read_text()) == {"01_tiny": {"height": 5, "rate": 0.5}, "02_next": {}}
    index = (out / "index.html").read_text()
    assert "1 of 1 notebooks ran" in index and "1 more from earlier runs" in index
    assert 'href="01_tiny.html"' in index and 'href="02_next.html"' in index and "<dt>seed</dt><dd>5</dd>" in index
    for name in ("02_next.ipynb", "02_next.html", "notes.txt"):
        assert (out / name).read_bytes() == first[out / name]
    again = course(folder, "run", "2", "-p", "seed", "6", "--out", str(out))
    assert again.returncode == 0 and "<dt>seed</dt><dd>6</dd>" in (out / "index.html").read_text()


def test_an_executed_notebook_tells_how_its_run_went(folder, tmp_path):
    write_notebook(folder, "04_bad", ["# 04 · Bad", "## Here", "1 / 0"])
    out = tmp_path / "out"
    assert course(folder, "run", "4", "2", "--out", str(out)).returncode == 1
    outcome = read_outcome(out / "04_bad.ipynb")
    assert (outcome.status, outcome.heading, outcome.info.title) == ("failed", "Here", "Bad")
    assert "ZeroDivisionError" in outcome.error and outcome.seconds > 0
    assert read_outcome(folder / "04_bad.ipynb") is None and read_outcome(tmp_path / "none") is None
    assert read(out / "02_next.ipynb")["metadata"][RECORD]["error"] == ""


def test_the_index_takes_a_file_name_for_text(folder, tmp_path):
    path = write_notebook(folder, '05_a"onclick="x<img src=x onerror=y>', ["# 05 · T<b>", "1"])
    write_report(tmp_path, [Outcome(read_notebook(path), {"a<i>": "<u>"}, 1.0, error="<s>", heading="<p>")], 1)
    page = BeautifulSoup((tmp_path / "index.html").read_text(), "html.parser")
    assert not page.select("img, b, i, u, s, td p") and not page.select("[onclick]")
    assert page.select_one("td a")["href"].endswith("%3E.html")


# --- one at a time


def test_who_comes_second_is_told_who_holds_the_folder(folder, tmp_path):
    out = tmp_path / "out"
    with held(out, "run", [], "course run 7"):
        for kind in ("run", "sweep"):
            in_use = rf"in use: process {os.getpid()}, since .* \(course run 7\)"
            with pytest.raises(CourseError, match=in_use), held(out, kind, [], ""):
                pass
    assert not out.exists(), "nothing was written"


@pytest.mark.parametrize("second", [["run", "2"], ["sweep", "2", "-g", "seed=1"]])
def test_two_calls_at_once_into_one_folder(folder, tmp_path, second):
    write_notebook(folder, "04_slow", ["# 04 · Slow", "import time\ntime.sleep(60)"])
    out = tmp_path / "out"
    environment = os.environ | {"COURSE_NOTEBOOKS": str(folder)}
    with process_of([*COURSE, "run", "4", "--out", str(out)], env=environment, stderr=subprocess.PIPE) as first:
        wait(lambda: (out / AT_WORK / "held.json").exists())
        ended = course(folder, *second, "--out", str(out))
        assert ended.returncode == 2 and f"process {first.pid}" in ended.stderr and "run 4 --out" in ended.stderr


HOLD = """
import sys, time
from pathlib import Path
from lib.errors import CourseError
from lib.runner.folder import held
out, log = map(Path, sys.argv[1:])
for _ in range(12):
    try:
        with held(out, "run", [], ""):
            with open(log, "a") as file:
                file.write("+")
                file.flush()
                time.sleep(0.01)
                file.write("-")
    except CourseError as error:
        assert "in use" in str(error)
"""


def test_no_two_ever_hold_it_together(tmp_path):
    call = [sys.executable, "-c", HOLD, str(tmp_path / "out"), str(tmp_path / "log")]
    processes = [subprocess.Popen(call, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in processes:
        _, said = process.communicate(timeout=100)
        assert process.returncode == 0, said
    log = (tmp_path / "log").read_text()
    assert len(log) >= 24 and log == "+-" * (len(log) // 2)
    assert not list((tmp_path / "out").glob("*"))


def test_what_a_killed_call_has_left_is_tidied_up_by_its_guard(tmp_path):
    left = "(out / '.partial-01234567-x').touch(); (out / '.course-work' / 'w').mkdir(); time.sleep(99)"
    script = HOLD.replace("time.sleep(0.01)", left)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with process_of([sys.executable, "-c", script, str(tmp_path / "out"), str(tmp_path / "log")]) as process:
        wait((tmp_path / "out" / AT_WORK / "w").exists)
        process.kill()
        process.wait()  # its guard is nobody's child now, so it is not ended with it
    wait(lambda: [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"])


def test_a_folder_named_lib_where_it_is_called_from_is_no_module(folder, tmp_path):
    (tmp_path / "lib" / "runner").mkdir(parents=True)
    for name in ("lib/__init__.py", "lib/runner/__init__.py", "lib/runner/folder.py"):
        (tmp_path / name).write_text("raise ZeroDivisionError")
    call = [sys.executable, "-P", *COURSE[1:], "run", "2", "--out", "out"]
    ended = subprocess.run(call, env=os.environ | {"COURSE_NOTEBOOKS": str(folder)}, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0 and "Traceback" not in ended.stderr, ended.stderr


def test_where_the_guard_died_too_the_next_call_tidies_up(tmp_path):
    for name in (".partial-01234567-x", LOCK, "runs/.partial-01234567-y", f"{AT_WORK}/left/over"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".partial-mine").touch()
    with held(tmp_path, "sweep", [], ""):
        assert {path.name for path in (tmp_path / AT_WORK).iterdir()} == {"held.json"}
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".partial-mine", "runs"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        with pytest.raises(CourseError, match="cannot be written") as told, held(out, "run", [], ""):
            pass
        assert "\n" not in str(told.value)


def test_the_sweep_of_another_notebook_keeps_the_runs_of_the_first(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("STARTED", str(tmp_path / "started"))
    write_notebook(folder, "04_work", WORK)
    out = tmp_path / "out"
    assert course(folder, "sweep", "4", "-g", "seed=1", "--out", str(out)).returncode == 0
    first = bytes_of(out / "runs")
    assert course(folder, "sweep", "2", "-g", "seed=3", "--out", str(out)).returncode == 0
    assert first.items() <= bytes_of(out / "runs").items() and "Sweep of Next" in (out / "parallel.html").read_text()
    again = course(folder, "sweep", "4", "-g", "seed=1", "--out", str(out))
    assert "1 done before, 0 to run" in again.stderr and [row["square"] for row in table(out)] == ["1"]
    for name in ("index.html", "parallel.html"):
        assert "Sweep of Work" in (out / name).read_text() and "1 runs: 1 done" in (out / name).read_text()


