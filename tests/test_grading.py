"""`course grade` as an instructor uses it, on what a class hands in: good, broken and hostile notebooks, in real kernels."""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import nbformat
import pytest
from kit.browser import needs_browser, watched
from kit.notebooks import ROOT
from kit.processes import wait
from nbformat import v4

from lib.runner import handed_in, room
from lib.runner.slices import checks, needed, read_cell

USE = "from lib.exercises import e00"
DOUBLE = "def double(number):\n    {}\n\ne00.q1.check(double)"
RIGHT = DOUBLE.format("return 2 * number")
ACCURACY = "def accuracy(t, p):\n    return (t == p).mean()\n\ne00.q2.check(accuracy)"
BEST = "def best(scores, direction):\n    ...\n\ne00.q3.check(best)"
WHOLE = [USE, RIGHT, ACCURACY, BEST]
LIMITS = ["--timeout", "60", "--memory", "2"]


@pytest.fixture(scope="module")
def has_room(tmp_path_factory):
    why = room.why_not(tmp_path_factory.mktemp("room"))
    if why:
        pytest.skip(f"this machine has no room without windows: {why}")


def book(path, *sources):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources]), path)
    return path


def grade(tmp_path, *words):
    """Call the command; returns what it did, and the rows of its table by learner and exercise."""
    out = tmp_path / "grades"
    call = [sys.executable, "-c", "import sys; from lib.runner.cli import main; sys.exit(main(sys.argv[1:]))", "grade"]
    done = subprocess.run([*call, *map(str, words), "--out", str(out)], cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert "Traceback" not in done.stderr, done.stderr
    table = out / "grades.csv"
    rows = list(csv.DictReader(table.open(encoding="utf-8"))) if table.exists() else []
    return done, {(row["learner"], row["exercise"]): row for row in rows}


def verdicts(rows, learner):
    return {key: row["verdict"] for (name, key), row in rows.items() if name == learner}


# --- which cells run


@pytest.mark.parametrize("source, defines, needs", [
    ("import numpy as np\nx = np.ones(3)", {"np", "x"}, set()),
    ("def f(a):\n    b = a + c\n    return g(b)", {"f"}, {"c", "g"}),
    ("y = x\nx = 1", {"x", "y"}, {"x"}),
    ("x += 1", {"x"}, {"x"}),
    ("def f():\n    return later\nlater = 2", {"f", "later"}, set()),
    ("total = sum(row for row in rows)", {"total"}, {"rows"}),
    ("def f():\n    global n\n    n = 1", {"f", "n"}, set()),
    ("%matplotlib inline\nx = 1", {"x"}, set()),
    ("files = !ls\nprint(files)", {"files"}, set()),
    ("class A(B):\n    c = d\n    def m(self):\n        return e", {"A"}, {"B", "d", "e"}),
    ("this is no Python", set(), set()),
    ("", set(), set()),
])
def test_what_a_cell_defines_and_needs(source, defines, needs):
    cell = read_cell(source)
    assert (cell.defines, cell.needs) == (defines, needs)


def test_only_what_an_exercise_needs_is_run():
    sources = ["import time", "time.sleep(1000)", "a = 1", "b = a + 1", "a = 5", "unused = b", "def f():\n    return b", "f()"]
    assert needed([read_cell(source) for source in sources], 7) == [2, 3, 6, 7]


def test_a_check_that_is_written_is_one_and_a_comment_is_none():
    assert checks("e01.q2.check(f)\n# e01.q3.check(g)\n  e10.q11.check (h)") == ["e01.q2", "e10.q11"]
    assert checks("\n" * 10**6 + "e01.q1.check(f)") == ["e01.q1"]  # in time that grows with the length, not with its square
    assert read_cell("x = 1" + "\n" * 10**6).defines == {"x"}


# --- what was handed in


@pytest.mark.parametrize("names", [
    ["A/anna (3)", "A/anna", "B/anna"], ["A/anna (2)", "A/anna", "B/anna"], ["A/anna", "B/anna", "C/anna"],
    ["A/anna", "B/anna (2)", "C/anna", "D/anna (2)"], ["A/anna", "A/annabel", "B/anna"],
])
def test_no_notebook_takes_the_place_of_another(tmp_path, names):
    for name in names:
        book(tmp_path / f"{name}.ipynb", f"whose = {name!r}")
    found = handed_in.find(sorted(tmp_path.iterdir()), ROOT / "notebooks")
    assert sorted(source for each in found for source in each.sources) == sorted(f"whose = {name!r}" for name in names)
    assert len({each.learner for each in found}) == len(names)


def test_a_zip_with_too_many_notebooks_or_a_broken_one_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(handed_in, "MOST", 2)
    with zipfile.ZipFile(tmp_path / "week.zip", "w") as archive:
        for name in ("readme.txt", "a.ipynb", "b.ipynb", "c.ipynb"):
            archive.writestr(name, json.dumps({"cells": []}))
    broken = bytearray((tmp_path / "week.zip").read_bytes())
    broken[broken.index(b"PK\x01\x02")] = 0
    (tmp_path / "broken.zip").write_bytes(broken)
    found = {each.learner: each.error for each in handed_in.find(sorted(tmp_path.iterdir()), ROOT / "notebooks")}
    assert list(found) == ["a", "b", "broken.zip", "week.zip"]
    assert found["broken.zip"].endswith("its zip is broken.") and "3 notebooks, and the first 2 are" in found["week.zip"]


# --- a class


def test_a_class_with_good_and_broken_notebooks(tmp_path, has_room):
    top = tmp_path / "class"
    book(top / "anna.ipynb", USE, "import time\ntime.sleep(1000)", RIGHT, ACCURACY, BEST)
    book(top / "ben" / "my homework (2).ipynb", *WHOLE)
    book(top / "crash.ipynb", USE, "import os\nos._exit(3)\n" + RIGHT, ACCURACY)
    book(top / "syntax.ipynb", USE, "def double(number)\n    return 2 * number\ne00.q1.check(double)", ACCURACY, BEST)
    book(top / "=cmd.ipynb", USE, DOUBLE.format("return '=1+1'"))
    book(top / ".ipynb_checkpoints" / "anna.ipynb", *WHOLE)
    (top / "no.ipynb").write_text("{")
    (top / "link.ipynb").symlink_to(ROOT / "notebooks" / "00_start_here.ipynb")
    done, rows = grade(tmp_path, top, *LIMITS)
    assert done.returncode == 0 and done.stdout.strip().endswith("grades.html")
    assert {learner for learner, _ in rows} == {"anna", "ben/my homework (2)", "crash", "syntax", "'=cmd", "no", "link"}
    assert verdicts(rows, "anna") == {"e00.q1": "right", "e00.q2": "right", "e00.q3": "blank"}
    assert verdicts(rows, "ben/my homework (2)") == verdicts(rows, "anna")
    assert verdicts(rows, "crash") == {"e00.q1": "error", "e00.q2": "right", "e00.q3": "blank"}
    assert verdicts(rows, "syntax") == {"e00.q1": "error", "e00.q2": "right", "e00.q3": "blank"}
    assert "SyntaxError" in rows["syntax", "e00.q1"]["message"] and "died" in rows["crash", "e00.q1"]["message"]
    assert verdicts(rows, "'=cmd")["e00.q1"] == "wrong"
    assert verdicts(rows, "no") == verdicts(rows, "link") == {"": "error"}


def test_a_zip_as_a_school_packs_it(tmp_path, has_room):
    path = book(tmp_path / "a.ipynb", *WHOLE)
    with zipfile.ZipFile(tmp_path / "week.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "week/Kim, A_123/00.ipynb")
        archive.write(path, "../../out.ipynb")
        archive.writestr("__MACOSX/._00.ipynb", "x")
        archive.writestr("week/essay.docx", "x")
    _, rows = grade(tmp_path, tmp_path / "week.zip", *LIMITS)
    assert {learner for learner, _ in rows} == {"week/Kim, A_123/00", "../../out"}
    assert {row["verdict"] for row in rows.values()} == {"right", "blank"}
    assert not (tmp_path.parent / "out.ipynb").exists()


@pytest.mark.parametrize("words, says", [
    (["nowhere.ipynb"], "There is no file nowhere.ipynb"),
    ([], "Missing argument"),
    (["EMPTY"], "There is no notebook (.ipynb) in"),
    (["BOOK", "--memory", "0"], "0.5"),
])
def test_a_wrong_request_is_told_in_one_line(tmp_path, words, says):
    (tmp_path / "empty").mkdir()
    named = {"EMPTY": tmp_path / "empty", "BOOK": book(tmp_path / "a.ipynb", *WHOLE)}
    done, rows = grade(tmp_path, *[named.get(word, word) for word in words])
    assert done.returncode == 2 and says in done.stderr and not rows
    assert len(done.stderr.strip().splitlines()) == 1 and not (tmp_path / "grades").exists()


def test_a_folder_with_a_table_of_somebody_else_stays(tmp_path):
    (tmp_path / "grades").mkdir()
    (tmp_path / "grades" / "grades.csv").write_text("mine")
    done, _ = grade(tmp_path, book(tmp_path / "a.ipynb", *WHOLE))
    assert done.returncode == 2 and (tmp_path / "grades" / "grades.csv").read_text() == "mine"


def test_where_there_is_no_linux_the_grader_can_be_imported():
    code = "import sys; sys.modules.update({'fcntl': None, 'lib.runner.furnish': None}); import lib.runner.grading"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_without_a_room_nothing_runs_but_with_trust(tmp_path, monkeypatch):
    """As on macOS and Windows, and where namespaces are forbidden: there the program `unshare` is not found."""
    from lib.runner.cli import main

    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert main(["grade", str(book(tmp_path / "a.ipynb", *WHOLE)), "--out", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()
    _, rows = grade(tmp_path, tmp_path / "a.ipynb", "--trust")
    assert verdicts(rows, "a") == {"e00.q1": "right", "e00.q2": "right", "e00.q3": "blank"}


# --- hostile notebooks: each keeps its right second answer, and none gets what it is after

SPY = """import glob, os
def double(number):
    found = []
    for path in {paths!r} + glob.glob("/proc/*/environ") + glob.glob("/home/*/*") + glob.glob("/root/*"):
        try:
            found.append(open(path, "rb").read().decode(errors="replace"))
        except OSError:
            pass
    raise ValueError("seen " + " ".join(found)[:900])

e00.q1.check(double)"""

VANDAL = """import pathlib, subprocess
def double(number):
    for path in {paths!r}:
        for call in (lambda: pathlib.Path(path).write_text("hit"), lambda: pathlib.Path(path).unlink(),
                     lambda: subprocess.run(["mount", "-o", "remount,bind,rw", str(pathlib.Path(path).parent)]),
                     lambda: pathlib.Path(path).write_text("hit")):
            try:
                call()
            except OSError:
                pass
    return 2 * number

e00.q1.check(double)"""

CALLER = """import socket
def double(number):
    for address in {addresses!r}:
        try:
            socket.create_connection(tuple(address), timeout=2).sendall(b"hit")
        except OSError:
            pass
    return 2 * number

e00.q1.check(double)"""

KILLER = """import os, signal, subprocess, sys
code = "import os, time\\nwhile True:\\n    time.sleep(1)"
for _ in range(20):
    subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
for pid in range(2, 3000):
    try:
        pid in (os.getpid(), os.getppid()) or os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
while True:
    pass
""" + RIGHT

GLUTTON = "hoard = []\nwhile True:\n    hoard.append(bytearray(b'x') * 10**8)\n" + RIGHT


def test_a_notebook_sees_nothing_of_the_grader(tmp_path, has_room, monkeypatch):
    secret = tmp_path / "key"
    secret.write_text("the grader's own")
    monkeypatch.setenv("A_KEY", "the grader's own, too")
    other = book(tmp_path / "class" / "other.ipynb", USE, RIGHT, "mine = 'the grader\\'s own pupil'")
    book(tmp_path / "class" / "spy.ipynb", USE, SPY.format(paths=[str(secret), str(other), "/etc/shadow"]), ACCURACY)
    _, rows = grade(tmp_path, tmp_path / "class", *LIMITS)
    assert rows["spy", "e00.q1"]["verdict"] == "wrong" and "seen" in rows["spy", "e00.q1"]["message"]
    assert "grader" not in json.dumps(list(rows.values()))
    assert rows["spy", "e00.q2"]["verdict"] == rows["other", "e00.q1"]["verdict"] == "right"


def test_a_notebook_writes_nowhere(tmp_path, has_room):
    mine = tmp_path / "mine"
    mine.write_text("as it was")
    kit, python = ROOT / "lib" / "errors.py", Path(sys.prefix, "pyvenv.cfg")
    before = [path.read_bytes() for path in (mine, kit, python)]
    new = [tmp_path / "new", ROOT / "new", Path(sys.prefix, "new"), Path("/tmp/new-of-a-notebook")]
    book(tmp_path / "vandal.ipynb", USE, VANDAL.format(paths=[str(p) for p in (mine, kit, python, *new)]), ACCURACY)
    _, rows = grade(tmp_path, tmp_path / "vandal.ipynb", *LIMITS)
    assert verdicts(rows, "vandal") == {"e00.q1": "right", "e00.q2": "right", "e00.q3": "blank"}
    assert [path.read_bytes() for path in (mine, kit, python)] == before
    assert not [path for path in new if path.exists()]


def test_a_notebook_reaches_no_network(tmp_path, has_room):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        came = []
        over = threading.Event()

        def listen():
            while not over.is_set():
                try:
                    came.append(server.accept())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen)
        thread.start()
        own = socket.gethostbyname(socket.gethostname())
        addresses = [["127.0.0.1", server.getsockname()[1]], [own, server.getsockname()[1]], ["192.0.2.1", 80]]
        book(tmp_path / "caller.ipynb", USE, CALLER.format(addresses=addresses), ACCURACY)
        _, rows = grade(tmp_path, tmp_path / "caller.ipynb", *LIMITS)
        over.set()
        thread.join()
    assert verdicts(rows, "caller") == {"e00.q1": "right", "e00.q2": "right", "e00.q3": "blank"}
    assert not came


def test_a_notebook_that_never_ends_and_kills_what_it_sees_costs_its_own_row(tmp_path, has_room):
    book(tmp_path / "class" / "killer.ipynb", USE, KILLER, ACCURACY)
    book(tmp_path / "class" / "other.ipynb", *WHOLE)
    _, rows = grade(tmp_path, tmp_path / "class", "--timeout", "10", "--workers", "1")
    assert verdicts(rows, "other") == {"e00.q1": "right", "e00.q2": "right", "e00.q3": "blank"}
    assert rows["killer", "e00.q1"]["verdict"] == "error"
    assert verdicts(rows, "killer")["e00.q2"] in ("right", "error")  # as far as it left its own judge alone


def test_a_notebook_that_takes_all_memory_costs_its_own_row(tmp_path, has_room):
    book(tmp_path / "class" / "glutton.ipynb", USE, GLUTTON, ACCURACY)
    book(tmp_path / "class" / "other.ipynb", *WHOLE)
    _, rows = grade(tmp_path, tmp_path / "class", *LIMITS)
    assert verdicts(rows, "other") == {"e00.q1": "right", "e00.q2": "right", "e00.q3": "blank"}
    assert "memory" in rows["glutton", "e00.q1"]["message"]


def test_what_a_notebook_starts_ends_with_it(tmp_path, has_room):
    mark = f"seconds = {os.getpid()}.25"
    start = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; {mark}; time.sleep(600)'])\n" + RIGHT
    book(tmp_path / "a.ipynb", USE, start)
    _, rows = grade(tmp_path, tmp_path / "a.ipynb", *LIMITS)
    assert verdicts(rows, "a")["e00.q1"] == "right"
    assert mark not in processes()


# --- the page


@needs_browser
def test_the_page_says_who_is_where_and_what_stops_the_class(tmp_path, has_room, browser):
    top = tmp_path / "class"
    for name in ("anna", "ben", "cleo"):
        book(top / f"{name}.ipynb", USE, RIGHT if name == "anna" else DOUBLE.format("return number"), ACCURACY, BEST)
    grade(tmp_path, top, *LIMITS)
    page = watched(browser, 1100, 900)
    page.goto((tmp_path / "grades" / "grades.html").as_uri())
    stops, who = page.locator("table").all()
    assert "comes back as it went in" in stops.inner_text() and "2 ×" in stops.inner_text()
    assert who.locator("tbody tr").count() == 3
    assert who.get_by_role("img", name="right").count() == 4
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.errors == []
    page.close()


# --- forty

BROKEN = {
    "crash": [USE, "import os\nos._exit(3)\n" + RIGHT],
    "hang": [USE, "while True: pass\n" + RIGHT],
    "memory": [USE, GLUTTON],
    "syntax": [USE, RIGHT.replace(":", "")],
    "lacks": [USE, ACCURACY],
    "none": ["print('no exercise')"],
    "deep": [USE, "def double(number):\n    return double(number)\ne00.q1.check(double)"],
    "loud": [USE, "print('x' * 10**8)\n" + RIGHT],
}


@pytest.mark.long("grades")
def test_forty_notebooks_ten_of_them_broken(tmp_path, has_room):
    top = tmp_path / "class"
    for number in range(30):
        book(top / f"good{number:02}.ipynb", *WHOLE)
    for name, sources in BROKEN.items():
        book(top / f"{name}.ipynb", *sources)
    (top / "empty.ipynb").write_text("")
    (top / "old.ipynb").write_text(json.dumps({"nbformat": 3, "worksheets": []}))
    done, rows = grade(tmp_path, top, "--timeout", "40", "--memory", "2")
    assert done.returncode == 0 and len({learner for learner, _ in rows}) == 40
    for number in range(30):
        assert verdicts(rows, f"good{number:02}") == {"e00.q1": "right", "e00.q2": "right", "e00.q3": "blank"}
    for name in ("crash", "hang", "memory", "syntax"):
        assert verdicts(rows, name)["e00.q1"] == "error"
    assert verdicts(rows, "lacks") == {"e00.q1": "blank", "e00.q2": "right", "e00.q3": "blank"}
    assert verdicts(rows, "deep")["e00.q1"] == "wrong"
    assert [verdicts(rows, name) for name in ("none", "empty", "old")] == 3 * [{"": "error"}]


# --- an end before the end


def test_ctrl_c_and_a_kill_leave_a_true_table_and_no_process(tmp_path, has_room):
    top = tmp_path / "class"
    book(top / "a.ipynb", *WHOLE)
    mark = f"seconds = {os.getpid()}.75"
    start = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; {mark}; time.sleep(600)'])\n" + RIGHT
    book(top / "b.ipynb", USE, start)
    call = [sys.executable, "-c", "import sys; from lib.runner.cli import main; sys.exit(main(sys.argv[1:]))", "grade"]
    for number, status in ((signal.SIGINT, 130), (signal.SIGKILL, -9)):
        out = tmp_path / f"out{number}"
        process = subprocess.Popen([*call, str(top), "--out", str(out), "--workers", "1"], cwd=ROOT, stderr=subprocess.DEVNULL)
        wait(lambda out=out: mark in processes() and (out / "grades.csv").exists(), 60)
        process.send_signal(number)
        assert process.wait(30) == status
        wait(lambda: mark not in processes(), 30)
        wait(lambda out=out: sorted(path.name for path in out.iterdir()) == ["grades.csv", "grades.html"], 30)
        assert {row["learner"] for row in csv.DictReader((out / "grades.csv").open())} == {"a"}


def processes():
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
