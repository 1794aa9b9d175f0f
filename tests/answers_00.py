"""Answers to the exercises of notebook 00: right ones that are not the reference, and likely mistakes."""

import numpy as np

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
