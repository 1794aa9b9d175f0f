"""Answers to the exercises of notebook 11: right ones that are not the reference, and likely mistakes."""

import numpy as np
import pandas as pd
from scipy.optimize import nnls
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import KFold, PredefinedSplit, StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from lib import ensembles
from lib.exercises import e11

# --- q1


def with_the_library(fit_predict, x, y, fold_of):
    return ensembles.out_of_fold(fit_predict, x, y, PredefinedSplit(fold_of).split())


def row_by_row(fit_predict, x, y, fold_of):
    found = []
    for i in range(len(y)):
        others = [j for j in range(len(y)) if fold_of[j] != fold_of[i]]
        found.append(fit_predict(x[others], y[others], x[[i]])[0])
    return found


def with_a_series(fit_predict, x, y, fold_of, *, first=None):
    found = pd.Series(np.nan, index=range(len(y)))
    for f in sorted(set(fold_of)):
        found[fold_of == f] = fit_predict(x[fold_of != f], y[fold_of != f], x[fold_of == f])
    return found


def with_positions(fit_predict, x, y, fold_of):
    found = 0 * x + np.nan
    for f in np.unique(fold_of):
        known, new = np.flatnonzero(fold_of != f), np.flatnonzero(fold_of == f)
        found[new] = fit_predict(x[known], y[known], x[new])
    return found.astype("float32")


def with_where(fit_predict, x, y, fold_of):
    found = np.zeros(len(y))
    for f in {*fold_of.tolist()}:
        found = np.where(fold_of == f, fit_predict(x[fold_of != f], y[fold_of != f], x), found)
    return tuple(found)


def fold_after_fold(fit_predict, x, y, fold_of):
    parts = [fit_predict(x[fold_of != f], y[fold_of != f], x[fold_of == f]) for f in np.unique(fold_of)]
    return np.concatenate(parts)


def numbered(first, last):
    def folds(fit_predict, x, y, fold_of):
        found = np.full(len(y), y.mean())
        for f in range(first, last or fold_of.max()):
            if (fold_of == f).any():
                found[fold_of == f] = fit_predict(x[fold_of != f], y[fold_of != f], x[fold_of == f])
        return found

    return folds


def on_the_next_fold(fit_predict, x, y, fold_of):
    found, folds = np.empty(len(y)), np.unique(fold_of)
    for f, after in zip(folds, np.roll(folds, -1), strict=True):
        found[fold_of == f] = fit_predict(x[fold_of == after], y[fold_of == after], x[fold_of == f])
    return found


def on_its_own_fold(fit_predict, x, y, fold_of):
    found = np.empty(len(y))
    for f in np.unique(fold_of):
        found[fold_of == f] = fit_predict(x[fold_of == f], y[fold_of == f], x[fold_of == f])
    return found


RIGHT_1 = [with_the_library, row_by_row, with_a_series, with_positions, with_where]
MISTAKES_1 = [
    (lambda fit_predict, x, y, fold_of: fit_predict(x, y, x), "Every row was predicted by a model that was trained on it"),
    (on_its_own_fold, "Each fold was predicted by a model that was trained on it"),
    (fold_after_fold, "at its own row"),
    (numbered(0, 1), "with `fold_of != f`"),
    (numbered(0, 4), "with `fold_of != f`"),
    (numbered(0, None), "with `fold_of != f`"),
    (numbered(1, 9), "with `fold_of != f`"),
    (on_the_next_fold, "with `fold_of != f`"),
    (lambda fit_predict, x, y, fold_of: y, "with `fold_of != f`"),
    (lambda fit_predict, x, y, fold_of: y.mean(), "where an array of numbers with 1 axis is due"),
    (lambda fit_predict, x, y, fold_of: print(end=""), "nothing .None."),
]

# --- q2


def by_axes(said):
    return np.moveaxis(said, 0, -1).reshape(said.shape[1], -1)


def cell_by_cell(said):
    members, samples, classes = said.shape
    return [[said[m][i][c] for c in range(classes) for m in range(members)] for i in range(samples)]


