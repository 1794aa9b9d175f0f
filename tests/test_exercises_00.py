"""Exercise by exercise of notebook 00: another right answer passes, and each likely mistake gets its own message."""

import re

import numpy as np
import pytest

from lib.exercises import e00

RIGHT = [
    (e00.q1, lambda number: number + number),
    (e00.q2, lambda y_true, y_pred: sum(a == b for a, b in zip(y_true, y_pred, strict=True)) / len(y_true)),
    (e00.q3, lambda scores, direction: int(np.argmax(scores) if direction == "max" else np.argmin(scores))),
]

MISTAKES = [
    (e00.q1, lambda number: number, "as it came"),
    (e00.q1, lambda number: number**2, "as it came|Twice 7 is 14"),
    (e00.q1, lambda number: print(end=""), "returns nothing"),
    (e00.q2, lambda a, b: (a == b).sum(), "return the count"),
    (e00.q2, lambda a, b: 100 * (a == b).mean(), "return percent"),
    (e00.q2, lambda a, b: (a != b).mean(), "share of mistakes"),
    (e00.q2, lambda a, b: a == b, "one value for each picture"),
    (e00.q3, lambda scores, direction: max(scores), "best score itself"),
    (e00.q3, lambda scores, direction: int(np.argmax(scores)), "smaller is better"),
    (e00.q3, lambda scores, direction: 0, "position 1; you return 0"),
]


@pytest.mark.parametrize("exercise, answer", RIGHT)
def test_another_right_answer_passes(exercise, answer):
    verdict = exercise.judge(answer)
    assert verdict.state == "right", verdict.message


@pytest.mark.parametrize("exercise, answer, message", MISTAKES)
def test_a_likely_mistake_gets_its_own_message(exercise, answer, message):
    verdict = exercise.judge(answer)
    assert verdict.state == "wrong"
    assert re.search(message, verdict.message), verdict.message
