"""The mechanism of the exercises: blank, wrong, right, hints, solution, and progress."""

import collections
import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from lib.exercises import core, modules, progress

ANSWERS = [importlib.import_module(path.stem) for path in sorted(Path(__file__).parent.glob("answers_[0-9][0-9].py"))]
RIGHT = [case for module in ANSWERS for case in module.RIGHT]
MISTAKES = [case for module in ANSWERS for case in module.MISTAKES]
ALL = [exercise for exercises in modules().values() for exercise in exercises]


def by_key(exercise):
    return exercise.key


def blank_function(first): ...


@pytest.mark.parametrize("exercise", ALL, ids=by_key)
def test_the_reference_is_right(exercise):
    assert exercise.judge(exercise.reference).state == "right"


@pytest.mark.parametrize("exercise", ALL, ids=by_key)
@pytest.mark.parametrize("blank", [None, ..., blank_function], ids=["None", "dots", "function"])
def test_a_blank_is_not_attempted(exercise, blank):
    verdict = exercise.judge(blank)
    assert verdict.state == "blank" and "Not attempted yet" in repr(verdict)


@pytest.mark.parametrize("exercise", ALL, ids=by_key)
def test_two_hints_and_a_solution(exercise, capsys):
    assert len(exercise.hints) >= 2
    for number, hint in enumerate(exercise.hints, start=1):
        exercise.hint()
        assert capsys.readouterr().out.strip() == f"Hint {number} of {len(exercise.hints)}: {hint}"
    exercise.solution()
    assert "return" in capsys.readouterr().out


@pytest.mark.parametrize("exercise", ALL, ids=by_key)
def test_an_error_in_an_answer_is_told_in_one_line(exercise):
    def broken(*args):
        raise RuntimeError("oh\nno")

    verdict = exercise.judge(broken)
    assert verdict.state == "wrong" and verdict.message == "Your answer stopped with RuntimeError: oh"


def named(value):
    return getattr(value, "key", None)


@pytest.mark.parametrize("exercise, answer", RIGHT, ids=named)
def test_another_right_answer_passes(exercise, answer):
    verdict = exercise.judge(answer)
    assert verdict.state == "right", verdict.message


@pytest.mark.parametrize("exercise, answer, message", MISTAKES, ids=named)
def test_a_likely_mistake_gets_its_own_message(exercise, answer, message):
    verdict = exercise.judge(answer)
    assert verdict.state == "wrong"
    assert re.search(message, verdict.message), verdict.message
    assert "\n" not in verdict.message


@pytest.mark.parametrize("exercise", ALL, ids=by_key)
def test_every_exercise_is_tried_with_right_and_with_wrong_answers(exercise):
    others = [answer for tried, answer in RIGHT if tried is exercise]
    messages = collections.Counter(message for tried, _, message in MISTAKES if tried is exercise)
    assert others and len(messages) >= 2


def test_an_exercise_is_known_by_its_module_and_its_name():
    for name in modules():
        for variable, value in vars(importlib.import_module(f"lib.exercises.{name}")).items():
            if isinstance(value, core.Exercise):
                assert value.key == f"{name}.{variable}"


def test_dots_that_a_function_returns_are_no_answer():
    with pytest.raises(core.Blank):
        core.there(...)
    assert ALL[0].judge(lambda number: [...][0]).state == "blank"


@pytest.mark.parametrize("answer, number", [(3, 3.0), (np.float32(0.5), 0.5), (np.array(2), 2.0)])
def test_a_number_is_a_float(answer, number):
    assert core.number(answer) == number and type(core.number(answer)) is float


@pytest.mark.parametrize("answer", [[1, 2], "many", {}, np.zeros(3)], ids=["list", "str", "dict", "array"])
def test_what_is_no_number_is_told(answer):
    with pytest.raises(core.Wrong, match=f"returns a {type(answer).__name__}; one number is asked for"):
        core.number(answer)


def test_the_first_mistake_with_the_same_result_speaks():
    mistakes = [(1, "one"), (2, "two"), (2, "two again")]
    core.compare(3, 3, [(3, "never")], "other")
    for answer, words in ((1, "^one$"), (2, "^two$"), (4, "^other$")):
        with pytest.raises(core.Wrong, match=words):
            core.compare(answer, 3, mistakes, "other")


def test_parts_are_so_many_arrays():
    first, second = core.parts([[1, 2], 3.0], 2, "two")
    assert first.tolist() == [1, 2] and second == 3
    for answer in ((1,), (1, 2, 3), np.zeros(2)):
        with pytest.raises(core.Wrong, match=r"^Return two\.$"):
            core.parts(answer, 2, "two")


def make(key="e99.q1"):
    def check(answer):
        if answer != 4:
            raise core.Wrong("Not four.")
        return "Four."

    check.__module__, _, check.__name__ = key.partition(".")
    return core.Exercise(check, ["two", "twice two"], lambda: 4)


def test_right_answers_survive_a_restart(monkeypatch):
    core.PROGRESS.add("e99.q2")
    make().check(4)
    make("e99.q3").check(5)
    afresh = core.Progress()
    assert afresh.solved() == {"e99.q1", "e99.q2"}
    assert json.loads(afresh.path.read_text()) == {"solved": ["e99.q1", "e99.q2"]}


def test_progress_is_in_memory_where_no_file_can_be(tmp_path, monkeypatch):
    in_the_way = tmp_path / "a file"
    in_the_way.write_text("")
    monkeypatch.setenv("COURSE_PROGRESS", str(in_the_way))
    kept = core.Progress()
    kept.add("e99.q1")
    assert kept.solved() == {"e99.q1"}


def test_a_damaged_progress_file_is_no_error():
    kept = core.Progress()
    kept.path.write_text("{half")
    assert kept.solved() == set()
    kept.add("e99.q1")
    assert core.Progress().solved() == {"e99.q1"}


def test_progress_counts_each_notebook(monkeypatch):
    monkeypatch.setattr(core.PROGRESS, "_memory", {"e03.q2"})
    (row,) = [row for row in progress() if row["notebook"] == "03"]
    assert row == {"notebook": "03", "exercises": 4, "solved": 1, "open": "q1, q3, q4"}


def test_a_verdict_is_safe_html():
    assert "&lt;b&gt;" in core.Verdict("wrong", "<b>")._repr_html_()


@pytest.mark.parametrize(
    "body, blank",
    [("...", True), ("pass", True), ("return None", True), ("return ...", True), ("x = y", False), ("return y", False)],
)
def test_what_counts_as_blank(body, blank):
    space = {}
    exec(f"def answer(y):\n    'a docstring'\n    {body}", space)
    assert core.is_blank(space["answer"]) is blank
