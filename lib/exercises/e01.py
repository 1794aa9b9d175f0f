"""Exercises of notebook 01: when to stop, what nesting costs, folds that do not leak, and a choice that finds the best."""

import functools
import operator

import numpy as np

from lib.exercises import kinds
from lib.exercises.asking import brief
from lib.exercises.core import Exercise, Wrong, over_cases, wrong_if

# --- q1: a search that stops when nothing improves


def _check_q1(stop_at):
    rng = np.random.default_rng(1)
    cases = [([0.5], 1), ([0.5, 0.6], 1), ([0.6, 0.6, 0.7], 1), ([0.6, 0.5, 0.7], 3), ([0.6, 0.6, 0.6, 0.9], 2)]
    cases += [([-3.0, -2.0, -1.0], 1), ([-0.3, -0.2, -0.2, -0.1, -0.4], 2), ([0.0, 0.1, 0.0, 0.2, 0.1, 0.1, 0.3], 2)]
    cases += [([0.5, 0.9, 0.6, 0.7, 0.8, 0.95], 3), ([0.1, 0.5, 0.2, 0.6, 0.3, 0.4, 0.7], 2), ([0.1, 0.9, 0.2, 0.3], 2)]
    cases += [([0.9, 0.90002, 0.90004, 0.90003, 0.90001], 2), ([1e-8, 2e-8, 3e-8], 1), ([-3e12, -2e12, -1e12], 1)]
    cases += [([0.5, 0.502, 0.504, 0.503], 2)]
    for size in range(2, 15):
        cases += [(np.round(rng.normal(size=size), 1).tolist(), patience) for patience in (1, 2, 3, 4)]
    where_it_is = "That is where the best score is. A search does not know that yet when it has to stop."
    mistakes = [
        (_run(better=operator.ge), "A score that is only as good as the best has not improved it."),
        (_run(best=0), "Your best score begins at 0, and a score below 0 (a loss with a minus) is then no improvement."),
        (_run(best=-1), "Your best score begins at -1, and a score below that is then no improvement."),
        (_run(best=-1e9), "Your best score begins at a number, and a score below that is then no improvement."),
        (_run(better=lambda score, top: score > top + 1e-3), "You ask for an improvement of some size. Any will do."),
        (_run(back=False), "You count all trials without an improvement. They are to be in a row: set the count back."),
        (_run(later=1), "You wait for more trials without an improvement than `patience`; as many as that are enough."),
        (_run(less=1), "That is one too few. The trial that uses up the patience has been run too."),
        (_run(previous=True), "Compare each score with the best so far, not with the one before."),
        (lambda s, p: int(np.argmax(s)) + 1, where_it_is),
        (lambda s, p: int(np.argmax(s)), where_it_is),
        (lambda s, p: _stop_at(s, p) - 1, "That is its position, counted from 0. How many trials have been run by then?"),
        (lambda s, p: len(s), "You run all trials. When have `patience` of them in a row not improved the best?"),
    ]
    why = "It stops with the trial that is the last of `patience` in a row without a score above the best before, or at the end."
    over_cases(stop_at, cases, _stop_at, why, mistakes)
    return "The search's own early stopping. A patience that is too short stops in a run of bad luck."


def _run(best=float("-inf"), better=operator.gt, back=True, later=0, less=0, previous=False):
    """Return a rule for when to stop, with a mistake in it."""

    def rule(scores, patience):
        top, since = best, 0
        for number, score in enumerate(scores, start=1):
            since = (0 if back else since) if better(score, top) else since + 1
            top = score if previous else max(top, score)
            if since == patience + later:
                return number - less
        return len(scores)

    return rule


def _stop_at(scores, patience):
    best, since = float("-inf"), 0
    for number, score in enumerate(scores, start=1):
        if score > best:
            best, since = score, 0
        else:
            since += 1
        if since == patience:
            return number
    return len(scores)


