"""Answers to the exercises of notebook 02: right ones that are not the reference, and likely mistakes."""

import math

import numpy as np
import pandas as pd
from scipy.stats import loguniform, randint, uniform
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterGrid, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from lib.exercises import e02

# --- q1


def by_listing(grid, folds):
    return len(ParameterGrid(grid)) * folds + 1


MISTAKES_1 = [
    (lambda grid, folds: sum(map(len, grid.values())) * folds + 1, "every value of the others"),
    (lambda grid, folds: math.prod(map(len, grid.values())) * folds, "the winner is trained once more"),
    (lambda grid, folds: math.prod(map(len, grid.values())), "for every fold"),
    (lambda grid, folds: 1000, "How many points"),
    (lambda grid, folds: print(end=""), "returns nothing"),
]

# --- q2

GOOD = {"units": list(range(64, 513, 64)), "dropout": uniform(0.1, 0.5), "learning_rate": loguniform(1e-4, 1e-1)}


class Multiples:
    """A distribution of the learner's own."""

    def rvs(self, random_state=None):
        return 64 * randint(1, 9).rvs(random_state=random_state)


def own_distribution():
    return {**GOOD, "units": Multiples(), "dropout": uniform(loc=0.1, scale=0.5)}


MISTAKES_2 = [
    (lambda: {**GOOD, "dropout": uniform(0.1, 0.6)}, "the width, not the end"),
    (lambda: {**GOOD, "dropout": uniform(0.2, 0.3)}, "drawn from 0.20"),
    (lambda: {**GOOD, "learning_rate": uniform(1e-4, 0.0999)}, "Which distribution"),
    (lambda: {**GOOD, "learning_rate": loguniform(1e-5, 1e-1)}, "asks for 0.0001"),
    (lambda: {**GOOD, "learning_rate": [1e-4, 1e-3, 1e-2, 1e-1]}, "a list of values will not do"),
    (lambda: {**GOOD, "units": randint(64, 513)}, "not one of 64, 128"),
    (lambda: {**GOOD, "units": range(64, 512, 64)}, "never becomes 512"),
    (lambda: {"units": GOOD["units"], "dropout": GOOD["dropout"]}, "no 'learning_rate'"),
    (lambda: [1], "returns a list"),
]

# --- q3


def with_pandas(scores):
    frame = pd.DataFrame(scores)
    means = frame.mean(axis=1)
    return means, frame.std(axis=1, ddof=0), means.rank(ascending=False, method="min").astype(int)


def ranked(rank):
    return lambda scores: (scores.mean(axis=1), scores.std(axis=1), rank(scores.mean(axis=1)))


MISTAKES_3 = [
    (ranked(lambda means: means.argsort().argsort() + 1), "worst comes first"),
    (ranked(lambda means: (-means).argsort().argsort()), "begin at 1"),
    (ranked(lambda means: (-means).argsort().argsort() + 1), "share the better rank"),
    (ranked(lambda means: (-means).argsort() + 1), "argsort says who"),
    (lambda s: (s.mean(axis=1), s.std(axis=1, ddof=1), s.mean(axis=1)), "less one"),
    (lambda s: (s.mean(axis=0), s.std(axis=0), s.mean(axis=0)), "go along axis 1"),
    (lambda s: (s.max(axis=1), s.std(axis=1), s.mean(axis=1)), "you say its mean"),
    (lambda s: s.mean(axis=1), "three arrays"),
]

# --- q4


def by_hand(x, y):
    scores = []
    for train, test in StratifiedKFold(3, shuffle=True, random_state=2).split(x, y):
        choose = SelectKBest(k=10).fit(x[train], y[train])
        line = LogisticRegression().fit(choose.transform(x[train]), y[train])
        scores.append(line.score(choose.transform(x[test]), y[test]))
    return scores


def leaks(x, y):
    return cross_val_score(LogisticRegression(), SelectKBest(k=10).fit_transform(x, y), y, cv=3)


def on_training_rows(x, y):
    return [LogisticRegression().fit(x, y).score(x, y)] * 3


MISTAKES_4 = [
    (leaks, "Which step has seen"),
    (on_training_rows, "on the rows it was trained on"),
    (lambda x, y: cross_val_score(LogisticRegression(), x, y, cv=3), "choose the ten best columns"),
    (lambda x, y: cross_val_score(make_pipeline(SelectKBest(k=10), LogisticRegression()), x, y, cv=5), "three folds"),
    (lambda x, y: by_hand(x, y)[0], "three folds"),
]

# --- q5


def by_sorting(cv_results):
    frame = pd.DataFrame(cv_results)
    best = frame.loc[frame.mean_test_score.idxmax()]
    enough = frame[frame.mean_test_score >= best.mean_test_score - best.std_test_score]
    return enough.mean_fit_time.idxmin()


def own_deviation(results):
    means, deviations = results["mean_test_score"], results["std_test_score"]
    return int(np.where(means >= means.max() - deviations, results["mean_fit_time"], np.inf).argmin())


MISTAKES_5 = [
    (lambda results: int(results["mean_test_score"].argmax()), "the best. Another one"),
    (lambda results: int(results["mean_fit_time"].argmin()), "the quickest of all"),
    (own_deviation, "Take the winner's deviation"),
    (lambda results: results["params"][0], "returns a dict"),
    (lambda results: 99, "no such position"),
    (lambda results: print(end=""), "returns nothing"),
]


RIGHT = [
    (e02.q1, by_listing),
    (e02.q2, own_distribution),
    (e02.q3, with_pandas),
    (e02.q4, by_hand),
    (e02.q5, by_sorting),
]


ALL = [(e02.q1, MISTAKES_1), (e02.q2, MISTAKES_2), (e02.q3, MISTAKES_3), (e02.q4, MISTAKES_4), (e02.q5, MISTAKES_5)]
MISTAKES = [(exercise, answer, message) for exercise, mistakes in ALL for answer, message in mistakes]
