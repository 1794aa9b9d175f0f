"""Exercises of notebook 02: the cost of a grid, distributions, ranks, leaks, and the cheapest good candidate."""

import math

import numpy as np

from lib.exercises.core import Exercise, Wrong, wrong_if
from lib.exercises.old import compare, parts, there

# --- q1: how many trainings a grid search does


def _check_q1(trainings_of):
    for grid, folds in (
        ({"a": [1, 2, 3], "b": [1, 2]}, 3),
        ({"a": [8, 16, 32, 64, 128]}, 5),
        ({"a": [1], "b": [2]}, 2),
    ):
        answer = there(trainings_of(grid, folds))
        lengths = [len(values) for values in grid.values()]
        points = math.prod(lengths)
        asked = f"For the grid {grid} on {folds} folds you say {answer}"
        sums = f"{asked}. A grid tries every value of one list with every value of the others: how many pairs?"
        once = f"{asked}. That is one training a point. Each point is trained once for every fold."
        mistakes = [
            (sum(lengths) * folds, sums),
            (sum(lengths) * folds + 1, sums),
            (points * folds, f"{asked}. That is the search; at its end the winner is trained once more, on all rows."),
            (points, once),
            (points + 1, once),
        ]
        otherwise = f"{asked}. How many points has the grid, and how often is each of them trained?"
        compare(answer, points * folds + 1, mistakes, otherwise)
    return "Points times folds, and one more. One further list of ten values makes it ten times as much."


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
    ],
    _trainings_of,
)


# --- q2: distributions to draw from


def _check_q2(distributions):
    from sklearn.model_selection import ParameterSampler

    space = there(distributions())
    wrong_if(
        not isinstance(space, dict),
        f"Your function returns a {type(space).__name__}; a search takes a dictionary from names to distributions.",
    )
    names = ("units", "dropout", "learning_rate")
    for name in names:
        has = ", ".join(map(str, space)) or "nothing"
        wrong_if(name not in space, f"There is no {name!r} in your dictionary, which has: {has}.")
    wrong_if(
        not all(hasattr(space[name], "rvs") for name in names[1:]),
        "`dropout` and `learning_rate` can take any number of their range, so a list of values will not do.",
    )
    draws = list(ParameterSampler(space, 2000, random_state=1))
    units, dropout, rate = (np.array([draw[name] for draw in draws]) for name in names)
    _check_units(units)
    _check_dropout(dropout)
    _check_rate(rate)
    return "Each has its own range, and small learning rates get as many trials as large ones."


def _check_units(units):
    drawn, wanted = set(units.tolist()), set(range(64, 513, 64))
    if odd := sorted(drawn - wanted):
        raise Wrong(f"`units` can become {odd[0]}, which is not one of 64, 128, … 512. A list, or a range with a step, will do.")
    if missing := sorted(wanted - drawn):
        raise Wrong(f"`units` never becomes {missing[-1]}. Remember that a range ends before its second number.")


def _check_dropout(dropout):
    least, most = dropout.min(), dropout.max()
    wrong_if(
        most > 0.6, f"`dropout` is drawn up to {most:.2f}. The second argument of scipy's uniform is the width, not the end."
    )
    wrong_if(
        not 0.1 <= least <= 0.12 or most < 0.58,
        f"`dropout` is drawn from {least:.2f} to {most:.2f}; the exercise asks for 0.1 to 0.6.",
    )


def _check_rate(rate):
    wrong_if(
        rate.min() < 0.99e-4 or rate.max() > 0.101,
        f"`learning_rate` is drawn from {rate.min():.2g} to {rate.max():.2g}; the exercise asks for 0.0001 to 0.1.",
    )
    shares = np.histogram(np.log10(rate), bins=[-4.01, -3, -2, -0.99])[0] / len(rate)
    wrong_if(
        shares.min() < 0.27,
        f"The powers of ten get {shares[0]:.0%}, {shares[1]:.0%} and {shares[2]:.0%} of the draws. "
        "Which distribution gives each the same?",
    )


