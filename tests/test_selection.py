"""Which tests run, in which lane, and what is recorded as green: seen on small folders of tests, with pytest run in them."""

import collections
import json
import os
import re
import subprocess
import sys

import nbformat
import pytest
from kit.imports import MODULES, circles, closure, imported
from kit.notebooks import NOTEBOOKS, ROOT, code_cells, source

from lib.machine import cores


@pytest.fixture
def run(tmp_path):
    """A function that runs pytest with our plugins in a folder of files; returns the ended process."""
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = .\ncache_dir = kept\n")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["kit.selection", "kit.lanes"]\n')
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    def call(*words, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        command = [sys.executable, "-m", "pytest", "-v", *words]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    return call


def passed(done):
    """Return the names of the tests that passed."""
    return re.findall(r"::test_([\w.\[\]-]+) PASSED", done.stdout)


LONG = """
import pytest

@pytest.mark.long("kills")
@pytest.mark.parametrize("way", range(8))
def test_kill(way): pass

@pytest.mark.long("seeds")
def test_seed(): pass

@pytest.mark.long("lessons", by="lesson")
@pytest.mark.parametrize("question", "xyz")
@pytest.mark.parametrize("lesson", "ab")
def test_lab(lesson, question): pass

def test_short(): pass
"""


def test_one_of_each_family_runs_and_a_seed_repeats_it(run):
    drawn = run("test_long.py", test_long=LONG)
    seed = re.search(r"--sample-seed (\d+)", drawn.stdout)[1]
    one, two = (passed(run("test_long.py", "--sample-seed", number)) for number in (seed, str(int(seed) + 1)))
    assert passed(drawn) == one
    for names in (one, two):
        kinds = collections.Counter(name.partition("[")[0] for name in names)
        assert kinds == {"kill": 1, "seed": 1, "lab": 3, "short": 1}
        assert len({name[4] for name in names if name.startswith("lab[")}) == 1, "three questions to one lesson"
    assert len(passed(run("test_long.py", "--long"))) == 16
    assert passed(run("test_long.py", "-k", "kill and 5")) == ["kill[5]"], "what is asked for by name runs"


LESSONS = """
import pytest

@pytest.mark.lesson("08")
def test_voting(): pass

@pytest.mark.lesson("11")
def test_stacking(): assert WORKS

@pytest.mark.lesson
def test_map(): pass

@pytest.mark.parametrize("name", ["08_voting", "e08.q1", "11_stacking", "108_x", "e08"])
def test_named(name): pass

def test_other(): pass
"""


def test_a_lesson_runs_what_belongs_to_it_and_its_green_is_kept(run, tmp_path):
    red = run("--lesson", "8,11", test_lessons=LESSONS.replace("WORKS", "False"))
    assert passed(red) == ["voting", "map", "named[08_voting]", "named[e08.q1]", "named[11_stacking]"]
    assert red.returncode == 1
    assert set(json.loads((tmp_path / "kept" / "v" / "lessons" / "green").read_text())) == {"08"}
    changed = run("--changed")
    assert "lesson: 11_stacking" in changed.stdout and "lesson: 08_voting" not in changed.stdout
    every = run(test_lessons=LESSONS.replace("WORKS", "True"))
    assert every.returncode == 0 and every.stdout.count("PASSED") == 9
    nothing = run("--changed")
    assert nothing.returncode == 0 and "no lesson has changed since it was last green here" in nothing.stderr
    assert "there is no lesson 99; the lessons are 00, 01" in run("--lesson", "99").stderr
    assert "6 passed" in run("-p", "xdist", "-n2", "--lesson", "8,11").stdout, "a lane reads the command line once more"


def test_what_was_narrowed_by_name_is_no_green(run, tmp_path):
    assert run("--lesson", "08", "-k", "voting", test_lessons=LESSONS).returncode == 0
    assert not (tmp_path / "kept" / "v" / "lessons").exists()


NBVAL = ["-p", "nbval.plugin", "--nbval", "--nbval-current-env"]


def test_a_failed_cell_runs_again_with_those_above_it(run, tmp_path):
    cells = ["x = 1", "y = x + 1", "z = y / 0", "z = y"]
    cells = [nbformat.v4.new_code_cell(source, execution_count=1) for source in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "00_small.ipynb")
    assert "1 failed" in run(*NBVAL).stdout
    again = run(*NBVAL, "--lf")
    assert "ZeroDivisionError" in again.stdout and re.search(r"1 failed, 2 passed", again.stdout), again.stdout


LANE = """
import json, pytest, time
from lib.machine import cores

def note(name):
    start = time.time()
    time.sleep(0.3)
    with open("times", "a") as file:
        file.write(json.dumps([name, start, time.time(), cores()]) + "\\n")

MARK
@pytest.mark.parametrize("number", range(4))
def test_one(number): note("NAME")
"""


def test_a_quiet_test_has_the_machine_to_itself_and_others_do_not(run, tmp_path):
    loud = LANE.replace("MARK", "")
    files = {"test_a": loud.replace("NAME", "a"), "test_b": loud.replace("NAME", "b")}
    files["test_c"] = LANE.replace("MARK", "@pytest.mark.quiet").replace("NAME", "c")
    done = run("-p", "xdist", "-n2", "--dist", "loadfile", **files)
    assert "12 passed" in done.stdout, done.stdout
    rows = [json.loads(line) for line in (tmp_path / "times").read_text().splitlines()]
    beside = {frozenset((a[0], b[0])) for a in rows for b in rows if a is not b and a[1] < b[2] and b[1] < a[2]}
    assert beside == {frozenset("ab")}, "two lanes, and the quiet one alone"
    share = max(1, cores() // 2) if hasattr(os, "sched_setaffinity") else cores()
    assert {row[3] for row in rows if row[0] == "c"} == {cores()}
    assert {row[3] for row in rows if row[0] == "a"} <= {share, share + 1}, "each lane has its share of the cores"


def test_a_lesson_depends_on_what_it_imports_and_on_nothing_else():
    (tuner,) = [path for path in NOTEBOOKS if path.name.startswith("03_")]
    modules = closure(imported("\n".join(map(source, code_cells(tuner)))))
    assert {"lib.tuning.fast", "lib.exercises.e03", "lib.exercises.core", "lib.errors"} <= modules
    assert not {"lib.exercises.e04", "lib.runner.cli"} & modules


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d"}}) == [["b", "c"], ["d"]]
    assert imported("def f():\n    from lib.tuning import budget") == {"lib.tuning", "lib.tuning.budget"} & set(MODULES)
