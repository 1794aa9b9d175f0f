"""The checks of the exercises, each tried with right answers, wrong ones, mutants of its reference, and strange things."""

import importlib
import random
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kit.mutants import mutants

from lib.exercises import core, kinds, modules

ANSWERS = [importlib.import_module(path.stem) for path in sorted(Path(__file__).parent.glob("answers_[0-9][0-9].py"))]
TRIED = [row for module in ANSWERS for row in module.ALL]  # exercise, its right answers, pairs (wrong answer, words)
RIGHT = [(exercise, answer) for exercise, right, _ in TRIED for answer in right]
MISTAKES = [(exercise, answer, words) for exercise, _, mistakes in TRIED for answer, words in mistakes]
EQUIVALENT = {key: words for module in ANSWERS for key, words in getattr(module, "EQUIVALENT", {}).items()}
DEAR = {key for module in ANSWERS for key in getattr(module, "DEAR", ())}  # checks that train: a sample, unless --long
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
    assert verdict.state == "wrong" and "\n" not in verdict.message
    if exercise.takes == "function":
        assert verdict.message.startswith("Your answer raised RuntimeError: oh, in its line ")
        assert 'raise RuntimeError("oh' in verdict.message


WEIRD = {
    "text": "12", "empty text": "", "list": [], "one in a list": [1.0], "nested": [[1, 2], [3]], "dict": {}, "set": {1},
    "nan": np.nan, "infinite": np.inf, "negative": -1, "zero": 0, "huge": 10**400, "endless": 10**5000, "complex": 1j,
    "truth": True, "object": object(), "class": dict,
    "function": len, "no numbers": np.array([]), "a table": np.zeros((2, 3)), "objects": np.array([None, "a"], object),
    "tuple": (1, 2), "three": (1, 2, 3), "frame": pd.DataFrame({"a": [1]}), "bytes": b"1", "many": list(range(1000)),
    "itself": (lambda own: own.append(own) or own)([]),
}


@pytest.mark.parametrize("exercise", ALL, ids=by_key)
@pytest.mark.parametrize("weird", WEIRD)
def test_no_check_fails_over_a_strange_answer(exercise, weird, monkeypatch):
    value = WEIRD[weird]
    tried = {"function": lambda *args, **named: value, "class": type("Strange", (), {"value": value}), "value": value}
    verdict = exercise.judge(tried[exercise.takes])
    assert verdict.state in ("wrong", "blank"), verdict
    assert "\n" not in verdict.message and len(verdict.message) < 700


@pytest.mark.parametrize("exercise", ALL, ids=by_key)
@pytest.mark.parametrize("handed", [14, "14", [1], {"a": 1}, np.zeros(2)], ids=["int", "str", "list", "dict", "array"])
def test_a_result_is_no_function(exercise, handed):
    if exercise.takes == "value":
        pytest.skip("a value is due")
    verdict = exercise.judge(handed)
    assert verdict.state == "wrong" and re.search("Hand over the (function|class) itself", verdict.message)


@pytest.mark.parametrize("exercise", [q for q in ALL if q.takes == "function"], ids=by_key)
def test_each_way_of_not_returning_has_its_sentence(exercise):
    def prints(*args, **named):
        print(14)

    def leaves(*args, **named):
        sys.exit()

    assert "sys.exit()" in exercise.judge(leaves).message
    if exercise.due is not kinds.anything:
        assert "`print` shows a value" in exercise.judge(prints).message


@pytest.mark.parametrize("exercise", ALL, ids=by_key)
def test_every_mutant_of_the_reference_is_caught_or_known_to_be_right(exercise, request, monkeypatch):
    monkeypatch.setattr(exercise, "seconds", min(exercise.seconds, 8))
    known = EQUIVALENT.get(exercise.key, {})
    made = mutants(exercise.reference)
    if exercise.takes != "value" and exercise.seconds > 5 and not request.config.getoption("--long") and exercise.key in DEAR:
        made = random.Random(request.config.getoption("--sample-seed")).sample(made, min(6, len(made)))
    passed = {words for words, mutant in made if exercise.judge(mutant).state == "right"}
    assert passed <= set(known), {words: "passes" for words in passed - set(known)}
    assert set(known) - passed <= set(known) - {words for words, _ in made}, f"caught, and listed as right: {set(known) - passed}"


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
    right = [answer for tried, answer in RIGHT if tried is exercise]
    by_hand = [answer for tried, answer, _ in MISTAKES if tried is exercise]
    made = [words for words, _ in mutants(exercise.reference) if words not in EQUIVALENT.get(exercise.key, {})]
    assert len(right) >= 5 and len(by_hand) >= 5 and len(made) + len(by_hand) >= 10, (len(right), len(by_hand), len(made))


def test_an_exercise_is_known_by_its_module_and_its_name():
    for name in modules():
        for variable, value in vars(importlib.import_module(f"lib.exercises.{name}")).items():
            if isinstance(value, core.Exercise):
                assert value.key == f"{name}.{variable}"
