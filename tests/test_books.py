"""The books of a sweep: whatever is damaged, cut or killed, each point is there once, and what is done is never run again."""

import csv
import io
import json
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from kit.course import table, write_notebook

from lib.runner import books as module
from lib.runner.books import Books
from lib.runner.notebooks import read_folder
from lib.runner.points import read_points
from lib.runner.sweep_pages import write_pages

LESSON = ["# 04 · Work", "#parameters\nseed = 1  # [1..]\nkind = 'a'\nsizes = [8]", "1"]
DAMAGES = ["", '{"half', "[]", "\0" * 9, "null", '{"status": "done"}', '{"status": "done", "values": {}}', "9" * 5000, "[" * 9999]


def request(folder, *grid, given=()):
    write_notebook(folder / "notebooks", "04_work", LESSON)
    return read_points(read_folder(folder / "notebooks"), "4", "lesson", list(given), list(grid), None)


def done(**more):
    return {"status": "done", "seconds": 1.5, "error": "", "metrics": {"square": 1.0}, "host": "h", "notebook": "{}"} | more


def failed(error="ValueError: no"):
    return done(status="failed", error=error, metrics={})


@pytest.mark.parametrize("text", DAMAGES)
def test_a_damaged_result_is_a_run_that_has_not_ended(tmp_path, text):
    asked = request(tmp_path, "seed=1..3")
    books = Books(tmp_path, *asked)
    for point in books.points:
        books.add(point, done())
    (tmp_path / "runs" / f"{books.points[1].key}.json").write_text(text)
    again = Books(tmp_path, *asked)
    assert again.todo() == [books.points[1]] and again.count("done") == 2 and again.count("planned") == 1
    again.write_table()
    assert [row["status"] for row in table(tmp_path)] == ["done", "planned", "done"]


def test_what_a_spreadsheet_would_run_is_text(tmp_path):
    asked = request(tmp_path, "seed=1", given=[("kind", "@SUM(1)")])
    books = Books(tmp_path, *asked)
    metrics = {"=m": -1.5, "n": -2, "t": "\t+1", "w": "\u200b＝1", "nothing": None}
    books.add(books.points[0], done(error="=cmd|' /C calc'!A0", metrics=metrics))
    (header, row) = csv.reader(io.StringIO((tmp_path / "runs.csv").read_text()))
    assert dict(zip(header, row, strict=True)) == {
        "seed": "1", "kind": "'@SUM(1)", "sizes": "[8]", "'=m": "-1.5", "n": "-2", "t": "'\t+1", "w": "'\u200b＝1", "nothing": "",
        "seconds": "1.5", "status": "done", "error": "'=cmd|' /C calc'!A0", "notebook": f"runs/{books.points[0].key}.ipynb",
    }


ODD = [
    [{"a": 1.0, "b": None}, {"a": float("nan"), "b": "<b>"}, {"a": 10**300, "b": "\ud800"}, {"</script>": True, "seed": 3}],
    [{"a": 1.0}, {"a": "none"}, {"a": 2.0}, {"a": 10**400}],
    [{"b": 1, "a": 1.0}, {"b": 2, "a": True}, {"b": "x", "a": None}, {"b": 3}],
    [{"b": 1, "a": 1.0}, {"b": 2, "a": "x"}, {"b": [3], "a": 10**400}, {"b": {}, "a": 2}],
    [{"a": 10**400}, {"a": -(10**400)}, {"a": float("inf")}, {"a": float("-inf")}],
    [{"a": 10**308}, {"a": -(10**308)}, {"a": 5e-324}, {"a": -0.0}],
    [{"": 1}, {"": 2, " ": 3}, {"param_seed": 1, "metric_seed": 2, "seed": 3}, {"run": 1, "trial": 2, "score": 3}],
    [{"trial": 1, "score": 2}, {"trial": 2, "score": 3}, {"run": 1, "trial": 2, "score": 3}, {"trial": 1, "a\nb": 3}],
]


def test_what_is_called_as_a_trials_outcome_has_an_axis_too(tmp_path):
    parameters = "#parameters\nepochs = 1\nscore = 1\ntrial = 1"
    write_notebook(tmp_path / "notebooks", "04_work", ["# 04 · Work", parameters, "1"])
    grid = ["epochs=1,2", "score=1,2", "trial=1,2"]
    books = Books(tmp_path, *read_points(read_folder(tmp_path / "notebooks"), "4", "lesson", [], grid, None))
    for number, point in enumerate(books.points):
        books.add(point, done(metrics={"status": number, "direction": number, "loss": number}))
    write_pages(books)
    page = (tmp_path / "parallel.html").read_text(encoding="utf-8")
    labels = re.findall(r'"label": ?"([^"]*)"', page)
    assert [label.strip() for label in labels] == ["epochs", "score", "trial", "metric_status", "direction", "loss"]