q1 = Exercise(
    _check_q1,
    [
        "Keep two variables: the best score so far, and how many trials have passed since it was found.",
        "A score above the best sets the count back to 0, any other adds 1. The search stops when the count reaches `patience`.",
        """A skeleton:
    best, since = float("-inf"), 0
    for number, score in enumerate(scores, start=1):
        if score > best: ...
        else: ...
        if since == patience: return ...
    return ...""",
    ],
    _stop_at,
    due=kinds.whole.called("how many trials are run, a whole number,"),
)


# --- q2: what nesting costs


def _check_q2(trainings):
    cases = [(1, 2, 2), (2, 2, 3), (3, 4, 2), (6, 5, 4), (3, 10, 2), (20, 5, 5)]
    cases += [tuple(np.random.default_rng(seed).integers(2, 12, 3).tolist()) for seed in range(20)]
    mistakes = [
        (
            lambda c, o, i: o * (c * i + 1),
            "These trainings give you the estimate, and no model yet. The last search and its winner are missing.",
        ),
        (
            lambda c, o, i: o * c * i,
            "That counts the inner trainings only. In each outer fold the winner is trained once more, and so it is at the end.",
        ),
        (lambda c, o, i: (o + 1) * c * i, "That leaves out the winners. Each search ends by training one."),
        (
            lambda c, o, i: o * (c * i + 1) + 1,
            "That trains one model at the end, but which? Its values have to be searched first.",
        ),
        (lambda c, o, i: o * (c * i + 1) + c * i, "The last search ends by training its winner too."),
        (lambda c, o, i: c * i + 1, "That is one search. How many of them are there?"),
        (lambda c, o, i: c * (o + i), "You add the folds. The inner folds are gone through in every outer fold."),
        (lambda c, o, i: _trainings(c, i, o), "You have the outer and the inner folds the wrong way round."),
    ]
    why = "Count one search first: candidates, inner folds, and its winner. There is one in each outer fold, and one more."
    over_cases(trainings, cases, _trainings, why, mistakes)
    return "That is why nested cross-validation is for few data and small models."


def _trainings(candidates, outer, inner):
    search = candidates * inner + 1
    return outer * search + search


q2 = Exercise(
    _check_q2,
    [
        "One search trains each candidate once in each inner fold, and then its winner on everything it was given.",
        "There is one such search in each outer fold, and one more on all the data, for the model that you keep.",
        "search = ...; return outer * ... + ...",
    ],
    _trainings,
    due=kinds.whole,
)


# --- q3: scaling that does not leak


