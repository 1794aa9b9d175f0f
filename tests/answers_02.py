"""Answers to the exercises of notebook 02: right ones that are not the reference, and likely mistakes."""

import itertools
import math

import numpy as np
import pandas as pd
from scipy.stats import loguniform, rankdata, reciprocal, rv_discrete, uniform
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    ParameterGrid,
    RandomizedSearchCV,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler
from sklearn.svm import SVC

from lib.exercises import e02

# --- q1


def by_product(grid, folds):
    return sum(1 for _ in itertools.product(*grid.values())) * folds + 1


def empties_it(grid, folds):
    points = 1
    while grid:
        points *= len(grid.popitem()[1])
    return points * folds + 1


def two_lists_only(grid, folds):
    first, second = [*grid.values(), [None]][:2]
    return len(first) * len(second) * folds + 1


RIGHT_1 = [
    lambda grid, folds: len(ParameterGrid(grid)) * folds + 1,
    by_product,
    empties_it,
    lambda grid, folds: 1 + folds * math.prod(len(values) for values in grid.values()),
    lambda grid, folds, refit=True: np.prod([len(grid[name]) for name in grid]) * folds + refit,
]
MISTAKES_1 = [
    (lambda grid, folds: sum(map(len, grid.values())) * folds + 1, "every value of the others"),
    (lambda grid, folds: sum(map(len, grid.values())) * folds, "every value of the others"),
    (lambda grid, folds: math.prod(map(len, grid.values())) * folds, "the winner is trained once more"),
    (lambda grid, folds: math.prod(map(len, grid.values())), "for every fold"),
    (lambda grid, folds: (math.prod(map(len, grid.values())) + 1) * folds, "not once more for every fold"),
    (lambda grid, folds: len(grid) * folds + 1, "That counts the lists"),
    (lambda grid, folds: math.prod(map(len, grid.values())) * 3 + 1, "How many points"),
    (two_lists_only, "How many points"),
    (lambda grid, folds: 1000, "How many points"),
    (lambda grid, folds: print(1000), "`print` shows a value"),
    (lambda grid, folds: math.prod(grid.values()) * folds + 1, "raised TypeError|How many points|a list of length"),
]

# --- q2

GOOD = {"units": list(range(64, 513, 64)), "dropout": uniform(0.1, 0.5), "learning_rate": loguniform(1e-4, 1e-1)}


class Own:
    """A distribution of the learner's own."""

    def __init__(self, draw):
        self.draw = draw

    def rvs(self, size=None, random_state=None):
        return self.draw(np.random.default_rng(random_state.randint(2**31)))


def own_distributions():
    return {
        "units": Own(lambda rng: 64 * rng.integers(1, 9)),
        "dropout": Own(lambda rng: rng.uniform(0.1, 0.6)),
        "learning_rate": Own(lambda rng: 10 ** rng.uniform(-4, -1)),
    }


def without(name):
    return lambda: {key: value for key, value in GOOD.items() if key != name}