@pytest.mark.parametrize("odd", ODD)
def test_values_that_no_picture_shows_make_pages_all_the_same(tmp_path, odd):
    asked = request(tmp_path, "seed=1..4")
    books = Books(tmp_path, *asked)
    for point, metrics in zip(books.points, odd, strict=True):
        books.add(point, done(metrics=metrics, error="<img src=x onerror=y>"))
    write_pages(books)
    for name in ("index.html", "parallel.html"):
        page = (tmp_path / name).read_text(encoding="utf-8")
        assert "<img src=x" not in page and "<b>" not in page.partition("<tbody>")[2] and page.count("</html>") == 1


def test_ten_thousand_points_are_appended_quickly(tmp_path):
    asked = request(tmp_path, "seed=1..5000", "sizes=[8],[9]")
    books = Books(tmp_path, *asked)
    assert len(books.points) == 10_000
    books.begin_table()
    books.add(books.points[5], failed())
    books.add(books.points[0], done())
    node, before = (tmp_path / "runs.csv").stat().st_ino, (tmp_path / "runs.csv").read_bytes()
    for point in books.points[300:0:-1]:
        if point is not books.points[5]:
            books.add(point, done())
    assert (tmp_path / "runs.csv").stat().st_ino == node, "appended, not written anew"
    assert (tmp_path / "runs.csv").read_bytes().startswith(before), "a row costs the same, however long the table is"
    assert [row["seed"] for row in table(tmp_path)][:3] == ["3", "1", "151"] and len(table(tmp_path)) == 301
    books.write_table()
    rows = table(tmp_path)
    assert len(rows) == 10_000 and [row["status"] for row in rows].count("done") == 300
    assert len(Books(tmp_path, *asked).todo()) == 9_700


class Sweeps(RuleBasedStateMachine):
    """Calls of sweeps over parts of a grid in one folder; they die, results are damaged, tables and notebooks vanish."""

    @initialize(whole=st.sampled_from([2, 500]))
    def begin(self, whole):
        module.WHOLE = whole
        self.folder = Path(tempfile.mkdtemp())
        self.asked = request(self.folder, "seed=1..6")
        self.truth = {}  # by seed: the status that is on disk
        self.open(1, 6)

    @rule(low=st.integers(1, 6), high=st.integers(1, 6))
    def open(self, low, high):
        """Another call, after the last one has died or ended."""
        info, varied, points = self.asked
        self.books = Books(self.folder, info, varied, points[min(low, high) - 1 : max(low, high)])
        self.books.begin_table()

    @rule(place=st.integers(0, 5), well=st.booleans(), name=st.sampled_from(["square", "seconds", "seed", "=x"]))
    def ends(self, place, well, name):
        """A run that was not done ends."""
        if todo := self.books.todo():
            point = todo[place % len(todo)]
            self.books.add(point, done(metrics={name: 1.0}) if well else failed())
            self.truth[point.values["seed"]] = "done" if well else "failed"

    @rule(place=st.integers(0, 5), text=st.sampled_from(DAMAGES))
    def is_damaged(self, place, text):
        """A result is damaged between two calls."""
        if self.truth:
            seed = sorted(self.truth)[place % len(self.truth)]
            (self.folder / "runs" / f"{self.asked[2][seed - 1].key}.json").write_text(text)
            del self.truth[seed]
            self.open(1, 6)

    @rule(name=st.sampled_from(["runs.csv", "runs"]))
    def vanishes(self, name):
        """The table or all runs vanish between two calls."""
        if name == "runs":
            shutil.rmtree(self.folder / "runs", ignore_errors=True)
            self.truth = {}
        (self.folder / "runs.csv").unlink(missing_ok=True)
        self.open(1, 6)

    @invariant()
    def the_books_are_true(self):
        seeds = [point.values["seed"] for point in self.books.points]
        assert [point.values["seed"] for point in self.books.todo()] == [s for s in seeds if self.truth.get(s) != "done"]
        rows = {row["seed"]: row["status"] for row in table(self.folder)}
        assert len(rows) == len(table(self.folder)), "no point is there twice"
        ended = {str(s): self.truth[s] for s in seeds if s in self.truth}
        told = {seed: status for seed, status in rows.items() if status != "planned"}
        if len(seeds) <= module.WHOLE:
            assert list(rows) == list(map(str, seeds)) and told == ended
        else:  # what failed in an earlier call is to run again
            assert told.items() <= ended.items() and {s for s in ended if ended[s] == "done"} <= set(told)
        for seed in self.truth:
            kept = self.folder / "runs" / f"{self.asked[2][seed - 1].key}.json"
            assert json.loads(kept.read_text())["values"]["seed"] == seed

    def teardown(self):
        module.WHOLE = 500
        shutil.rmtree(self.folder)


TestSweeps = Sweeps.TestCase
TestSweeps.settings = settings(max_examples=25, stateful_step_count=15)
