"""Exercises of notebook 02: the cost of a grid, distributions, ranks, leaks, the cheapest good candidate, and a search."""

import math
import warnings

import numpy as np

from lib.exercises import kinds
from lib.exercises.asking import Seen, brief
from lib.exercises.core import Exercise, Wrong, over_cases, wrong_if

# --- q1: how many trainings a grid search does


def _check_q1(trainings_of):
    grids = [({"a": [1]}, 2), ({"a": [1], "b": [2]}, 2), ({"a": [1, 2, 3]}, 2), ({"a": [1, 2, 3], "b": [1, 2]}, 3)]
    grids += [({"a": [8, 16, 32, 64, 128]}, 5), ({"a": ["relu", None], "b": [0.1, 0.2], "c": [True, False]}, 4)]
    rng = np.random.default_rng(1)
    for lists in range(1, 6):
        grid = {f"p{n}": rng.permutation(9)[: rng.integers(1, 6)].tolist() for n in range(lists)}
        grids.append((grid, int(rng.integers(2, 11))))
    every = "A grid tries every value of one list with every value of the others: how many pairs do two lists make?"
    mistakes = [
        (lambda grid, folds: _points(grid) * folds, "That is the search; at its end the winner is trained once more."),
        (lambda grid, folds: _points(grid), "That is one training a point. Each point is trained once for every fold."),
        (lambda grid, folds: _points(grid) + 1, "Each point is trained once for every fold."),
        (lambda grid, folds: (_points(grid) + 1) * folds, "The winner is trained once more, not once more for every fold."),
        (lambda grid, folds: sum(map(len, grid.values())) * folds + 1, every),
        (lambda grid, folds: sum(map(len, grid.values())) * folds, every),
        (lambda grid, folds: len(grid) * folds + 1, "That counts the lists. How many values has each?"),
    ]
    why = "How many points has the grid, how often is each of them trained, and what comes at the end?"
    over_cases(trainings_of, grids, _trainings_of, why, mistakes)
    return "Points times folds, and one more. One further list of ten values makes it ten times as much."


def _points(grid):
    return math.prod(map(len, grid.values()))


def _trainings_of(grid, folds):
    points = 1
    for values in grid.values():
        points *= len(values)
    return points * folds + 1


q1 = Exercise(
    _check_q1,
    [
        "Two lists of 3 and 2 values make 6 points: every value of the one with every value of the other.",
        "Multiply the lengths of all lists, multiply by `folds`, and add 1 for training the winner again.",
        """A skeleton:
    points = 1
    for values in grid.values(): points = ...
    return ...""",
    ],
    _trainings_of,
    due=kinds.whole,
)


# --- q2: distributions to draw from


def _check_q2(distributions):
    from sklearn.model_selection import ParameterSampler

    space = distributions()
    for name in ("units", "dropout", "learning_rate"):
        has = ", ".join(map(repr, space)) or "nothing"
        wrong_if(name not in space, f"There is no {name!r} in your dictionary, which has: {has[:200]}.")
    more = sorted({*space} - {"units", "dropout", "learning_rate"})
    wrong_if(more, f"Your dictionary has {', '.join(map(repr, more))} too; three names are asked for.")
    drawn = {}
    for name in ("units", "dropout", "learning_rate"):
        rvs, found = hasattr(space[name], "rvs"), kinds.described(space[name])
        values = hasattr(space[name], "__len__") and not isinstance(space[name], str | dict | set)
        wrong_if(not rvs and not values, f"{name!r} is {found}; a search draws from a list or a distribution.")
        words = f"{name!r} can take any number of its range, so a list of values will not do; yours is {found}."
        wrong_if(name != "units" and not rvs, words)
        with distributions.told(f"2,000 draws of {name!r}", using=f"Your {name!r}"):
            one = {name: space[name], "other": _Any()}
            drawn[name] = [draw[name] for draw in ParameterSampler(one, 2000, random_state=1)]
        numbers = all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in drawn[name])
        wrong_if(not numbers, f"{name!r} can become {drawn[name][0]!r}, which is no number.")
    _check_units(np.array(drawn["units"], float))
    _check_dropout(np.array(drawn["dropout"], float))
    _check_rate(np.array(drawn["learning_rate"], float))
    return "Each has its own range, and small learning rates get as many trials as large ones."


class _Any:
    """A distribution beside the one that is looked at, so that lists are drawn from with replacement, too."""

    def rvs(self, random_state=None):
        return 0