def _distributions():
    from scipy.stats import loguniform, uniform

    return {"units": range(64, 513, 64), "dropout": uniform(0.1, 0.5), "learning_rate": loguniform(1e-4, 1e-1)}


q2 = Exercise(
    _check_q2,
    [
        "A list or a range is drawn from as it is; for numbers in between there are uniform and loguniform in scipy.stats.",
        "uniform(start, width), loguniform(start, end), and range(64, 513, 64), whose end is not included.",
    ],
    _distributions,
)


# --- q3: means, deviations and ranks


def _check_q3(summarize):
    from scipy.stats import rankdata

    tables = [
        np.array([[0.2, 0.3, 0.1], [0.6, 0.6, 0.7], [0.9, 0.8, 1.0], [0.5, 0.7, 0.9]]),
        np.array([[0.75, 0.25], [1.0, 0.5], [0.5, 0.5], [0.25, 0.25], [0.5, 1.0]]),  # sums that are exact: true ties
    ]
    for scores in tables:
        answer = there(summarize(scores.copy()))
        returned = parts(answer, 3, "three arrays: means, standard deviations, ranks")
        means, deviations, ranks = (part.astype(float) for part in returned)
        wrong_if(
            means.shape != (len(scores),),
            f"For {len(scores)} candidates you return means of shape {means.shape}. A row is a candidate: go along axis 1.",
        )
        wrong_if(
            not np.allclose(means, scores.mean(axis=1)),
            f"The first candidate scored {scores[0].tolist()}, and you say its mean is {means[0]:.4f}.",
        )
        others = "Your standard deviations are others. Each is taken over the folds of one candidate."
        wrong_if(deviations.shape != means.shape, others)
        less_one = "Your deviations divide by the number of folds less one; scikit-learn's divide by the number of folds."
        compare(deviations, scores.std(axis=1), [(scores.std(axis=1, ddof=1), less_one)], others, np.allclose)
        _check_ranks(means, ranks, rankdata(-means, method="min"), rankdata(means, method="min"))
    return "The same figures as in `cv_results_`."


def _check_ranks(means, ranks, right, upside_down):
    shown = f"For the means {np.round(means, 3).tolist()} your ranks are {ranks.tolist()}"
    wrong_if(ranks.shape != right.shape, f"{shown}. Each candidate needs one rank.")
    mistakes = [
        (upside_down, f"{shown}: the worst comes first. Rank 1 is for the best."),
        (right - 1, f"{shown}. Ranks begin at 1, not at 0."),
    ]
    otherwise = f"{shown}. The rank of a candidate is 1 and the number of those that are better. "
    otherwise += "(argsort says who, not which rank.)"
    if len(set(np.round(means, 9))) < len(means):
        otherwise = f"{shown}. Candidates with the same mean share the better rank: count how many are strictly better."
    compare(ranks, right, mistakes, otherwise, np.array_equal)


def _summarize(scores):
    means = scores.mean(axis=1)
    ranks = np.array([1 + np.sum(means > mean) for mean in means])
    return means, scores.std(axis=1), ranks


q3 = Exercise(
    _check_q3,
    [
        "scores.mean(axis=1) is a mean for each row. The same axis goes for std.",
        "The rank of a candidate is 1 plus the number of candidates whose mean is strictly greater.",
    ],
    _summarize,
)


# --- q4: choose inside the folds


