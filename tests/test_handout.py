"""A folder that is handed out: a learner runs a lesson in it, its exercises answer, and nothing of anybody is overwritten."""

import json
import os
import subprocess
import sys

import pytest
from kit.course import COURSE, course, make_course, refused
from kit.notebooks import NOTEBOOKS, ROOT

from lib.runner.handout import write_handout
from lib.runner.notebooks import pictures, read_notebook

ANSWER = """
from lib import places
from lib.exercises import e00, progress
print(places.ROOT)
print(e00.q1.judge(lambda number: number + number), e00.q1.judge(lambda number: 3 * number))
e00.q1.hint()
e00.q1.solution()
print([row["notebook"] for row in progress()])
"""


@pytest.fixture
def folder(tmp_path):
    return make_course(tmp_path / "kit")


def in_handout(handout, *words):
    """Run Python in a handout, as after an installation of it: its library is the one that is found."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("COURSE_NOTEBOOKS")}
    return subprocess.run([sys.executable, *words], cwd=handout, env=known | {"PYTHONPATH": str(handout)},
                          capture_output=True, text=True)


def test_a_learner_runs_a_lesson_and_the_checks_answer(tmp_path):
    handout = tmp_path / "week 1"
    ended = course(ROOT / "notebooks", "handout", "0", "06_optuna", "--no-solutions", "--out", str(handout))
    assert (ended.returncode, ended.stdout) == (0, f"{handout}\n"), ended.stderr
    listed = in_handout(handout, *COURSE[1:], "list")
    assert [line[:2] for line in listed.stdout.splitlines() if line[:1].isdigit()] == ["00", "06"], listed.stderr
    ran = in_handout(handout, *COURSE[1:], "run", "00", "--out", "out")
    assert ran.returncode == 0 and ran.stdout.endswith("00_start_here.html\n"), ran.stderr
    assert json.loads((handout / "out" / "metrics.json").read_text()) == {"00_start_here": {}}
    answered = in_handout(handout, "-c", ANSWER)
    first, judged, hint, solution, known = answered.stdout.splitlines()
    assert first == str(handout) and "✔ Right." in judged and "✘ Not yet." in judged and hint.startswith("Hint 1 of ")
    assert "return" not in solution and solution.startswith("Solutions stay with whoever gave you this lesson")
    assert known == "['00', '06']", "exercises of other lessons are not handed out"


def test_what_lies_in_a_handout(tmp_path):
    chosen = [read_notebook(path) for path in NOTEBOOKS if path.name[:2] in ("00", "06")]
    (tmp_path / ".course-work").mkdir()
    write_handout(chosen, tmp_path)
    assert not (tmp_path / "no-solutions").exists()
    for info in chosen:
        assert (tmp_path / "notebooks" / info.path.name).read_bytes() == info.path.read_bytes()
        for address in pictures(info.path):
            assert (tmp_path / "notebooks" / address).is_file()
    assert pictures(chosen[1].path), "this lesson shows a picture"
    readme = (tmp_path / "README.md").read_text()
    for words in ("Lessons 00 and 06 of the course", "`solution` shows one", "notebooks/06_optuna.ipynb"):
        assert words in readme
    for name in ("requirements.txt", "pyproject.toml", "LICENSE", "lib/runner/static/site.js", "data/fashion-mnist"):
        assert (tmp_path / name).exists()
    assert (tmp_path / "notebooks" / "glossary.md").exists(), "lesson 00 leads there"
    assert not list(tmp_path.rglob("__pycache__")) and not (tmp_path / "lib/exercises/e01.py").exists()
    assert (tmp_path / "lib/exercises/e06.py").exists()


@pytest.mark.parametrize("words", ["", "2", "9 --out new", "2 --out .", "2 --out notebooks/new", "2 --out images"])
def test_a_wrong_request_is_told_in_one_line_and_makes_nothing(folder, words, monkeypatch, capsys):
    said = refused(folder, ["handout", *words.split()], monkeypatch, capsys)
    assert said.partition("\nThe notebooks are")[0].count("\n") <= 1


def test_a_folder_with_anything_in_it_stays_as_it_is(folder, tmp_path, monkeypatch, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.ipynb").write_text("{}")
    said = refused(folder, ["handout", "2", "--out", str(tmp_path / "mine")], monkeypatch, capsys)
    assert "a file work.ipynb that is not of a course handout" in said
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["work.ipynb"]
