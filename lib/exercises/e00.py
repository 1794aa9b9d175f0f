"""Exercises of notebook 00: three small ones, to meet check, hint and solution."""

import itertools

import numpy as np

from lib.exercises import kinds
from lib.exercises.core import Exercise, over_cases


def _check_q1(double):
    cases = [(0,), (1,), (7,), (-3,), (0.5,), (0.3,), (-1.27,), (1e6,), (3e10,)]
    mistakes = [
        (lambda number: number, "It comes back as it went in."),
        (lambda number: number**2, "That is the number times itself; twice is the number and itself."),
        (lambda number: number + 2, "That is the number and two."),
    ]
    over_cases(double, cases, _double, "Twice a number is two times it.", mistakes)
    return "You have met check. Right answers are remembered, and the table below counts them."


def _double(number):
    return 2 * number


q1 = Exercise(
    _check_q1,
    [
        "A hint is a nudge. Ask again and you get a bigger one.",
        "Put this where the three dots are: return ... * number, with the right number for the dots.",
    ],
    _double,
    due=kinds.number,
)


def _check_q2(accuracy):
    rng = np.random.default_rng(0)
    cases = [(np.array([1]), np.array([1])), (np.array([1]), np.array([0])), (np.array([0, 1]), np.array([0, 2]))]
    cases += [(rng.integers(0, 3, size), rng.integers(0, 3, size)) for size in (3, 5, 8, 40)]
    mistakes = [
        (lambda t, p: np.sum(t == p), "That is the count of right answers. Divide it by the number of pictures."),
        (lambda t, p: 100 * np.mean(t == p), "That is percent. Keras, and this course, write a share between 0 and 1."),
        (lambda t, p: np.mean(t != p), "That is the share of mistakes. Which sign compares for equality?"),
    ]
    over_cases(accuracy, cases, _accuracy, "The accuracy is the share of pictures whose prediction is their label.", mistakes)
    return "That is the figure that every lesson on classes looks at."


def _accuracy(y_true, y_pred):
    return (y_true == y_pred).mean()


q2 = Exercise(
    _check_q2,
    [
        "`y_true == y_pred` compares two arrays picture by picture.",
        "True counts as 1 and False as 0, so one of the methods of an array makes the share: return (y_true == y_pred)...()",
    ],
    _accuracy,
    due=kinds.number,
)


def _check_q3(best):
    scores = [[4.0], [1.0, 2.0], [2.0, 1.0], [0.2, 0.9, 0.5], [-3.0, -1.0], [-1.0, -3.0], [0.0, -1.0], [1.0, 2.0, 2.0, 1.0]]
    scores += [[0.9003, 0.9001, 0.9004, 0.9002], [2e-6, 1e-6, 3e-6]]
    cases = list(itertools.product(scores, ("max", "min")))
    wanted = {"max": max, "min": min}
    mistakes = [
        (lambda s, d: wanted[d](s), "That is the best score itself. Return its position, counted from 0."),
        (lambda s, d: int(np.argmax(s)), "You look for the largest. A loss has the direction 'min': smaller is better."),
        (lambda s, d: int(np.argmin(s)), "You look for the smallest. An accuracy has the direction 'max': larger is better."),
        (lambda s, d: int(np.argmin(s) if d == "max" else np.argmax(s)), "You have the two directions the wrong way round."),
        (lambda s, d: _best(s, d) + 1, "You count from 1. Python counts positions from 0."),
        (lambda s, d: len(s) - 1 - _best(s[::-1], d), "Of equal scores you return the last; the first is due."),
    ]
    why = "It is the position, counted from 0, of the largest score for 'max' and of the smallest for 'min'."
    over_cases(best, cases, _best, why, mistakes)
    return "The direction belongs to the objective. A search that gets it wrong hands you its worst model."


def _best(scores, direction):
    wanted = max(scores) if direction == "max" else min(scores)
    return scores.index(wanted)


q3 = Exercise(
    _check_q3,
    [
        "First find the score you want: max(scores) or min(scores), as `direction` says.",
        "scores.index(value) says where a value stands.",
        'wanted = max(scores) if direction == "max" else ...; then return scores.index(...)',
    ],
    _best,
    due=kinds.whole,
)