def _tables(informative, rows, columns, seeds):
    """Yield tables (x, y) with two classes, where only the first `informative` columns know of them."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        y = rng.permutation(np.arange(rows) % 2)
        x = rng.normal(size=(rows, columns))
        x[:, :informative] += 2.5 * y[:, None]
        yield x, y


def _check_q4(honest_scores):
    means = []
    for x, y in _tables(0, 60, 1000, seeds=(1, 2, 3)):
        scores = there(honest_scores(x, y))
        wrong_if(
            np.shape(scores) != (3,),
            f"Your function returns something of shape {np.shape(scores)}; there are three folds, so three scores.",
        )
        means.append(np.mean(scores))
    wrong_if(min(means) == 1, "Every score is 1, on pure noise. Is a model measured on the rows it was trained on?")
    wrong_if(
        np.mean(means) > 0.68,
        f"On pure noise your scores are {np.mean(means):.2f} on average; nobody can beat 0.5 there. "
        "Which step has seen the held-out rows?",
    )
    known = np.mean([honest_scores(x, y) for x, y in _tables(3, 60, 8000, seeds=(4, 5))])
    wrong_if(
        known < 0.77,
        f"Where three of 8,000 columns do know the classes, you score {known:.2f}. "
        "Do you choose the ten best columns before you classify?",
    )
    return f"On noise {np.mean(means):.2f}, as it must be; and {known:.2f} where there is something to find."


def _honest_scores(x, y):
    from sklearn.feature_selection import SelectKBest
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline

    return cross_val_score(make_pipeline(SelectKBest(k=10), LogisticRegression()), x, y, cv=3)


q4 = Exercise(
    _check_q4,
    [
        (
            "SelectKBest looks at y, so it has to be fitted on the training rows of each fold. "
            "What makes several steps one estimator?"
        ),
        "Pipeline([(name, SelectKBest(k=10)), (name, LogisticRegression())]) goes into cross_val_score with cv=3.",
    ],
    _honest_scores,
)


# --- q5: the quickest candidate within one deviation of the best


def _results(means, deviations, seconds):
    keys = ("mean_test_score", "std_test_score", "mean_fit_time")
    results = dict(zip(keys, map(np.array, (means, deviations, seconds)), strict=True))
    return results | {"params": [{"units": 2**i} for i in range(len(means))]}


def _check_q5(good_enough):
    cases = [
        (([0.90, 0.94, 0.95, 0.93], [0.001, 0.01, 0.015, 0.05], [1.0, 3.0, 9.0, 2.0]), 1),
        (([0.80, 0.95, 0.90], [0.20, 0.01, 0.20], [1.0, 9.0, 2.0]), 1),
        (([0.80, 0.84, 0.83, 0.70], [0.01, 0.02, 0.01, 0.30], [9.0, 8.0, 5.0, 1.0]), 2),
    ]
    for case, right in cases:
        means, deviations, seconds = case
        answer = there(good_enough(_results(*case)))
        wrong_if(
            isinstance(answer, dict) or np.ndim(answer),
            f"Your function returns a {type(answer).__name__}; a search asks for one position, a whole number.",
        )
        shown = f"With means {means}, deviations {deviations} and seconds {seconds} you choose number {answer}"
        wrong_if(
            answer != right and (not isinstance(answer, int | np.integer) or not 0 <= answer < len(means)),
            f"{shown}, and there is no such position.",
        )
        quickest = f"{shown}, the quickest of all, but its mean is not within one deviation of the best."
        mistakes = [
            (int(np.argmax(means)), f"{shown}, the best. Another one is nearly as good, and quicker."),
            (int(np.argmin(seconds)), quickest),
        ]
        otherwise = f"{shown}. Take the winner's deviation off the best mean: who is above that, and who of them is quickest?"
        compare(answer, right, mistakes, otherwise)
    return "A little less accurate, as far as three folds can tell, and a good deal quicker."


def _good_enough(cv_results):
    means = np.array(cv_results["mean_test_score"])
    best = means.argmax()
    enough = means >= means[best] - cv_results["std_test_score"][best]
    return int(np.where(enough, cv_results["mean_fit_time"], np.inf).argmin())


q5 = Exercise(
    _check_q5,
    [
        'The limit is the best mean less the deviation of that same candidate; "mean_fit_time" says how quick each one is.',
        "np.where(means >= limit, seconds, np.inf).argmin() is the quickest among those above the limit.",
    ],
    _good_enough,
)
