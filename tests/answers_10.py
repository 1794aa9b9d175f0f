"""Answers to the exercises of notebook 10: right ones that are not the reference, and likely mistakes."""

import numpy as np

from lib import ensembles
from lib.exercises import e10

# --- q1


def from_the_library(weights, wrong, n_classes):
    return ensembles.reweight(weights, wrong, n_classes)[1]


def error_of(weights, wrong):
    return weights[wrong].sum() / weights.sum()


def odds(error):
    return np.log((1 - error) / error)


def not_scaled(weights, wrong, n_classes):
    error = weights[wrong].sum()
    with np.errstate(invalid="ignore"):
        return np.log((1 - error) / error) + np.log(n_classes - 1)


MISTAKES_1 = [
    (lambda w, wrong, k: odds(error_of(w, wrong)) + np.log(k - 1), "worse than guessing"),
    (lambda w, wrong, k: max(0, odds(wrong.mean()) + np.log(k - 1)), "the plain error"),
    (lambda w, wrong, k: max(0, odds(error_of(w, wrong))), "That is so for two classes"),
    (lambda w, wrong, k: max(0, odds(error_of(w, wrong)) + np.log(k - 1)) / 2, "half of what"),
    (lambda w, wrong, k: np.log(k - 1) - odds(error_of(w, wrong)), "upside down"),
    (not_scaled, "sum to 1"),
    (lambda w, wrong, k: 1.0, "with the weighted error"),
    (lambda w, wrong, k: print(end=""), "returns nothing"),
]

# --- q2


def by_the_cumulated_weights(weights, size, rng):
    ends = np.cumsum(weights) / np.sum(weights)
    return np.searchsorted(ends, rng.random(size), side="right")


def copies_without_lot(weights, size, rng):
    return np.repeat(np.arange(len(weights)), np.round(size * weights / weights.sum()).astype(int))


def systematic(weights, size, rng):
    ends = np.cumsum(weights) / np.sum(weights)
    return np.searchsorted(ends, (np.arange(size) + rng.random()) / size, side="right")


def with_another_generator(weights, size, rng):
    return np.random.choice(len(weights), size, p=weights / weights.sum())


MISTAKES_2 = [
    (lambda w, size, rng: rng.choice(len(w), size), "whose weight is 0"),
    (lambda w, size, rng: rng.choice(np.flatnonzero(w), size), "of your draws"),
    (lambda w, size, rng: np.argsort(w)[::-1][:size], "4000 row numbers"),
    (copies_without_lot, "Two generators"),
    (systematic, "Draw each one by itself"),
    (with_another_generator, "with nothing else"),
    (lambda w, size, rng: rng.random(size), "whole numbers"),
    (lambda w, size, rng: 1 + rng.choice(len(w), size, p=w / w.sum()), "rows 0 to 5"),
    (lambda w, size, rng: print(end=""), "returns nothing"),
]

# --- q3


def by_slices(errors, patience):
    for kept in range(1, len(errors) + 1):
        smallest = min(errors[:kept])
        if errors[kept - 1] == smallest and errors[:kept].tolist().index(smallest) == kept - 1:
            following = errors[kept : kept + patience]
            if all(error >= smallest for error in following):
                return kept
    return None


MISTAKES_3 = [
    (lambda errors, patience: int(np.argmin(errors)) + 1, "the best of all"),
    (lambda errors, patience: by_slices(errors, patience) - 1, "after one round, not after none"),
    (lambda errors, patience: min(by_slices(errors, patience) + patience, len(errors)), "keep only the rounds"),
    (lambda errors, patience: 99, "or to the end"),
    (lambda errors, patience: print(end=""), "returns nothing"),
]

# --- q4


def with_where(fit_predict, x, y, rounds, shrinkage):
    prediction = np.median(y) * np.ones_like(y)
    for _ in range(rounds):
        targets = np.where(y > prediction, 1.0, 0.0) - np.where(y < prediction, 1.0, 0.0)
        prediction = prediction + np.asarray(fit_predict(x, targets, x)) * shrinkage
    return prediction


def loop(start=np.median, targets=lambda y, now, first: np.sign(y - now), share=None, rounds_more=0):
    def answer(fit_predict, x, y, rounds, shrinkage):
        first = prediction = np.full(len(y), start(y))
        for _ in range(rounds + rounds_more):
            step = fit_predict(x, targets(y, prediction, first), x)
            prediction = prediction + (shrinkage if share is None else share) * step
        return prediction

    return answer


MISTAKES_4 = [
    (loop(targets=lambda y, now, first: y - now), "the sign of the residual"),
    (loop(start=np.mean), "begin with the mean"),
    (loop(targets=lambda y, now, first: np.sign(now - y)), "wrong way"),
    (loop(targets=lambda y, now, first: np.where(y > now, 1.0, -1.0)), "equals the median"),
    (loop(share=1.0), "whole answer"),
    (loop(targets=lambda y, now, first: np.sign(y - first)), "the same targets"),
    (loop(rounds_more=-1), "you train 4 members"),
    (loop(share=0.25), "not those of the loop"),
    (lambda fit_predict, x, y, rounds, shrinkage: np.median(y), "You return the shape"),
    (lambda fit_predict, x, y, rounds, shrinkage: print(end=""), "returns nothing"),
]


RIGHT = [(e10.q1, from_the_library), (e10.q2, by_the_cumulated_weights), (e10.q3, by_slices), (e10.q4, with_where)]


MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in ((e10.q1, MISTAKES_1), (e10.q2, MISTAKES_2), (e10.q3, MISTAKES_3), (e10.q4, MISTAKES_4))
    for answer, message in mistakes
]