RIGHT_2 = [
    own_distributions,
    lambda: {**GOOD, "units": np.arange(64, 513, 64), "dropout": uniform(loc=0.1, scale=0.5)},
    lambda: dict(units=tuple(64 * n for n in range(1, 9)), dropout=loguniform(0.1, 0.6), learning_rate=reciprocal(1e-4, 0.1)),
    lambda: {**GOOD, "units": rv_discrete(values=(range(64, 513, 64), [1 / 8] * 8))},
    lambda: {"learning_rate": loguniform(0.0001, 0.1), "dropout": uniform(0.1, 0.6 - 0.1), "units": range(64, 576, 64)},
]
MISTAKES_2 = [
    (lambda: {**GOOD, "dropout": uniform(0.1, 0.6)}, "from 0.10 to 0.70.*the width, not the end"),
    (lambda: {**GOOD, "dropout": uniform(0.2, 0.3)}, "drawn from 0.20"),
    (lambda: {**GOOD, "dropout": np.linspace(0.1, 0.6, 51)}, "'dropout' can take any number of its range"),
    (lambda: {**GOOD, "learning_rate": uniform(1e-4, 0.0999)}, "Which distribution|0.0001 to 0.1 is asked for"),
    (lambda: {**GOOD, "learning_rate": loguniform(1e-5, 1e-1)}, "0.0001 to 0.1 is asked for"),
    (lambda: {**GOOD, "learning_rate": loguniform(-4, -1)}, "Your 'learning_rate' raised ValueError"),
    (lambda: {**GOOD, "learning_rate": [1e-4, 1e-3, 1e-2, 1e-1]}, "a list of values will not do; yours is a list of length 4"),
    (lambda: {**GOOD, "learning_rate": Own(lambda rng: 10.0 ** rng.integers(-4, 0))}, "Which distribution"),
    (lambda: {**GOOD, "units": range(64, 513)}, "not one of 64, 128"),
    (lambda: {**GOOD, "units": range(64, 512, 64)}, "never becomes 512. Remember that a range ends"),
    (lambda: {**GOOD, "units": [64, 128, 256, 512]}, r"never becomes 192, 320, 384, 448\.$"),
    (lambda: {**GOOD, "units": 64}, "'units' is the int 64; a search draws from"),
    (lambda: {**GOOD, "units": ["64", "128"]}, "'units' can become '64', which is no number|can become '128', which"),
    (without("learning_rate"), "no 'learning_rate'"),
    (lambda: {**without("units")(), "net__units": GOOD["units"]}, "There is no 'units' in your dictionary, which has: 'dropout'"),
    (lambda: [1], "a list of length 1 where a dict"),
    (lambda: tuple(GOOD.values()), "where a dict"),
    (lambda: {**GOOD, "batch_size": [32, 64]}, "'batch_size' too; three names"),
]

# --- q3


def with_pandas(scores):
    frame = pd.DataFrame(scores)
    means = frame.mean(axis=1)
    return means, frame.std(axis=1, ddof=0), means.rank(ascending=False, method="min").astype(int)


def with_lists(scores):
    means = [sum(row) / len(row) for row in scores.tolist()]
    deviations = [(sum((s - m) ** 2 for s in row) / len(row)) ** 0.5 for m, row in zip(means, scores.tolist(), strict=True)]
    return [means, deviations, [sorted(means, reverse=True).index(mean) + 1 for mean in means]]


def by_searchsorted(scores):
    means = np.mean(scores, 1)
    return means, np.std(scores, 1), 1 + np.searchsorted(np.sort(-means), -means)


def by_comparing_all(scores):
    means = scores.mean(1)
    return np.array([means, scores.var(1) ** 0.5, (means[None] > means[:, None]).sum(axis=1) + 1])


def ranked(rank):
    return lambda scores: (scores.mean(axis=1), scores.std(axis=1), rank(scores.mean(axis=1)))


RIGHT_3 = [with_pandas, with_lists, by_searchsorted, by_comparing_all, ranked(lambda means: rankdata(-means, method="min"))]
MISTAKES_3 = [
    (ranked(lambda means: rankdata(means, method="min")), "worst comes first"),
    (ranked(lambda means: rankdata(-means, method="min") - 1), "begin at 1"),
    (ranked(lambda means: (-means).argsort(kind="stable").argsort() + 1), "share the better rank"),
    (ranked(lambda means: rankdata(-means)), "share the better rank"),
    (ranked(lambda means: rankdata(-means, method="dense")), "share the better rank"),
    (ranked(lambda means: (-means).argsort(kind="stable") + 1), "argsort says who"),
    (ranked(lambda means: np.ones(len(means), int)), "the number of those that are better"),
    (ranked(lambda means: [1, 2, 3]), "the number of those that are better"),
    (lambda s: (s.mean(axis=1), s.std(axis=1, ddof=1), s.mean(axis=1)), "less one"),
    (lambda s: (s.mean(axis=1), s.var(axis=1), s.mean(axis=1)), "That is the variance"),
    (lambda s: (s.mean(axis=0), s.std(axis=0), s.mean(axis=0)), "go along axis 1"),
    (lambda s: (np.median(s, axis=1), s.std(axis=1), s.mean(axis=1)), "That is the median"),
    (lambda s: (s.max(axis=1), s.std(axis=1), s.mean(axis=1)), "That is the best fold"),
    (lambda s: s.mean(axis=1), "three arrays"),
    (lambda s: (s.mean(), s.std(), 1), "part 1 is .* where an array"),
    (ranked(lambda means: rankdata(-means.round(2), method="min")), "share the better rank|that are better"),
]

