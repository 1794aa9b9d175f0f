"""Answers to the exercises of notebook 11: right ones that are not the reference, and likely mistakes."""

import itertools

import numpy as np
import pandas as pd
from scipy.optimize import lsq_linear, nnls
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from lib import ensembles
from lib.exercises import e11

# --- q1


def row_by_row(fit_predict, x, y, fold_of):
    found = []
    for i in range(len(y)):
        earlier = [j for j in range(len(y)) if fold_of[j] < fold_of[i]]
        found.append(fit_predict(x[earlier], y[earlier], x[[i]])[0] if earlier else float("nan"))
    return found


def with_a_series(fit_predict, x, y, fold_of, *, first=None):
    found = pd.Series(np.nan, index=range(len(y)))
    for f in sorted(set(fold_of)):
        if (fold_of < f).any():
            found[fold_of == f] = fit_predict(x[fold_of < f], y[fold_of < f], x[fold_of == f])
    return found


def with_positions(fit_predict, x, y, fold_of):
    found = 0 * x + np.nan
    for f in np.unique(fold_of):
        known, new = np.flatnonzero(fold_of < f), np.flatnonzero(fold_of == f)
        if len(known):
            found[new] = fit_predict(x[known], y[known], x[new])
    return found.astype("float32")


def growing(fit_predict, x, y, fold_of):
    order = np.argsort(fold_of, kind="stable")
    found = np.full(len(y), np.nan)
    ends = np.flatnonzero(np.diff(fold_of[order])) + 1
    for begin, end in itertools.pairwise([*ends, len(y)]):
        rows, known = order[begin:end], order[:begin]
        found[rows] = fit_predict(x[known], y[known], x[rows])
    return found


def with_where(fit_predict, x, y, fold_of):
    first, found = min(fold_of), np.full(len(y), np.nan)
    for f in {*fold_of.tolist()} - {first}:
        earlier = np.where(fold_of < f)
        found = np.where(fold_of == f, fit_predict(x[earlier], y[earlier], x), found)
    return tuple(found)


def of_the_lesson(fit_predict, x, y, fold_of):
    found = np.empty(len(y))
    for f in np.unique(fold_of):
        held_out = fold_of == f
        found[held_out] = fit_predict(x[~held_out], y[~held_out], x[held_out])
    return found


def first_is_nan(fit_predict, x, y, fold_of):
    found = of_the_lesson(fit_predict, x, y, fold_of) if len(set(fold_of)) > 1 else np.full(len(y), np.nan)
    found[fold_of == fold_of.min()] = np.nan
    return found


def up_to_its_own(fit_predict, x, y, fold_of):
    found = np.empty(len(y))
    for f in np.unique(fold_of):
        found[fold_of == f] = fit_predict(x[fold_of <= f], y[fold_of <= f], x[fold_of == f])
    return found


def from_0_to_4(fit_predict, x, y, fold_of):
    found = np.full(len(y), np.nan)
    for f in range(1, 5):
        if (fold_of < f).any():
            found[fold_of == f] = fit_predict(x[fold_of < f], y[fold_of < f], x[fold_of == f])
    return found


def only_before(fit_predict, x, y, fold_of):
    found, folds = np.full(len(y), np.nan), np.unique(fold_of)
    for before, f in itertools.pairwise(folds):
        found[fold_of == f] = fit_predict(x[fold_of == before], y[fold_of == before], x[fold_of == f])
    return found


def the_rest_dropped(fit_predict, x, y, fold_of):
    found = with_positions(fit_predict, x, y, fold_of)
    return found[~np.isnan(found)]


def rows_before(fit_predict, x, y, fold_of):
    found = np.full(len(y), np.nan)
    for i in range(1, len(y)):
        found[i] = fit_predict(x[:i], y[:i], x[i : i + 1])[0]
    return found


def no_row(fit_predict, x, y, fold_of):
    return [fit_predict(x[fold_of < f], y[fold_of < f], x[fold_of == f]) for f in np.unique(fold_of)]


