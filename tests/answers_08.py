"""Answers to the exercises of notebook 08: right ones that are not the reference, and likely mistakes."""

import math

import numpy as np

from lib import ensembles
from lib.exercises import e08

# --- q1


def picture_by_picture(labels, weights, n_classes):
    return [np.bincount(column, weights=weights, minlength=n_classes).argmax() for column in labels.T]


def last_at_a_tie(labels, weights, n_classes):
    counts = [np.bincount(column, weights=weights, minlength=n_classes) for column in labels.T]
    return np.array([n_classes - 1 - count[::-1].argmax() for count in counts])


MISTAKES_1 = [
    (lambda labels, weights, n: picture_by_picture(labels, np.ones(len(weights)), n), "Where do the weights come in"),
    (lambda labels, weights, n: np.average(labels, axis=0, weights=weights), "no class number"),
    (lambda labels, weights, n: labels[weights.argmax()], "largest sum of weights"),
    (lambda labels, weights, n: (weights[:, None] * labels).max(), "each with one winner"),
    (last_at_a_tie, "the smallest class number should win"),
    (lambda labels, weights, n: print(end=""), "returns nothing"),
]

# --- q2


def by_recursion(p, n):
    chances = np.array([1.0])  # of 0, 1, ... right answers
    for _ in range(n):
        chances = np.append(chances * (1 - p), 0) + np.append(0, chances * p)
    return chances[n // 2 + 1 :].sum()


def terms(p, n, first, ways=True):
    return sum((math.comb(n, k) if ways else 1) * p**k * (1 - p) ** (n - k) for k in range(first, n + 1))


MISTAKES_2 = [
    (lambda p, n: terms(p, n, n // 2 + 1, ways=False), "math.comb"),
    (lambda p, n: terms(p, n, n // 2), "not more than half|majority by itself"),
    (lambda p, n: terms(p, n, n // 2) if n > 1 else p, "not more than half"),
    (lambda p, n: math.comb(n, n // 2 + 1) * p ** (n // 2 + 1) * (1 - p) ** (n // 2), "exactly 2 are right"),
    (lambda p, n: n * p, "between 0 and 1"),
    (lambda p, n: p, "for each k above"),
    (lambda p, n: [terms(p, n, n // 2 + 1)], "returns a list; one number is asked for"),
    (lambda p, n: print(end=""), "returns nothing"),
]

# --- q3


def by_loop(wrong):
    best = (2.0, None)
    for i in range(len(wrong)):
        for j in range(i + 1, len(wrong)):
            best = min(best, (np.corrcoef(wrong[i], wrong[j])[0, 1], (i, j)))
    return best[1]


def pick(matrix, largest=False):
    matrix = matrix.astype(float)
    np.fill_diagonal(matrix, -np.inf if largest else np.inf)
    place = matrix.argmax() if largest else matrix.argmin()
    return tuple(sorted(int(number) for number in np.unravel_index(place, matrix.shape)))


MISTAKES_3 = [
    (lambda wrong: np.unravel_index(np.corrcoef(wrong).argmax(), (len(wrong),) * 2), "a member and itself"),
    (lambda wrong: by_loop(wrong)[::-1], "smaller number first"),
    (lambda wrong: pick((wrong[:, None] != wrong[None]).mean(axis=2), largest=True), "differs from everybody"),
    (lambda wrong: pick(np.corrcoef(wrong), largest=True), "most alike"),
    (lambda wrong: np.corrcoef(wrong).min(), "two numbers"),
    (lambda wrong: print(end=""), "returns nothing"),
]

# --- q4


def measured(votes, y, rows, weights):
    return np.mean(ensembles.combine(votes[:, rows], weights=weights).argmax(axis=1) == y[rows])


def with_combine(votes, y, val, test):
    weights = ensembles.best_weights(votes[:, val], y[val])
    return measured(votes, y, test, weights) - measured(votes, y, test, None)


MISTAKES_4 = [
    (lambda votes, y, val, test: with_combine(votes, y, val, val), "Measure on `test_rows`"),
    (lambda votes, y, val, test: with_combine(votes, y, test, test), "have seen the test pictures"),
    (lambda votes, y, val, test: -with_combine(votes, y, val, test), "the loss"),
    (lambda votes, y, val, test: measured(votes, y, test, ensembles.best_weights(votes[:, val], y[val])), "Subtract"),
    (lambda votes, y, val, test: 0.5, "compare two votes"),
    (lambda votes, y, val, test: print(end=""), "returns nothing"),
]


RIGHT = [(e08.q1, picture_by_picture), (e08.q2, by_recursion), (e08.q3, by_loop), (e08.q4, with_combine)]


MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in ((e08.q1, MISTAKES_1), (e08.q2, MISTAKES_2), (e08.q3, MISTAKES_3), (e08.q4, MISTAKES_4))
    for answer, message in mistakes
]