# --- q4


def steps(k=10):
    return make_pipeline(SelectKBest(k=k), LogisticRegression())


def by_hand(x, y):
    scores = []
    for train, test in StratifiedKFold(3, shuffle=True, random_state=2).split(x, y):
        choose = SelectKBest(k=10).fit(x[train], y[train])
        line = LogisticRegression().fit(choose.transform(x[train]), y[train])
        scores.append(line.score(choose.transform(x[test]), y[test]))
    return scores


def without_select(x, y):
    fold, scores = np.arange(len(y)) % 3, []
    for k in range(3):
        columns = f_classif(x[fold != k], y[fold != k])[0].argsort()[-10:]
        line = LogisticRegression().fit(x[fold != k][:, columns], y[fold != k])
        scores.append((line.predict(x[fold == k][:, columns]) == y[fold == k]).mean())
    return np.array(scores, "float32")


def by_search(x, y):
    both = Pipeline([("choose", SelectKBest()), ("line", LogisticRegression())])
    results = GridSearchCV(both, {"choose__k": [10]}, cv=KFold(3, shuffle=True)).fit(x, y).cv_results_
    return tuple(results[f"split{fold}_test_score"][0] for fold in range(3))


def leaks(x, y):
    return cross_val_score(LogisticRegression(), SelectKBest(k=10).fit_transform(x, y), y, cv=3)


def chooses_by_the_held_out(x, y):
    scores = []
    for train, test in StratifiedKFold(3).split(x, y):
        choose = SelectKBest(k=10).fit(x[test], y[test])
        line = LogisticRegression().fit(choose.transform(x[train]), y[train])
        scores.append(line.score(choose.transform(x[test]), y[test]))
    return scores


def chooses_twice(x, y):
    scores = []
    for train, test in StratifiedKFold(3).split(x, y):
        mine, theirs = (SelectKBest(k=10).fit(x[rows], y[rows]) for rows in (train, test))
        line = LogisticRegression().fit(mine.transform(x[train]), y[train])
        scores.append(line.score(theirs.transform(x[test]), y[test]))
    return scores


def fits_on_all_rows(x, y):
    scores = []
    for train, test in StratifiedKFold(3).split(x, y):
        choose = SelectKBest(k=10).fit(x[train], y[train])
        scores.append(LogisticRegression().fit(choose.transform(x), y).score(choose.transform(x[test]), y[test]))
    return scores


def on_training_rows(x, y):
    return [LogisticRegression().fit(x, y).score(x, y)] * 3


def measured_where_it_was_trained(x, y):
    return [steps().fit(x[train], y[train]).score(x[train], y[train]) for train, _ in StratifiedKFold(3).split(x, y)]


def chosen_beforehand(x, y):
    fifty = SelectKBest(k=50).fit_transform(x, y)
    return cross_val_score(make_pipeline(SelectKBest(k=10), LogisticRegression()), fifty, y, cv=3)


def widest(x, y):
    return cross_val_score(LogisticRegression(), x[:, np.argsort(-x.var(axis=0))[:10]], y, cv=3)


