"""Answers to the exercises of notebook 11: right ones that are not the reference, and likely mistakes."""

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import PredefinedSplit

from lib import ensembles
from lib.exercises import e11

# --- q1


def with_the_library(fit_predict, x, y, fold_of):
    return ensembles.out_of_fold(fit_predict, x, y, PredefinedSplit(fold_of).split())


def fold_after_fold(fit_predict, x, y, fold_of):
    parts = [fit_predict(x[fold_of != f], y[fold_of != f], x[fold_of == f]) for f in np.unique(fold_of)]
    return np.concatenate(parts)


def one_fold_only(fit_predict, x, y, fold_of):
    found = np.zeros(len(y))
    found[fold_of == 0] = fit_predict(x[fold_of != 0], y[fold_of != 0], x[fold_of == 0])
    return found


def on_the_next_fold(fit_predict, x, y, fold_of):
    found, parts = np.empty(len(y)), fold_of.max() + 1
    for f in range(parts):
        rows = fold_of == (f + 1) % parts
        found[fold_of == f] = fit_predict(x[rows], y[rows], x[fold_of == f])
    return found


def always_four_folds(fit_predict, x, y, fold_of):
    found = np.full(len(y), y.mean())
    for f in range(4):
        found[fold_of == f] = fit_predict(x[fold_of != f], y[fold_of != f], x[fold_of == f])
    return found


MISTAKES_1 = [
    (lambda fit_predict, x, y, fold_of: fit_predict(x, y, x), "trained on it"),
    (fold_after_fold, "at its own row"),
    (one_fold_only, "Go through every number"),
    (always_four_folds, "Take their numbers from"),
    (on_the_next_fold, "of all the other folds"),
    (lambda fit_predict, x, y, fold_of: y.mean(), "each with one prediction"),
    (lambda fit_predict, x, y, fold_of: print(end=""), "returns nothing"),
]

# --- q2


def by_axes(said):
    return np.moveaxis(said, 0, -1).reshape(said.shape[1], -1)


MISTAKES_2 = [
    (lambda said: said.reshape(said.shape[1], -1), "Move the axes first"),
    (lambda said: said.mean(axis=0), "side by side"),
    (lambda said: np.sort(by_axes(said), axis=1), "A column needs one meaning"),
    (lambda said: by_axes(said)[::-1], "what the members say about row i"),
    (lambda said: by_axes(said).T, "a line for each row"),
    (lambda said: print(end=""), "returns nothing"),
]

# --- q3


def with_scikit_learn(said, y, said_new):
    return LinearRegression().fit(said.T, y).predict(said_new.T)


MISTAKES_3 = [
    (lambda said, y, said_new: said_new.mean(axis=0), "Nothing is learned"),
    (lambda said, y, said_new: said_new.T @ np.linalg.lstsq(said.T, y, rcond=None)[0], "no intercept"),
    (lambda said, y, said_new: with_scikit_learn(said, y, said), "100 new rows"),
    (lambda said, y, said_new: np.median(said_new, axis=0), "least-squares fit"),
    (lambda said, y, said_new: print(end=""), "returns nothing"),
]


RIGHT = [(e11.q1, with_the_library), (e11.q2, by_axes), (e11.q3, with_scikit_learn)]


MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in ((e11.q1, MISTAKES_1), (e11.q2, MISTAKES_2), (e11.q3, MISTAKES_3))
    for answer, message in mistakes
]