def _check_q3(scaled):
    rng = np.random.default_rng(3)
    cases = [(np.array([[1.0], [1], [3], [3]]), np.array([[4.0], [6]])), (np.array([[1.0, 7], [3, 7]]), np.array([[4.0, 7]]))]
    for rows, columns in ((4, 2), (5, 5), (40, 3)):
        middle, spread = rng.normal(size=columns) * 50, rng.uniform(0.1, 20, columns)
        fit, held = rng.normal(middle, spread, (rows, columns)), rng.normal(middle + spread, 2 * spread, (rows // 2, columns))
        cases += [(fit, held)]
        fit, held = fit.copy(), held.copy()
        fit[:, 1] = held[:, 1] = -2.5
        cases += [(fit, held), (fit * 2.0**-17, held * 2.0**-17)]
    why = "Of each column, x_fit's mean is taken off in both parts, and both are divided by x_fit's standard deviation."
    over_cases(scaled, cases, _scaled, why, _mistakes_q3(), _scaled_alike)
    fit, held = cases[-1]
    held = held + 1
    wrong_if(
        not all(np.isfinite(part).all() for part in scaled(fit, held)),
        "A column of x_fit that never changes, but has another value in x_held, becomes infinite there. Divide by 1.",
    )
    return "Whatever is learned from data, a mean too, is learned inside the fold."


def _mistakes_q3():
    def both(fit, held):
        together = np.concatenate([fit, held])
        return tuple((x - together.mean(axis=0)) / _deviation(together) for x in (fit, held))

    words = "Your mean and deviation come from both parts together: the held-out part has leaked into the training."
    return [
        (both, words),
        (
            lambda fit, held: tuple((x - x.mean(axis=0)) / _deviation(x) for x in (fit, held)),
            "You scale the held-out part by its own mean. Then a sample's value depends on its company: use x_fit's.",
        ),
        (
            lambda fit, held: tuple((x - fit.mean(axis=0)) / fit.std(axis=0) for x in (fit, held)),
            "A column that never changes has the deviation 0. Divide by 1 there.",
        ),
        (
            lambda fit, held: tuple((x - fit.mean()) / fit.std() for x in (fit, held)),
            "You take one mean over all columns. Each column has its own unit: mean and deviation along axis 0.",
        ),
        (lambda fit, held: (_scaled(fit, held)[0], held), "x_held is not scaled as x_fit is, but left as it was."),
        (lambda fit, held: _scaled(fit, held)[::-1], "You return x_held first; x_fit is due first."),
        (
            lambda fit, held: tuple(x - fit.mean(axis=0) for x in (fit, held)),
            "The means are off, and the deviations are not 1 yet: divide by them.",
        ),
        (
            lambda fit, held: tuple(x / _deviation(fit) for x in (fit, held)),
            "You divide by the deviation, and the mean is not 0 yet: take it off first.",
        ),
        (
            lambda fit, held: tuple((x - fit.mean(axis=0)) / _deviation(fit) ** 2 for x in (fit, held)),
            "You divide by the variance. The deviation is its root.",
        ),
    ]


def _deviation(x):
    return np.where(np.ptp(x, axis=0) > 0, x.std(axis=0), 1)


def _scaled_alike(given, right):
    """Say whether both parts are scaled as they should be, by n or by n - 1, to the digits of a float32."""
    rows = len(right[0])
    for factor in (1, ((rows - 1) / rows) ** 0.5):
        pairs = [(a, b * factor) for a, b in zip(given, right, strict=True)]
        if all(a.shape == b.shape and np.allclose(a, b, rtol=1e-3, atol=1e-3, equal_nan=True) for a, b in pairs):
            return True
    return False


def _scaled(x_fit, x_held):
    mean, deviation = x_fit.mean(axis=0), x_fit.std(axis=0)
    deviation = np.where(x_fit.min(axis=0) < x_fit.max(axis=0), deviation, 1)
    return (x_fit - mean) / deviation, (x_held - mean) / deviation


q3 = Exercise(
    _check_q3,
    [
        "x_fit.mean(axis=0) is the mean of each column. The held-out part must not take part in it.",
        "Compute mean and deviation of x_fit, put 1 where a column never changes (np.where), and use both for both arrays.",
        "mean, deviation = ...; deviation = np.where(..., deviation, 1); return (x_fit - ...) / ..., ...",
    ],
    _scaled,
    due=kinds.parts(kinds.array(2), kinds.array(2), words="a pair of arrays (the scaled x_fit, the scaled x_held)"),
)


# --- q4: folds that keep groups together


def _check_q4(group_folds):
    _list_out(group_folds)
    rng = np.random.default_rng(4)
    cases = [([1, 2], 2), ([7, 7, 4], 2), ([3, 3, 1, 1, 4, 4, 9, 9, 5, 5, 8, 8], 3)]
    cases += [(rng.permutation([5, 5, 5, 5, 5, 9, 2, -1]), 4), ([1, 2, 3, 4], 3), ([8, 6, 6, 4, 3, 0], 4)]
    cases += [(rng.permutation(np.arange(60) % 11), 4), (rng.integers(0, 40, 200), 10), (np.sort(rng.integers(0, 9, 50)), 2)]
    for groups, k in cases:
        groups = np.array(groups)
        folds = group_folds(groups, k)
        where = f"For {group_folds.shown(groups, k)}"
        wrong_if(len(folds) != k, f"{where}: {k} folds are due, and you return {len(folds)}.")
        for number, (fit, held) in enumerate(folds):
            wrong_if(not len(held), f"{where}: nothing is held out in fold {number}, counted from 0.")
            _check_fold(groups, where, number, fit, held)
        fitted = np.bincount(np.concatenate([fit for fit, _ in folds]), minlength=len(groups))
        wrong_if(k > 2 and (fitted == 1).all(), f"{where}: each row is fitted once. You return what is held out first.")
        times = np.bincount(np.concatenate([held for _, held in folds]), minlength=len(groups))
        wrong_if(times.min() < 1, f"{where}: row {times.argmin()} is never held out. Every row is, once.")
        wrong_if(times.max() > 1, f"{where}: row {times.argmax()} is held out {times.max()} times. Every row is, once.")
    return "No patient, writer or camera is on both sides. scikit-learn has it as GroupKFold."


def _list_out(asked):
    """Let an answer `yield` its folds: a list of the first of them is as good."""
    answer = asked.raw

    @functools.wraps(answer)
    def listed(groups, k):
        folds = answer(groups, k)
        return [fold for fold, _ in zip(folds, range(k + 1), strict=False)] if hasattr(folds, "__next__") else folds

    asked.raw = listed


def _check_fold(groups, where, number, fit, held):
    for name, rows in (("fitted", fit), ("held out", held)):
        strange = [row for row in rows.tolist() if not 0 <= row < len(groups)]
        wrong_if(strange, f"{where}: row {strange[:1]} is {name} in fold {number}, and the rows are 0 to {len(groups) - 1}.")
        wrong_if(len(set(rows.tolist())) < len(rows), f"{where}: in fold {number} a row is {name} twice.")
    mixed = sorted({*fit.tolist()} & {*held.tolist()})
    wrong_if(mixed, f"{where}: in fold {number} some rows are on both sides, row {mixed[:1]} for one: fitted and measured.")
    both = np.intersect1d(groups[fit], groups[held])
    if len(both):
        raise Wrong(f"{where}: in fold {number} group {both[0]} is on both sides. Deal the groups into folds, not the rows.")
    wrong_if(
        len(fit) + len(held) != len(groups),
        f"{where}: fold {number} has {len(fit)} + {len(held)} rows of {len(groups)}. What is not held out is fitted on.",
    )


def _group_folds(groups, k):
    names = np.unique(groups)
    held = [np.flatnonzero(np.isin(groups, names[fold::k])) for fold in range(k)]
    return [(np.setdiff1d(np.arange(len(groups)), rows), rows) for rows in held]


_ROWS = kinds.array(1, "whole numbers")

q4 = Exercise(
    _check_q4,
    [
        "np.unique(groups) lists the groups. Cut that list into k parts, as k_folds cuts row numbers.",
        "np.flatnonzero(np.isin(groups, part)) are the rows of the groups in `part`; all other rows are fitted on.",
        """A skeleton:
    names = np.unique(groups)
    held = [np.flatnonzero(np.isin(groups, ...)) for fold in range(k)]
    return [(..., rows) for rows in held]""",
    ],
    _group_folds,
    due=kinds.items(kinds.parts(_ROWS, _ROWS, words="a pair of arrays of row numbers (to fit on, held out)")),
)


# --- q5: the smallest model that is as good as the best


def _check_q5(smallest_good):
    cases = [
        ([[0.5, 0.7]], [9]),
        ([[0.60, 0.61], [0.70, 0.70], [0.65, 0.66]], [4, 512, 64]),
        ([[0.95, 0.75, 0.85], [0.94, 0.74, 0.84]], [64, 8]),
        ([[0.90, 0.80, 0.85], [0.80, 0.88, 0.84]], [64, 8]),
        ([[0.80, 0.82, 0.84, 0.78], [0.83, 0.87, 0.83, 0.87], [0.84, 0.88, 0.84, 0.88]], [16, 64, 256]),
        ([[0.6, 1.0, 0.6, 1.0], [0.89, 0.90, 0.91, 0.90]], [8, 32]),
    ]
    cases = [(np.array(scores), np.array(sizes)) for scores, sizes in cases] + _tables_q5()
    own = "You take the spread of the best candidate's own scores. What is due is that of the differences, fold by fold."
    mistakes = [
        (_behind_by(_plain), "You divide by the number of folds alone. They overlap: add 1 / (k - 1) to 1 / k."),
        (_behind_by(lambda behind, best: behind.std(axis=1, ddof=1)), "You allow a whole standard deviation of the differences."),
        (_behind_by(lambda behind, best: best.std(ddof=1) / np.sqrt(best.size)), own),
        (_behind_by(lambda behind, best: best.std() / np.sqrt(best.size)), own),
        (_behind_by(lambda behind, best: best.std(ddof=1)), own),
        (_behind_by(lambda behind, best: _corrected(best[None])), own),
        (_behind_by(lambda behind, best: _corrected(behind, ddof=0)), "Divide the variance by the folds less one: ddof=1."),
        (_behind_by(lambda behind, best: 2 * _corrected(behind)), "You allow two standard errors; one is due."),
        (_behind_by(lambda behind, best: 0), "You return the best. A smaller one is within its standard error."),
        (lambda scores, sizes: int(sizes.argmin()), "You return the smallest of all, which may be clearly worse than the best."),
        (lambda scores, sizes: int(sizes[_smallest_good(scores, sizes)]), "You return a size. The candidate's position is due."),
        (lambda scores, sizes: _smallest_good(scores, sizes) + 1, "You count from 1. Python counts positions from 0."),
        (lambda scores, sizes: _smallest_good(scores, -sizes), "You return the largest of the good ones."),
    ]
    why = "Take the differences to the best, fold by fold. Who is the smallest whose mean is within their standard error?"
    over_cases(smallest_good, cases, _smallest_good, why, mistakes)
    return "A difference inside the noise is no reason to pay for a larger model."


def _tables_q5():
    """Return tables in which some folds are hard for all, and it is clear who is good enough."""
    rng, cases = np.random.default_rng(5), []
    while len(cases) < 80:
        candidates, folds = rng.integers(2, 5 + len(cases) // 10), rng.integers(2, 10)
        hard = rng.normal(size=folds) * rng.choice([0, 0.2])
        noise = rng.normal(size=(candidates, folds)) * rng.choice([0.1, 0.4])
        scores = np.round(rng.normal(rng.normal(scale=2), 0.2, (candidates, 1)) + hard + noise, 2)
        means = scores.mean(axis=1)
        behind = scores[means.argmax()] - scores
        apart = np.abs(behind.mean(axis=1) - _corrected(behind))[means < means.max()]
        if apart.min() < 0.005 or np.diff(np.sort(means)).min() < 1e-3:
            continue
        sizes = rng.choice(2 ** np.arange(12), candidates, replace=False)
        easy = _smallest_good(scores, sizes) in (means.argmax(), sizes.argmin())
        if not easy or len(cases) < 20:
            cases.append((scores, sizes))
    return cases


def _corrected(behind, ddof=1):
    """Return the standard error of a mean difference over overlapping folds, of each row."""
    k = behind.shape[1]
    return np.sqrt((1 / k + 1 / (k - 1)) * behind.var(axis=1, ddof=ddof))


def _plain(behind, best):
    return behind.std(axis=1, ddof=1) / np.sqrt(behind.shape[1])


def _behind_by(allowed):
    """Return a rule: the smallest candidate that is behind the best by no more than `allowed` of the differences."""

    def rule(scores, sizes):
        best = scores[scores.mean(axis=1).argmax()]
        behind = best - scores
        good = np.flatnonzero(behind.mean(axis=1) <= allowed(behind, best))
        return int(good[sizes[good].argmin()])

    return rule


def _smallest_good(scores, sizes):
    k = scores.shape[1]
    behind = scores[scores.mean(axis=1).argmax()] - scores
    error = np.sqrt((1 / k + 1 / (k - 1)) * behind.var(axis=1, ddof=1))
    good = np.flatnonzero(behind.mean(axis=1) <= error)
    return good[sizes[good].argmin()]


q5 = Exercise(
    _check_q5,
    [
        "`behind = scores[best] - scores` has a row for each candidate: by how much it is behind the best, fold by fold.",
        "The standard error of a row is the root of (1 / k + 1 / (k - 1)) times its variance, `row.var(ddof=1)`.",
        "behind = ...; error = ...; good = np.flatnonzero(behind.mean(axis=1) <= error); return good[sizes[...].argmin()]",
    ],
    _smallest_good,
    due=kinds.whole.called("the position of one candidate, a whole number,"),
)


# --- q6: a choice that finds the best point


def _check_q6(choose):
    found = 0
    for seed in range(20):
        rng = np.random.default_rng([6, seed])
        shape = tuple(rng.permutation([6, 7, 8, 9]).tolist()) if seed % 2 else (8, 8, 8, 8)
        best = tuple(rng.integers(shape).tolist())
        found += _finds(choose, best, shape, _hill(best, shape, rng.uniform(0.3, 1, 4)), rng)
    wrong_if(
        found < 18,
        f"Your choice finds the best point of {found} of the 20 made-up spaces within 40 trials; 18 are due. "
        "How many of the points beside the best so far differ from it in one position, and how many in several?",
    )
    return f"The best point in {found} of 20 spaces. The lesson's climber finds it in about one of four."


def _hill(best, shape, weights):
    """Return a score that is 1 at the best point, and falls on all sides, steeper along some positions than along others."""
    steps = weights / weights.sum() / (np.array(shape) - 1)
    return lambda point: 1 - float((steps * np.abs(np.array(point) - best)).sum())


def _finds(choose, best, shape, measure, rng):
    """Say whether a search of 40 trials finds the best point; a point that comes again is no trial."""
    scores = {}
    for _ in range(2000):
        point = tuple(choose(scores, shape, rng))
        wrong_if(len(point) != len(shape), f"A point has {len(shape)} positions, as `shape` has; yours is {brief(point)}.")
        inside = all(0 <= at < n for at, n in zip(point, shape, strict=True))
        wrong_if(not inside, f"Your point {brief(point)} is outside the shape {shape}: positions count from 0.")
        scores.setdefault(point, measure(point))
        if point == best or len(scores) == 40:
            return point == best
    raise Wrong(f"After {len(scores)} trials your choice returns points again and again that are in `scores` already.")


def _choose(scores, shape, rng):
    best = max(scores, key=scores.get, default=tuple(n // 2 for n in shape))
    near = [(*best[:a], at, *best[a + 1 :]) for a, n in enumerate(shape) for at in range(n) if abs(at - best[a]) < 2]
    return near[rng.integers(len(near))]


q6 = Exercise(
    _check_q6,
    [
        "The lesson's climber changes all positions at once. Next to the best, few of such steps lead uphill.",
        "Change one position of the best point so far, up or down by one, and stay inside the shape. What do random draws add?",
        """A skeleton:
    if not scores: return ...  # anywhere
    best = max(scores, key=scores.get)
    near = [(*best[:a], at, *best[a + 1 :]) for a, n in enumerate(shape) for at in range(n) if ...]
    return near[...]""",
    ],
    _choose,
    due=kinds.items(kinds.whole).called("a point, a tuple of whole numbers,"),
)