RIGHT_4 = [
    by_hand,
    without_select,
    by_search,
    lambda x, y: cross_validate(steps(), x, y, cv=3)["test_score"],
    lambda x, y: cross_val_score(steps(), x, y, cv=KFold(3, shuffle=True, random_state=5), scoring="accuracy").tolist(),
]
MISTAKES_4 = [
    (leaks, "Which step has seen"),
    (fits_on_all_rows, "Which step has seen"),
    (chooses_by_the_held_out, "Are the columns chosen by the rows that the model is trained on"),
    (chooses_twice, "errors in all|Are the ten chosen by `y`|Which step has seen"),
    (on_training_rows, "on the rows it was trained on"),
    (measured_where_it_was_trained, "on the rows it was trained on|seen the held-out rows"),
    (lambda x, y: cross_val_score(LogisticRegression(), x[:, :10], y, cv=3), "Are the ten chosen by `y`"),
    (lambda x, y: cross_val_score(LogisticRegression(), x, y, cv=3), "you keep more than ten"),
    (lambda x, y: cross_val_score(steps(9), x, y, cv=3), "Are ten columns kept"),
    (lambda x, y: cross_val_score(steps(11), x, y, cv=3), "you keep more than ten"),
    (lambda x, y: cross_val_score(make_pipeline(SelectKBest(k=10), KNeighborsClassifier()), x, y, cv=3), "LogisticRegression"),
    (lambda x, y: cross_val_score(steps(), x, y, cv=ShuffleSplit(3, test_size=20, random_state=0)), "Is every row held out once"),
    (lambda x, y: cross_val_score(steps(), x, y, cv=3, scoring="roc_auc"), "the share of right rows"),
    (lambda x, y: [cross_val_score(steps(), x, y, cv=3).mean()] * 3, "no such shares"),
    (lambda x, y: cross_val_score(steps(), x, y, cv=5), r"shape \(5,\) where an array of three scores"),
    (lambda x, y: by_hand(x, y)[0], "where an array of three scores"),
    (lambda x, y: [0.5, 0.5, 0.5], "30|errors in all"),
    (chosen_beforehand, "Which step has seen"),
    (widest, "Are the ten chosen by `y`"),
]

# --- q5


def folds_of(cv_results):
    return np.array([cv_results[name] for name in sorted(cv_results) if name.startswith("split")]).T


def corrected(behind):
    k = behind.shape[-1]
    return np.sqrt((1 / k + 1 / (k - 1)) * behind.var(axis=-1, ddof=1))


def by_sorting(cv_results):
    frame = pd.DataFrame(cv_results)
    scores = frame.filter(regex="^split")
    behind = -scores.sub(scores.loc[frame.mean_test_score.idxmax()])
    k = scores.shape[1]
    enough = frame[behind.mean(axis=1) <= behind.std(axis=1) * (1 / k + 1 / (k - 1)) ** 0.5]
    return enough.mean_fit_time.idxmin()


def by_rank(cv_results):
    (best,) = np.flatnonzero(cv_results["rank_test_score"] == 1)
    scores = folds_of(cv_results)
    good = np.flatnonzero((scores[best] - scores).mean(axis=1) <= corrected(scores[best] - scores))
    return good[cv_results["mean_fit_time"][good].argmin()]


def in_a_loop(cv_results):
    means, seconds = cv_results["mean_test_score"].tolist(), cv_results.pop("mean_fit_time").tolist()
    scores = folds_of(cv_results)
    top = scores[means.index(max(means))]
    return min((s, place) for place, s in enumerate(seconds) if (top - scores[place]).mean() <= corrected(top - scores[place]))[1]


def from_the_quickest(cv_results):
    scores = folds_of(cv_results)
    top = scores[scores.mean(axis=1).argmax()]
    for place in np.argsort(cv_results["mean_fit_time"]):
        if np.mean(top - scores[place]) <= corrected(top - scores[place]):
            return int(place)