RIGHT_2 = [
    by_axes,
    cell_by_cell,
    lambda said: np.hstack(said),
    lambda said: said.transpose(1, 0, 2).reshape(said.shape[1], -1).astype("float32"),
    lambda said: pd.concat([pd.DataFrame(one) for one in said], axis=1),
    lambda said: np.column_stack(list(said[::-1])),
    lambda said: tuple(np.ravel(said[:, i]) for i in range(said.shape[1])),
]
MISTAKES_2 = [
    (lambda said: said.reshape(said.shape[1], -1), "Move the axes first"),
    (lambda said: said.mean(axis=0), "side by side"),
    (lambda said: np.sort(by_axes(said), axis=1), "no column has one meaning"),
    (lambda said: by_axes(said)[::-1], "what each member says about sample i"),
    (lambda said: by_axes(said).T, "yours has one column for each"),
    (lambda said: np.concatenate(said), "below each other"),
    (lambda said: said, "with 2 axes is due"),
    (lambda said: said.argmax(axis=2).T, "How sure it is"),
    (lambda said: by_axes(said)[:, 1:], "what each member says about sample i"),
    (lambda said: np.column_stack([by_axes(said), np.ones(said.shape[1])]), "what each member says about sample i"),
    (lambda said: np.hstack([said[0]] * len(said)), "what each member says about sample i"),
    (lambda said: print(end=""), "nothing .None."),
]

# --- q3


def with_scikit_learn(said, y, said_new):
    return LinearRegression().fit(said.T, y).predict(said_new.T)


def on_centred(said, y, said_new):
    centre = said.mean(axis=1, keepdims=True)
    weights = np.linalg.lstsq((said - centre).T, y - y.mean(), rcond=None)[0]
    return y.mean() + weights @ (said_new - centre)


def by_the_normal_equations(said, y, said_new):
    rows = np.vstack([np.ones(len(y)), said]).T
    weights = np.linalg.solve(rows.T @ rows, rows.T @ y)
    return [float(value) for value in weights[0] + weights[1:] @ said_new]


def with_pinv(said, y, said_new):
    rows = np.c_[said.T, np.ones(len(y))]
    return pd.Series(np.c_[said_new.T, np.ones(said_new.shape[1])] @ np.linalg.pinv(rows) @ y)


def without_negative_weights(said, y, said_new):
    weights = nnls(np.c_[said.T, np.ones(len(y))], y)[0]
    return np.c_[said_new.T, np.ones(said_new.shape[1])] @ weights


RIGHT_3 = [
    with_scikit_learn,
    on_centred,
    by_the_normal_equations,
    with_pinv,
    lambda said, y, said_new: Ridge(1e-6).fit(said.T, y).predict(said_new.T),
    lambda said, y, said_new: with_scikit_learn(said, y, said_new).astype("float32"),
]
MISTAKES_3 = [
    (without_negative_weights, "held at zero or above"),
    (lambda said, y, said_new: with_scikit_learn(said, y, said_new).round(-1), "Least squares of `y`"),
    (lambda said, y, said_new: said_new.mean(axis=0), "Nothing is learned"),
    (lambda said, y, said_new: said_new.T @ np.linalg.lstsq(said.T, y, rcond=None)[0], "no intercept"),
    (lambda said, y, said_new: LinearRegression(fit_intercept=False).fit(said.T, y).predict(said_new.T), "no intercept"),
    (lambda said, y, said_new: with_scikit_learn(said, y, said), "those of `said_new` are due"),
    (lambda said, y, said_new: np.median(said_new, axis=0), "median"),
    (lambda said, y, said_new: said_new[0], "Least squares of `y`"),
    (lambda said, y, said_new: LinearRegression().fit(said.T[::2], y[1::2]).predict(said_new.T), "Least squares of `y`"),
    (lambda said, y, said_new: Ridge(1e6).fit(said.T, y).predict(said_new.T), "Least squares of `y`"),
    (lambda said, y, said_new: LinearRegression().fit(said, y), "raised ValueError"),
    (lambda said, y, said_new: print(end=""), "nothing .None."),
]

# --- q4


def side_by_side(said):
    return np.concatenate(list(said), axis=1)


def stack(members, x, y, x_new, pairs, meta):
    known = [ensembles.out_of_fold(member, x, y, pairs) for member in members]
    return meta.fit(side_by_side(known), y).predict(side_by_side([member(x, y, x_new) for member in members]))