def _check_units(units):
    drawn, wanted = set(units.tolist()), set(range(64, 513, 64))
    if odd := sorted(drawn - wanted):
        words = f"'units' can become {odd[0]:g}, which is not one of 64, 128, 192, … 512."
        raise Wrong(f"{words} A list, or a range with a step, will do.")
    missing = sorted(wanted - drawn)
    hint = " Remember that a range ends before its second number." if missing == [512] else ""
    wrong_if(missing, f"'units' never becomes {', '.join(map(str, missing))}.{hint}")


def _check_dropout(dropout):
    least, most = dropout.min(), dropout.max()
    width = " The second argument of scipy's uniform is the width, not the end."
    words = f"'dropout' is drawn from {least:.2f} to {most:.2f}; 0.1 to 0.6 is asked for."
    wrong_if(not 0.1 <= least <= 0.105 or not 0.595 <= most <= 0.6, words + (width if 0.68 < most <= 0.7 else ""))


def _check_rate(rate):
    wrong_if(
        not 1e-4 * (1 - 1e-9) <= rate.min() < 1.05e-4 or not 0.095 < rate.max() <= 0.1 * (1 + 1e-9),
        f"'learning_rate' is drawn from {rate.min():.2g} to {rate.max():.2g}; 0.0001 to 0.1 is asked for, "
        "each power of ten with the same share.",
    )
    shares = np.histogram(np.log10(rate), bins=[-4.01, -3, -2, -0.99])[0] / len(rate)
    wrong_if(
        shares.min() < 0.29,
        f"From 0.0001, 0.001 and 0.01 up to the next power of ten are {shares[0]:.0%}, {shares[1]:.0%} and {shares[2]:.0%} "
        "of the draws of 'learning_rate'. Which distribution gives each the same?",
    )


def _distributions():
    from scipy.stats import loguniform, uniform

    return {"units": range(64, 513, 64), "dropout": uniform(0.1, 0.5), "learning_rate": loguniform(1e-4, 1e-1)}


q2 = Exercise(
    _check_q2,
    [
        "A list or a range is drawn from as it is; for numbers in between there are uniform and loguniform in scipy.stats.",
        "uniform(start, width), loguniform(start, end), and range(start, end, step), whose end is not included.",
        'return {"units": range(...), "dropout": uniform(...), "learning_rate": loguniform(...)}',
    ],
    _distributions,
    due=kinds.mapping(kinds.anything, "a dict from names to lists or distributions"),
)


# --- q3: means, deviations and ranks


def _check_q3(summarize):
    rng = np.random.default_rng(3)
    tables = [[[0.5, 0.75]], [[0.5, 0.0], [1.0, 0.25]], [[1.0, 0.0, 0.5], [0.25, 0.25, 0.25]], [[0.5, 1], [1, 0.5], [0, 0.25]]]
    tables += [[[0.75, 0.25], [1.0, 0.5], [0.5, 0.5], [0.25, 0.25], [0.5, 1.0]], [[-1.0, -2.0], [-3.0, -1.0], [-1.5, -1.5]]]
    tables += [rng.integers(0, 4, (rows, folds)) / 4 for rows, folds in ((3, 4), (4, 4), (6, 2), (8, 4), (30, 8))]
    tables += [rng.normal(-3, 2, (7, 3)), rng.normal(size=(3, 7)), rng.random((4, 4))]
    tables += [[[0.5, 0.5, 0.5], [0.5, 0.5009765625, 0.5], [0.5, 0.49951171875, 0.5]]]  # means that differ by a little
    tables = [(np.array(table, float),) for table in tables]
    _over_part(summarize, 0, tables, "Your means: each is the mean of a candidate's scores, a row.", [
        (lambda s: s.mean(axis=0), "Your means go over the candidates. A row is a candidate: go along axis 1."),
        (lambda s: np.median(s, axis=1), "That is the median of each row. The mean is due."),
        (lambda s: s.max(axis=1), "That is the best fold of each candidate. The mean of its folds is due."),
        (lambda s: s.sum(axis=1), "That is the sum of each row. Divide by the number of folds."),
        (lambda s: s.std(axis=1), "Your first array has the deviations. The means come first."),
    ])
    _over_part(summarize, 1, tables, "Your standard deviations: each is taken over the folds of one candidate.", [
        (lambda s: s.std(axis=1, ddof=1), "You divide by the number of folds less one; scikit-learn divides by their number."),
        (lambda s: s.std(axis=0), "Your deviations go over the candidates. A row is a candidate: go along axis 1."),
        (lambda s: s.var(axis=1), "That is the variance. The deviation is its root."),
        (lambda s: s.std(axis=1) / s.shape[1] ** 0.5, "That is the error of the mean. The deviation of the scores is due."),
    ])
    _over_part(summarize, 2, tables, "A candidate's rank is 1 and the number of those that are better.", _mistakes_q3())
    return "The same figures as in `cv_results_`."