def by_params(cv_results):
    best = cv_results["mean_test_score"].argmax()
    folds = [cv_results[f"split{fold}_test_score"] for fold in range(sum(name[:5] == "split" for name in cv_results))]
    apart = np.array([fold[best] - fold for fold in folds])
    limit = apart.std(axis=0, ddof=1) * (1 / len(folds) + 1 / (len(folds) - 1)) ** 0.5
    good = [place for place, _ in enumerate(cv_results["params"]) if apart.mean(axis=0)[place] <= limit[place]]
    return min(good, key=lambda place: cv_results["mean_fit_time"][place])


def behind_by(limit, time="mean_fit_time"):
    def good_enough(results):
        scores = folds_of(results)
        best = scores[scores.mean(axis=1).argmax()]
        behind = best - scores
        return int(np.where(behind.mean(axis=1) <= limit(behind, best), results[time], np.inf).argmin())

    return good_enough


def right(behind, best):
    return corrected(behind)


def the_first(results):
    scores = folds_of(results)
    behind = scores[scores.mean(axis=1).argmax()] - scores
    return np.flatnonzero(behind.mean(axis=1) <= corrected(behind))[0]


def quickest_in_all(results):
    seconds = results["mean_fit_time"] + results["mean_score_time"]
    return e02.q5.reference({**results, "mean_fit_time": seconds})


RIGHT_5 = [by_sorting, by_rank, in_a_loop, from_the_quickest, by_params]
MISTAKES_5 = [
    (lambda results: int(results["mean_test_score"].argmax()), "the best. Another one"),
    (lambda results: int(results["mean_fit_time"].argmin()), "the quickest of all"),
    (behind_by(lambda behind, best: best.std()), "the winner's own scores"),
    (behind_by(lambda behind, best: best.std(ddof=1) / best.size**0.5), "the winner's own scores"),
    (behind_by(lambda behind, best: behind.std(axis=1, ddof=1) / best.size**0.5), "They overlap"),
    (behind_by(lambda behind, best: behind.std(axis=1, ddof=1)), "a whole standard deviation"),
    (behind_by(lambda behind, best: behind.std(axis=1) * (1 / best.size + 1 / (best.size - 1)) ** 0.5), "ddof=1"),
    (behind_by(lambda behind, best: 2 * corrected(behind)), "two standard errors"),
    (behind_by(lambda behind, best: 0.02), "fold by fold"),
    (behind_by(right, "mean_score_time"), "You go by mean_score_time"),
    (the_first, "fold by fold"),
    (lambda results: e02.q5.reference(results) + 1, "count from 1"),
    (lambda results: results["params"][e02.q5.reference(results)], "a dict of length 1 where the position"),
    (lambda results: results["mean_fit_time"][e02.q5.reference(results)] + 0.5, "where the position|fold by fold"),
    (lambda results: 99, r"it gives 99, and 0 is due"),
    (lambda results: print(end=""), "nothing .None."),
    (quickest_in_all, "You add mean_score_time"),
]

# --- q6


def at_random():
    steps = Pipeline([("scale", RobustScaler()), ("choose", SelectKBest()), ("line", LogisticRegression(C=0.1))])
    return RandomizedSearchCV(steps, {"choose__k": [2, 4, 8, 300]}, n_iter=4, cv=5, random_state=0)


def with_strength():
    steps = make_pipeline(StandardScaler(), SelectKBest(k="all"), LogisticRegression(max_iter=1000))
    return GridSearchCV(steps, {"selectkbest__k": [4, 20, "all"], "logisticregression__C": [0.01, 1]}, cv=StratifiedKFold(4))


def with_svc():
    return GridSearchCV(make_pipeline(SelectKBest(), StandardScaler(), SVC()), {"selectkbest__k": [4, 6, "all"]})