RIGHT_1 = [row_by_row, with_a_series, with_positions, growing, with_where]
MISTAKES_1 = [
    (of_the_lesson, r"Your answer is not right|no row to train on"),
    (first_is_nan, "some of them come later"),
    (lambda fit_predict, x, y, fold_of: fit_predict(x, y, x), "trained on it"),
    (up_to_its_own, "predicted is among the rows that train"),
    (from_0_to_4, "with `fold_of < f`"),
    (only_before, "all earlier ones are due"),
    (lambda *case: np.nan_to_num(with_positions(*case)), "and not 0"),
    (lambda f, x, y, of: np.array(row_by_row(f, x, y, of))[np.argsort(of, kind="stable")], "at its own row"),
    (rows_before, "with `fold_of < f`"),
    (the_rest_dropped, "with `fold_of < f`"),
    (no_row, "raised ValueError: there is no row to train on, in its line"),
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


def by_subsets(said, y, said_new):
    """Try every choice of members: a straight line through each, and the best of those without a negative weight."""
    best, found = np.inf, None
    for size in range(len(said) + 1):
        for chosen in itertools.combinations(range(len(said)), size):
            lines = np.column_stack([said[list(chosen)].T, np.ones(len(y))])
            weights = np.linalg.lstsq(lines, y, rcond=None)[0]
            error = np.sum((lines @ weights - y) ** 2)
            if (weights[:-1] >= 0).all() and error < best:
                best, found = error, np.column_stack([said_new[list(chosen)].T, np.ones(said_new.shape[1])]) @ weights
    return found


def on_centred(said, y, said_new):
    centre = said.mean(axis=1, keepdims=True)
    return y.mean() + nnls((said - centre).T, y - y.mean())[0] @ (said_new - centre)


def within_bounds(said, y, said_new):
    lines = np.column_stack([said.T, np.ones(len(y))])
    weights = lsq_linear(lines, y, ([0.0] * len(said) + [-np.inf], np.inf)).x
    return [float(value) for value in weights[:-1] @ said_new + weights[-1]]


def intercept_twice(said, y, said_new):
    ones, new = np.ones((1, len(y))), np.ones((1, said_new.shape[1]))
    return np.vstack([said_new, 200 * new, -200 * new]).T @ nnls(np.vstack([said, 200 * ones, -200 * ones]).T, y)[0]


def step_by_step(said, y, said_new):
    middle, spread = said.mean(axis=1, keepdims=True), said.std(axis=1, keepdims=True)
    scaled, weights = (said - middle) / spread, np.zeros(len(said))
    for _ in range(20_000):
        slope = scaled @ (weights @ scaled - (y - y.mean())) / len(y)
        weights = np.maximum(0, weights - 0.3 * slope)
    return y.mean() + weights @ ((said_new - middle) / spread)


def with_a_ridge(said, y, said_new, alpha=1e-6):
    return Ridge(alpha, positive=True).fit(said.T, y).predict(said_new.T)


def clipped(said, y, said_new):
    line = LinearRegression().fit(said.T, y)
    return line.coef_.clip(0) @ said_new + line.intercept_


def with_a_column(said, y, said_new):
    weights = nnls(np.vstack([said, np.ones(len(y))]).T, y)[0]
    return weights[:-1] @ said_new + weights[-1]


RIGHT_3 = [by_subsets, on_centred, within_bounds, intercept_twice, step_by_step, with_a_ridge]
MISTAKES_3 = [
    (lambda said, y, said_new: said_new.mean(axis=0), "Nothing is learned"),
    (lambda said, y, said_new: said_new.T @ np.linalg.lstsq(said.T, y, rcond=None)[0], "No intercept, and weights that may"),
    (lambda said, y, said_new: nnls(said.T, y)[0] @ said_new, "no intercept"),
    (lambda said, y, said_new: LinearRegression().fit(said.T, y).predict(said_new.T), "one of its weights is negative"),
    (clipped, "fit again"),
    (with_a_column, "Of the weights alone"),
    (lambda said, y, said_new: on_centred(said, y, said), "Those are predictions for the samples"),
    (lambda said, y, said_new: np.median(said_new, axis=0), "smallest sum of squared errors"),
    (lambda said, y, said_new: ensembles.best_weights(said, y) @ said_new, "smallest sum of squared errors"),
    (lambda said, y, said_new: Ridge(1e4, positive=True).fit(said.T, y).predict(said_new.T), "smallest sum of squared errors"),
    (lambda said, y, said_new: LinearRegression(positive=True).fit(said, y).predict(said_new), "raised ValueError"),
    (lambda said, y, said_new: LinearRegression(positive=True).fit(said.T, y), "with 1 axis is due"),
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
RIGHT = [(exercise, answer) for exercise, right, _ in ALL for answer in right]
MISTAKES = [(exercise, answer, words) for exercise, _, mistakes in ALL for answer, words in mistakes]
EQUIVALENT = {
    "e11.q2": {"2: list(said) → said": "np.concatenate walks along the first axis of an array as along a list"},
    "e11.q4": {f"7: 5 → {folds}": "any number of folds within the budget is right" for folds in (4, 6)},
}