def _over_part(answer, place, tables, why, mistakes):
    """Judge one of the three arrays that an answer returns."""

    def shown(*case):
        return f"{answer.shown(*case)}[{place}]"

    view = Seen(answer, lambda scores: answer(scores)[place], shown, kinds.array(1))
    over_cases(view, tables, lambda scores: _summarize(scores)[place], why, mistakes, _alike)


def _alike(given, right):
    """Say whether two arrays are the same to the digits of sums in float32."""
    return given.shape == right.shape and np.allclose(given, right, rtol=1e-4, atol=1e-5)


def _mistakes_q3():
    from scipy.stats import rankdata

    order = "That is the order: argsort says who comes first, not which rank each has."
    share = "Candidates with the same mean share the better rank, and the next rank is left out: count who is strictly better."
    return [
        (lambda s: rankdata(s.mean(axis=1), method="min"), "The worst comes first. Rank 1 is for the best."),
        (lambda s: _summarize(s)[2] - 1, "Ranks begin at 1, not at 0."),
        (lambda s: (-s.mean(axis=1)).argsort(kind="stable") + 1, order),
        (lambda s: (-s.mean(axis=1)).argsort(kind="stable"), order),
        *((lambda s, way=way: rankdata(-s.mean(axis=1), way), share) for way in ("average", "max", "dense", "ordinal")),
    ]


def _summarize(scores):
    means = scores.mean(axis=1)
    ranks = np.array([1 + np.sum(means > mean) for mean in means])
    return means, scores.std(axis=1), ranks


q3 = Exercise(
    _check_q3,
    [
        "scores.mean(axis=1) is a mean for each row. The same axis goes for std.",
        "The rank of a candidate is 1 plus the number of candidates whose mean is strictly greater.",
        "means = ...; ranks = np.array([1 + ... for mean in means]); return means, ..., ranks",
    ],
    _summarize,
    due=kinds.parts(*[kinds.array(1)] * 3, words="a tuple of three arrays (means, standard deviations, ranks)"),
)


# --- q4: choose inside the folds


def _check_q4(honest_scores):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scikit-learn, about the answer's settings
        noise = np.mean([honest_scores(*_table(0, 0, seed, 3000)) for seed in range(100, 116)])
        wrong_if(noise == 1, "Every score is 1, on pure noise. Is a model measured on the rows it was trained on?")
        wrong_if(
            noise > 0.58,
            f"On 16 tables of noise you score {noise:.2f} on average; 0.5 is chance. Which step has seen the held-out rows?",
        )
        _check_rows(honest_scores)
        _check_ten(honest_scores)
        known = np.mean([honest_scores(*_table(3, 2.5, seed)) for seed in (4, 5)])
        wrong_if(
            known < 0.75,
            f"Where three of 1,000 columns know the classes, you score {known:.2f}. Are the ten chosen by `y`, in every fold?",
        )
        weak = np.mean([honest_scores(*_table(1000, 0.3, seed)) for seed in range(6, 11)])
        wrong_if(
            weak > 0.82,
            f"Where each of 1,000 columns knows a little, your scores are {weak:.2f} on average; ten columns that no held-out "
            "row has chosen get about 0.7. Are the columns chosen by the rows that the model is trained on, and by no others?",
        )
    return f"On noise {noise:.2f}, as it must be; and {known:.2f} where there is something to find."