def without_a_choice_by_number():
    steps = Pipeline([("scale", StandardScaler()), ("choose", "passthrough"), ("line", LogisticRegression())])
    return GridSearchCV(steps, {"choose": ["passthrough", SelectKBest(k=5)]}, cv=3)


def with_lda():
    classify = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.9)
    return GridSearchCV(make_pipeline(StandardScaler(), SelectKBest(), classify), {"selectkbest__k": [4, "all"]}, cv=4)


def over(numbers, *first, **settings):
    steps = make_pipeline(*first, SelectKBest(), LogisticRegression())
    return lambda: GridSearchCV(steps, {"selectkbest__k": numbers}, **settings)


def fitted():
    rng = np.random.default_rng(0)
    return at_random().fit(rng.normal(size=(60, 300)), np.arange(60) % 2)


RIGHT_6 = [at_random, with_strength, with_svc, without_a_choice_by_number, with_lda]
MISTAKES_6 = [
    (over([5], StandardScaler()), "each of 300 columns knows a little.*0.88 is due"),
    (over(["all"], StandardScaler()), "four of 300 columns know.*0.88 is due"),
    (over([50, 100], StandardScaler()), "0.88 is due"),
    (over([5, "all"]), "0.88 is due"),
    (over([*range(1, 20), "all"], StandardScaler()), "does 101 trainings, the last one included; 40"),
    (over([5, "all"], StandardScaler(), refit=False), "Your search raised"),
    (lambda: make_pipeline(StandardScaler(), SelectKBest(), LogisticRegression()), "a Pipeline where a search of scikit-learn"),
    (lambda: GridSearchCV, "the class GridSearchCV where a search"),
    (lambda: GridSearchCV(make_pipeline(SelectKBest(), SVC()), {"choose__k": [5, "all"]}), "Your search raised ValueError"),
    (lambda: GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 5, 15]}), "0.88 is due"),
    (fitted, "has been fitted already"),
]


ALL = [
    (e02.q1, RIGHT_1, MISTAKES_1), (e02.q2, RIGHT_2, MISTAKES_2), (e02.q3, RIGHT_3, MISTAKES_3), (e02.q4, RIGHT_4, MISTAKES_4),
    (e02.q5, RIGHT_5, MISTAKES_5), (e02.q6, RIGHT_6, MISTAKES_6),
]
_SEARCH = "any such search that is good enough is right: "
EQUIVALENT = {
    "e02.q2": {"4: 513 → 514": "a range with the step 64 has the same values up to 575"},
    "e02.q3": {
        "3: np.array([1 + np.sum(means > mean) for mean in means]) → [1 + np.sum(means > mean) for mean in means]":
        "a list is read as an array",
    },
    "e02.q4": {"7: SelectKBest(k=10) → SelectKBest()": "10 is the default of k"},
    "e02.q5": {
        "4: scores.mean → scores.sum": "each candidate has as many folds, so the largest sum is the largest mean",
        "7: int(np.where(enough, cv_results['mean_fit_time'], np.inf).ar → "
        "np.where(enough, cv_results['mean_fit_time'], np.inf).argmin":
        "a whole number of NumPy is one",
    },
    "e02.q6": {
        "8: make_pipeline(StandardScaler(), SelectKBest(), LogisticRegre → "  # the two in the other order
        "make_pipeline(SelectKBest(), StandardScaler(), LogisticRegre": "the scores do not depend on a column's unit",
        "9: GridSearchCV(steps, {'selectkbest__k': [5, 'all']}, cv=5) → GridSearchCV(steps, {'selectkbest__k': [5, 'all']})":
        "5 is the default of cv",
        **dict.fromkeys(("9: 5 → 6", "9: 5 → 4"), _SEARCH + "with about as many columns"),
        **dict.fromkeys(("9: 5 → 6 #2", "9: 5 → 4 #2"), _SEARCH + "with about as many folds"),
    },
}