def folds_of(x, y, count):
    return list(StratifiedKFold(count, shuffle=True, random_state=1).split(x, y))


def by_hand(members, x, y, x_new):
    fold, known = np.arange(len(x)) % 4, np.empty((len(members), len(x), e11.CLASSES))
    for number, member in enumerate(members):
        for f in range(4):
            known[number, fold == f] = member(x[fold != f], y[fold != f], x[fold == f])
    meta = LogisticRegression(C=3.0, max_iter=2000).fit(side_by_side(known), y)
    return meta.predict(side_by_side(member(x, y, x_new) for member in members)).tolist()


def blend(members, x, y, x_new):
    rest, part, y_rest, y_part = train_test_split(x, y, test_size=0.5, random_state=1)
    meta = LogisticRegression(max_iter=2000).fit(side_by_side([member(rest, y_rest, part) for member in members]), y_part)
    return meta.predict(side_by_side([member(rest, y_rest, x_new) for member in members]))


def leaky(members, x, y, x_new):
    meta = LogisticRegression(max_iter=2000).fit(side_by_side([member(x, y, x) for member in members]), y)
    return meta.predict(side_by_side([member(x, y, x_new) for member in members]))


def best_alone(members, x, y, x_new):
    known = [ensembles.out_of_fold(member, x, y, folds_of(x, y, 5)) for member in members]
    best = np.argmax([(said.argmax(axis=1) == y).mean() for said in known])
    return members[best](x, y, x_new).argmax(axis=1)


def weighted(members, x, y, x_new):
    weights = ensembles.best_weights([ensembles.out_of_fold(member, x, y, folds_of(x, y, 5)) for member in members], y)
    return ensembles.vote([member(x, y, x_new) for member in members], weights=weights)


RIGHT_4 = [
    by_hand,
    blend,
    lambda ms, x, y, new: stack(ms, x, y, new, folds_of(x, y, 6), RandomForestClassifier(min_samples_leaf=5, random_state=1)),
    lambda ms, x, y, new: stack(ms, x, y, new, folds_of(x, y, 3), SVC()),
    lambda ms, x, y, new: stack(ms, x, y, new, list(KFold(2).split(x)), LogisticRegression(C=0.5)),
    lambda ms, x, y, new, k=15: stack(ms, x, y, new, folds_of(x, y, 5), KNeighborsClassifier(k)),
]
MISTAKES_4 = [
    (lambda ms, x, y, new: np.mean([m(x, y, new) for m in ms], axis=0).argmax(axis=1), "plain vote"),
    (leaky, r"0\.88 are asked for"),
    (best_alone, r"0\.88 are asked for"),
    (weighted, r"0\.88 are asked for"),
    (lambda ms, x, y, new: ms[0](x, y, new).argmax(axis=1), r"0\.88 are asked for"),
    (lambda ms, x, y, new: stack(ms, x, y, new, folds_of(x, y, 10), LogisticRegression()), "44 times; 30 are allowed"),
    (lambda ms, x, y, new: np.mean([m(x, y, new) for m in ms], axis=0), "with 1 axis is due"),
    (lambda ms, x, y, new: blend(ms, x, y, x), "There are 1000 new rows, and you return 400"),
    (lambda ms, x, y, new: np.random.default_rng(1).integers(0, 4, len(new)), r"0\.88 are asked for"),
    (lambda ms, x, y, new: KNeighborsClassifier(5).fit(x[:, None], y).predict(new[:, None]), r"0\.88 are asked for"),
]


ALL = [
    (e11.q1, RIGHT_1, MISTAKES_1), (e11.q2, RIGHT_2, MISTAKES_2), (e11.q3, RIGHT_3, MISTAKES_3), (e11.q4, RIGHT_4, MISTAKES_4),
]
EQUIVALENT = {
    "e11.q1": {"3: np.unique(fold_of) → fold_of": "each fold is predicted again for each of its rows, the same each time"},
    "e11.q3": {"3: np.linalg.lstsq(rows, y, rcond=None) → np.linalg.lstsq(rows, y)": "None is the default"},
    "e11.q2": {"2: list(said) → said": "np.concatenate walks along the first axis of an array as along a list"},
    "e11.q4": {f"7: 5 → {folds}": "any number of folds within the budget is right" for folds in (4, 6)},
}
