"""Answers to the exercises of notebook 00: right ones that are not the reference, and likely mistakes."""

import operator
from functools import partial

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score

from lib.exercises import e00

# --- q1


def with_a_print(number):
    print("doubling", number)
    return number * 2


def forgotten(number):
    print(2 * number)


RIGHT_1 = [lambda n: n + n, partial(operator.mul, 2), lambda n: np.float64(n) * 2, with_a_print, lambda n: sum([n, n])]
MISTAKES_1 = [
    (lambda number: number, "comes back as it went in"),
    (lambda number: number**2, "the number times itself"),
    (lambda number: number + 2, "the number and two"),
    (lambda number: -2 * number, r"double\(1\).*-2.0, and 2.0 is due"),
    (lambda number: str(2 * number), "the text '0' where a number is due"),
    (lambda number: [2 * number], "a list of length 1 where a number"),
    (forgotten, "`print` shows a value"),
    (lambda number: int(2 * number), r"double\(0.3\).*0.6 is due"),
    (lambda number: round(2 * number, 1), r"double\(-1.27\)"),
]

# --- q2


def by_counting(y_true, y_pred):
    return sum(a == b for a, b in zip(y_true, y_pred, strict=True)) / len(y_true)


RIGHT_2 = [
    by_counting,
    accuracy_score,
    lambda t, p: 1 - np.mean(t != p),
    lambda t, p: np.float32(np.count_nonzero(t == p) / t.size),
    lambda t, p: (pd.Series(t) == pd.Series(p)).mean(),
]
MISTAKES_2 = [
    (lambda t, p: (t == p).sum(), "count of right answers"),
    (lambda t, p: 100 * (t == p).mean(), "percent"),
    (lambda t, p: (t != p).mean(), "share of mistakes"),
    (lambda t, p: t == p, "an array of shape"),
    (lambda t, p: (t - p).mean(), "The accuracy is the share"),
    (lambda t, p: (t == p).any(), "True where a number is due"),
    (lambda t, p: len(set(t) & set(p)) / len(t), "The accuracy is the share"),
]

# --- q3


def by_hand(scores, direction):
    place = 0
    for i, score in enumerate(scores):
        if (score > scores[place]) if direction == "max" else (score < scores[place]):
            place = i
    return place


def from_zero(scores, direction):
    place, best = 0, 0
    for i, score in enumerate(scores):
        if score > best and direction == "max":
            place, best = i, score
    return place if direction == "max" else int(np.argmin(scores))


def nothing_for_min(scores, direction):
    if direction == "max":
        return scores.index(max(scores))


RIGHT_3 = [
    lambda scores, direction: int(np.argmax(scores) if direction == "max" else np.argmin(scores)),
    lambda scores, direction: np.argmax(np.array(scores) * (1 if direction == "max" else -1)),
    by_hand,
    lambda s, d: sorted(range(len(s)), key=lambda i: s[i] if d == "min" else -s[i])[0],
    lambda s, d: pd.Series(s).idxmax() if d == "max" else pd.Series(s).idxmin(),
]
MISTAKES_3 = [
    (lambda scores, direction: max(scores) if direction == "max" else min(scores), "best score itself"),
    (lambda scores, direction: int(np.argmax(scores)), "smaller is better"),
    (lambda scores, direction: int(np.argmin(scores)), "larger is better"),
    (lambda scores, direction: int(np.argmax(scores) if direction == "min" else np.argmin(scores)), "wrong way round"),
    (lambda scores, direction: by_hand(scores, direction) + 1, "count from 1"),
    (lambda s, d: len(s) - 1 - by_hand(s[::-1], d), "Of equal scores you return the last"),
    (from_zero, "counted from 0, of the largest"),
    (lambda scores, direction: 0, "counted from 0, of the largest"),
    (nothing_for_min, "Does every way through it end with a `return`"),
    (lambda s, d: by_hand(np.round(s, 2).tolist(), d), "counted from 0, of the largest"),
]

ALL = [(e00.q1, RIGHT_1, MISTAKES_1), (e00.q2, RIGHT_2, MISTAKES_2), (e00.q3, RIGHT_3, MISTAKES_3)]
EQUIVALENT = {
    "e00.q2": {"1: def _accuracy(y_true, y_pred): → def _accuracy(y_pred, y_true):": "== is symmetric"},
}
