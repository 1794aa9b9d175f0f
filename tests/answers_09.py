"""Answers to the exercises of notebook 09: right ones that are not the reference, and likely mistakes."""

import math

import numpy as np

from lib import ensembles
from lib.exercises import e09

# --- q1


def draw_by_draw(n, size):
    held = 0.0
    for _ in range(size):
        held += (1 - held) / n
    return held


MISTAKES_1 = [
    (lambda n, size: (1 - 1 / n) ** size, "left out"),
    (lambda n, size: 1 - (1 - 1 / n) ** n, "as large as the data"),
    (lambda n, size: 1 - 1 / math.e, "as large as the data"),
    (lambda n, size: 1 - math.exp(-size / n), "limit for large n"),
    (lambda n, size: size / n, "without replacement"),
    (lambda n, size: 0.5, "all draws miss it"),
    (lambda n, size: print(end=""), "returns nothing"),
]

# --- q2


def unseen_by(rows, n):
    return np.array([np.bincount(drawn, minlength=n) == 0 for drawn in rows])


def with_the_library(predictions, rows, y):
    return np.nanmean((ensembles.out_of_bag(predictions, unseen_by(rows, len(y))) - y) ** 2)


def with_nan(predictions, rows, y):
    return np.mean((ensembles.out_of_bag(predictions, unseen_by(rows, len(y))) - y) ** 2)


MISTAKES_2 = [
    (lambda p, rows, y: np.mean((p.mean(axis=0) - y) ** 2), "all members together"),
    (lambda p, rows, y: np.nanmean((ensembles.out_of_bag(p, ~unseen_by(rows, len(y))) - y) ** 2), "other way round"),
    (lambda p, rows, y: ((p - y) ** 2)[unseen_by(rows, len(y))].mean(), "first, then square"),
    (lambda p, rows, y: np.nansum((ensembles.out_of_bag(p, unseen_by(rows, len(y))) - y) ** 2) / len(y), "leave it out"),
    (with_nan, "NaN"),
    (lambda p, rows, y: with_the_library(p, rows, y) ** 0.5, "the root"),
    (lambda p, rows, y: 0.0, "have not drawn it"),
    (lambda p, rows, y: print(end=""), "returns nothing"),
]

# --- q3


def by_trying(variance, rho, wanted):
    for k in range(1, 10_000):
        if rho * variance + (1 - rho) * variance / k <= wanted:
            return k
    return None


def solved(variance, rho, wanted):
    return math.ceil((1 - rho) * variance / (wanted - rho * variance)) if wanted != rho * variance else None


MISTAKES_3 = [
    (lambda variance, rho, wanted: math.ceil(variance / wanted), "independent members"),
    (lambda variance, rho, wanted: solved(variance, rho, wanted), "however many they are"),
    (lambda variance, rho, wanted: by_trying(variance, rho, wanted) and by_trying(variance, rho, wanted) + 1, "is enough"),
    (lambda variance, rho, wanted: by_trying(variance, rho, wanted) and 1, "with so many"),
    (lambda variance, rho, wanted: 0, "one member at least"),
    (lambda variance, rho, wanted: print(end=""), "Does your function return a number"),
]

# --- q4


def with_a_mask_of_rows(drawn, rng):
    for_validation = rng.random(drawn.max() + 1) < 0.2
    held_out = for_validation[drawn]
    return [drawn[~held_out], drawn[held_out]]


def without_copies(drawn, rng):
    distinct = rng.permutation(np.unique(drawn))
    return distinct[len(distinct) // 5 :], distinct[: len(distinct) // 5]


MISTAKES_4 = [
    (lambda drawn, rng: (drawn[:400], drawn[400:]), "on both sides"),
    (without_copies, "hold each row once"),
    (lambda drawn, rng: with_a_mask_of_rows(drawn, rng)[::-1], "right order"),
    (lambda drawn, rng: (drawn[drawn < 250], drawn[drawn >= 450]), "which are not the 500"),
    (lambda drawn, rng: (drawn[drawn < 475], drawn[drawn >= 475]), "about 20 %"),
    (lambda drawn, rng: (drawn, drawn[:0]), "is empty"),
    (lambda drawn, rng: drawn, "Return two arrays"),
    (lambda drawn, rng: print(end=""), "returns nothing"),
]


RIGHT = [(e09.q1, draw_by_draw), (e09.q2, with_the_library), (e09.q3, by_trying), (e09.q4, with_a_mask_of_rows)]


MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in ((e09.q1, MISTAKES_1), (e09.q2, MISTAKES_2), (e09.q3, MISTAKES_3), (e09.q4, MISTAKES_4))
    for answer, message in mistakes
]