def _check_rows(honest_scores):
    """See that every row is held out once: of rows that are easy to tell apart, those with a wrong label cost one error each."""
    for wrong, seed in ((2, 11), (4, 12), (6, 13)):
        rng = np.random.default_rng(seed)
        y = rng.permutation(np.arange(60) % 2)
        x = 0.1 * rng.normal(size=(60, 12)) + 4 * (y[:, None] - 0.5)
        for label in (0, 1):
            rows = rng.permutation(np.flatnonzero(x[:, 0] * (2 * label - 1) > 0))[: wrong // 2]
            y[rows] = 1 - label
        errors = 20 * (1 - honest_scores(x, y))
        shares = "A score is the share of right rows among the 20 of a fold; yours are no such shares: "
        wrong_if(np.abs(errors - np.round(errors)).max() > 1e-3, shares + f"{np.round(1 - errors / 20, 4).tolist()}.")
        wrong_if(
            round(errors.sum()) != wrong,
            f"On 60 rows that are easy to tell apart, but for {wrong} wrong labels, three folds have {wrong} errors in all; "
            f"yours have {errors.sum():.0f}. Is every row held out once, and measured by a model of the other rows?",
        )


def _check_ten(honest_scores):
    """See that ten columns are kept: the classes show in the sum of all columns, and in nothing less."""
    ten, eleven = (np.mean(honest_scores(*_sum_of(columns, seed))) for columns, seed in ((10, 21), (11, 22)))
    wrong_if(
        ten < 0.95,
        f"On a table whose ten columns tell the classes apart together, and nine do not, you score {ten:.2f}, and 1 is due. "
        "Are ten columns kept, and classified by LogisticRegression()?",
    )
    wrong_if(eleven > 0.9, f"Where eleven columns are needed you score {eleven:.2f}: you keep more than ten.")


def _sum_of(columns, seed):
    """Return a table whose columns tell the classes apart by their sum."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(600) % 2)
    x = rng.normal(scale=3, size=(600, columns))
    x[:, -1] = 2 * (2 * y - 1) + 0.3 * rng.normal(size=600) - x[:, :-1].sum(axis=1)
    return x[:, rng.permutation(columns)], y


def _table(informative, apart, seed, columns=1000):
    """Return a table of 60 rows, and columns of noise, some of which know of the two classes."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(60) % 2)
    x = rng.normal(size=(60, columns))
    x[:, rng.permutation(columns)[:informative]] += apart * y[:, None]
    return x / x.std(axis=0), y  # which columns spread most says nothing of which ones know


def _honest_scores(x, y):
    from sklearn.feature_selection import SelectKBest
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline

    return cross_val_score(make_pipeline(SelectKBest(k=10), LogisticRegression()), x, y, cv=3)


q4 = Exercise(
    _check_q4,
    [
        "SelectKBest looks at y, so it is fitted on the training rows of each fold. What makes several steps one estimator?",
        "A Pipeline goes into cross_val_score as any estimator does, and is fitted afresh in each fold.",
        "return cross_val_score(make_pipeline(..., ...), x, y, cv=...)",
    ],
    _honest_scores,
    due=kinds.array(shape=(3,)).called("an array of three scores, one a fold,"),
    seconds=60,
)


# --- q5: the quickest candidate that is as good as the best


def _check_q5(good_enough):
    cases = [
        ([[0.9, 0.8]], [1.0]),
        ([[0.7, 0.9], [0.9, 0.9]], [1.0, 2.0]),
        ([[0.94, 0.74, 0.84], [0.95, 0.75, 0.85]], [1.0, 9.0]),
        ([[0.80, 0.88, 0.84], [0.90, 0.80, 0.85]], [1.0, 9.0]),
        ([[0.6, 1.0, 0.8], [0.95, 0.96, 0.94], [0.7, 0.9, 1.0]], [1.0, 9.0, 2.0]),
        ([[-0.4, -0.5], [-0.3, -0.5], [-0.1, -1.1]], [1.0, 2.0, 9.0]),
    ]
    cases = [tuple(map(np.array, case)) for case in cases] + _searches_q5()

    def shown(scores, seconds):
        return f"a search with the scores {scores.tolist()} and the seconds {seconds.tolist()}"

    def rule(right):
        return lambda scores, seconds: right(_results(scores, seconds))

    view = Seen(good_enough, lambda scores, seconds: good_enough(_results(scores, seconds)), shown, kinds.whole)
    why = "Take the differences to the best, fold by fold. Who is the quickest whose mean is within their corrected error?"
    over_cases(view, cases, rule(_good_enough), why, [(rule(mistaken), words) for mistaken, words in _mistakes_q5()])
    return "A little less accurate, as far as three folds can tell, and a good deal quicker."


def _folds_of(cv_results):
    """Return the scores of a search, a row for each candidate and a column for each fold."""
    return np.array([cv_results[name] for name in cv_results if name.startswith("split")]).T


def _corrected(behind, ddof=1):
    """Return the standard error of a mean difference over overlapping folds, of each row."""
    k = behind.shape[1]
    return np.sqrt((1 / k + 1 / (k - 1)) * behind.var(axis=1, ddof=ddof))


def _behind_by(allowed, time="mean_fit_time", least=True):
    """Return a rule: of the candidates that are behind the best by no more than `allowed`, the quickest."""

    def rule(results):
        scores, seconds = _folds_of(results), results[time] * (1 if least else -1)
        best = scores[scores.mean(axis=1).argmax()]
        behind = best - scores
        return int(np.where(behind.mean(axis=1) <= allowed(behind, best), seconds, np.inf).argmin())

    return rule


def _mistakes_q5():
    own = "You take the spread of the winner's own scores. What is due is that of the differences, fold by fold."
    limits = [
        (lambda behind, best: 0, "That is the best. Another one is nearly as good, and quicker."),
        (lambda behind, best: np.inf, "That is the quickest of all, and its mean may be far below the best."),
        (lambda behind, best: best.std(), own),
        (lambda behind, best: best.std(ddof=1) / np.sqrt(best.size), own),
        (lambda behind, best: _corrected(best[None]), own),
        (lambda behind, best: behind.std(axis=1, ddof=1) / np.sqrt(best.size),
         "You divide by the number of folds alone. They overlap: add 1 / (k - 1) to 1 / k."),
        (lambda behind, best: behind.std(axis=1, ddof=1), "You allow a whole standard deviation of the differences."),
        (lambda behind, best: _corrected(behind, ddof=0), "Divide the variance by the folds less one: ddof=1."),
        (lambda behind, best: 2 * _corrected(behind), "You allow two standard errors; one is due."),
    ]

    def right(behind, best):
        return _corrected(behind)

    return [(_behind_by(limit), words) for limit, words in limits] + [
        (_behind_by(right, "mean_score_time"), "You go by mean_score_time. The quickest to train is due."),
        (lambda results: _in_all(results, right), "You add mean_score_time. The quickest to train is due."),
        (_behind_by(right, "std_fit_time"), "You go by std_fit_time, the deviation of the seconds. Their mean is due."),
        (_behind_by(right, least=False), "That is the slowest of those that are good enough."),
        (lambda results: _good_enough(results) + 1, "You count from 1. Python counts positions from 0."),
    ]


def _in_all(results, limit):
    """Return the quickest to train and to score."""
    return _behind_by(limit)({**results, "mean_fit_time": results["mean_fit_time"] + results["mean_score_time"]})


def _searches_q5():
    """Return searches, from small to large, in which it is clear who is good enough."""
    rng, cases = np.random.default_rng(5), []
    while len(cases) < 80:
        candidates, folds = rng.integers(2, 5 + len(cases) // 12), rng.integers(2, 6)
        spread = rng.choice([0.02, 0.1, 0.3], (candidates, 1)) * rng.normal(size=(candidates, folds))
        hard = rng.choice([0, 0.1]) * rng.normal(size=folds)
        scores = np.round(rng.choice([0.8, -0.8]) + rng.normal(scale=0.1, size=(candidates, 1)) + hard + spread, 3)
        means = scores.mean(axis=1)
        behind = scores[means.argmax()] - scores
        apart = np.abs(behind.mean(axis=1) - _corrected(behind))[means < means.max()]
        if apart.min() > 1e-3 and np.diff(np.sort(means)).min() > 1e-4:
            cases.append((scores, np.round(rng.permutation(candidates) + rng.uniform(0.1, 0.9, candidates), 1)))
    return cases


class _Results(dict):
    """A `cv_results_`, which is shown by its name only."""

    def __repr__(self):
        return "cv_results"


def _results(scores, seconds):
    """Return a whole `cv_results_` of a search with these scores, a row for each candidate, and seconds to fit."""
    from scipy.stats import rankdata

    units = [2**number for number in range(len(scores))]
    rng = np.random.default_rng(len(scores))
    found = {"mean_fit_time": seconds.copy()}
    found |= {name: 5 * rng.random(len(scores)) for name in ("std_fit_time", "mean_score_time", "std_score_time")}
    found |= {"param_units": np.ma.array(units), "params": [{"units": number} for number in units]}
    found |= {f"split{fold}_test_score": scores[:, fold].copy() for fold in range(scores.shape[1])}
    found |= {"mean_test_score": scores.mean(axis=1), "std_test_score": scores.std(axis=1)}
    return _Results(found, rank_test_score=rankdata(-scores.mean(axis=1), method="min").astype(np.int32))


def _good_enough(cv_results):
    scores = np.array([values for name, values in cv_results.items() if name.startswith("split")]).T
    k = scores.shape[1]
    behind = scores[scores.mean(axis=1).argmax()] - scores
    error = np.sqrt((1 / k + 1 / (k - 1)) * behind.var(axis=1, ddof=1))
    enough = behind.mean(axis=1) <= error
    return int(np.where(enough, cv_results["mean_fit_time"], np.inf).argmin())


q5 = Exercise(
    _check_q5,
    [
        "`split0_test_score`, `split1_test_score` and so on are the folds: make them one array, a row for each candidate.",
        "With `behind = scores[best] - scores`, each row is what `paired` of the lesson takes the mean and the error of.",
        """A skeleton:
    scores = np.array([...]).T
    behind = scores[...] - scores
    error = np.sqrt(... * behind.var(axis=1, ddof=1))
    return np.where(behind.mean(axis=1) <= error, ..., np.inf)...""",
    ],
    _good_enough,
    due=kinds.whole.called("the position of one candidate, a whole number,"),
)


# --- q6: a search for tables that nobody has seen


def _check_q6(tuned):
    for kind, seed in (("few", 1), ("many", 2), ("few", 3), ("many", 4)):
        (x, y), (x_new, y_new) = _units_apart(kind, seed)
        search = tuned()
        wrong_if(hasattr(search, "cv_results_"), "Your search has been fitted already. Return it unfitted: other tables come.")
        with warnings.catch_warnings(), tuned.told("fit(x, y)", using="Your search"):
            warnings.simplefilter("ignore")
            search = search.fit(x, y)
            trainings = len(search.cv_results_["params"]) * search.n_splits_ + 1
            accuracy = np.mean(search.predict(x_new) == y_new)
        wrong_if(trainings > 40, f"Your search does {trainings} trainings, the last one included; 40 is the most it may do.")
        words = {"few": "four of 300 columns know the classes", "many": "each of 300 columns knows a little of the classes"}[kind]
        wrong_if(
            accuracy < 0.88,
            f"On a table where {words}, your search chose {brief(search.best_params_)}, and {accuracy:.2f} of the new rows are "
            "right; 0.88 is due. Which steps does this table need, and can your search choose them?",
        )
    return "One search, and two kinds of table: it found out by itself which it was given."


def _units_apart(kind, seed):
    """Return a table with two classes to search with, and one to measure on; each column has a unit of its own."""
    rng = np.random.default_rng([2, seed])
    y = np.arange(1120) % 2
    x = rng.normal(size=(1120, 300))
    if kind == "few":
        x[:, rng.permutation(300)[:4]] += 1.5 * y[:, None]
    else:
        x += 0.4 * y[:, None] * rng.choice([-1, 1], 300)
    x = x * 10 ** rng.uniform(-3, 3, 300) + 10 * rng.normal(size=300)
    return (x[:120], y[:120]), (x[120:], y[120:])


def _tuned():
    from sklearn.feature_selection import SelectKBest
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    steps = make_pipeline(StandardScaler(), SelectKBest(), LogisticRegression())
    return GridSearchCV(steps, {"selectkbest__k": [5, "all"]}, cv=5)


def _grid_search():
    from sklearn.model_selection import GridSearchCV

    return GridSearchCV


def _random_search():
    from sklearn.model_selection import RandomizedSearchCV

    return RandomizedSearchCV


q6 = Exercise(
    _check_q6,
    [
        "Scale columns of different units. Where few columns matter, the others disturb; where all do, none can be spared.",
        "Put a scaler, SelectKBest and a classifier into a pipeline, and let the search decide how many columns are kept.",
        """A skeleton:
    steps = Pipeline([("scale", ...), ("choose", SelectKBest()), ("classify", ...)])
    return GridSearchCV(steps, {"choose__k": [..., "all"]}, cv=...)""",
    ],
    _tuned,
    due=kinds.instance("a search of scikit-learn (a GridSearchCV, a RandomizedSearchCV)", _grid_search, _random_search),
    seconds=60,
)
