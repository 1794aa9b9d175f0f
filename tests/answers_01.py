"""Answers to the exercises of notebook 01: right ones that are not the reference, and likely mistakes."""

import itertools

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from lib.exercises import e01

# --- q1


def with_indices(scores, patience):
    for number in range(patience + 1, len(scores) + 1):
        if np.argmax(scores[:number]) <= number - 1 - patience:
            return number
    return len(scores)


def with_a_while(scores, patience, verbose=False):
    number = since = 0
    best = None
    while number < len(scores) and since < patience:
        if best is None or scores[number] > best:
            best, since = scores[number], 0
        else:
            since += 1
        number += 1
    return np.int64(number)


def with_accumulate(scores, patience):
    best = list(itertools.accumulate(scores, max))
    better = [True] + [best[i] > best[i - 1] for i in range(1, len(best))]
    for end in range(patience, len(scores) + 1):
        if not any(better[end - patience : end]):
            return end
    return len(scores)


def with_pandas(scores, patience):
    better = pd.Series(scores).cummax().diff().ne(0)
    since = better.groupby(better.cumsum()).cumcount()
    stops = since[since == patience]
    return len(scores) if stops.empty else stops.index[0] + 1


def empties_its_argument(scores, patience):
    best, since, number = -np.inf, 0, 0
    while scores and since < patience:
        score = scores.pop(0)
        best, since, number = max(best, score), 0 if score > best else since + 1, number + 1
    return number


def one_too_few(scores, patience):
    last = 0
    for number, score in enumerate(scores):
        if score > max(scores[:number], default=float("-inf")):
            last = number
        if number - last == patience:
            return number
    return len(scores)


def begins_at(least, better=lambda score, best: score > best, enough=lambda since, patience: since == patience, back=True):
    def stop_at(scores, patience):
        best, since = least, 0
        for number, score in enumerate(scores, start=1):
            if better(score, best):
                best, since = score, 0 if back else since
            else:
                since += 1
            if enough(since, patience):
                return number
        return len(scores)

    return stop_at


def never_reached(scores, patience):
    stopped = e01.q1.reference(scores, patience)
    return stopped if stopped < len(scores) else None


def only_the_examples(scores, patience):
    return len(scores) if patience >= len(scores) else patience + 1


LOW = float("-inf")
RIGHT_1 = [with_indices, with_a_while, with_accumulate, with_pandas, empties_its_argument]
MISTAKES_1 = [
    (e01._run(previous=True), "with the best so far, not with the one before"),
    (one_too_few, "one too few"),
    (begins_at(LOW, better=lambda score, best: score >= best), "only as good as the best"),
    (begins_at(0), "begins at 0"),
    (begins_at(-1), "begins at -1"),
    (begins_at(LOW, back=False), "set the count back"),
    (begins_at(LOW, enough=lambda since, patience: since > patience), "You wait for more trials"),
    (lambda scores, patience: int(np.argmax(scores)) + 1, "where the best score is"),
    (lambda scores, patience: len(scores), "You run all trials"),
    (lambda scores, patience: e01.q1.reference(scores, patience) - 1, "its position, counted from 0"),
    (lambda scores, patience: e01.q1.reference(scores, 2), r"stop_at\(.*the last of `patience`"),
    (only_the_examples, "the last of `patience`"),
    (never_reached, "nothing .None. where how many trials are run"),
    (lambda scores, patience: [e01.q1.reference(scores, patience)], "a list of length 1 where"),
    (lambda scores: len(scores), r"your answer takes \(scores\)"),
    (begins_at(-1000), "begins at a number"),
    (begins_at(LOW, better=lambda score, best: score > best + 1e-3), "of some size. Any will do"),
    (begins_at(LOW, better=lambda score, best: score > best + 1e-6), "the last of `patience`"),
    (lambda scores, patience: e01.q1.reference(np.round(scores, 2), patience), "the last of `patience`"),
]

# --- q2


def one_by_one(candidates, outer, inner):
    total = 0
    for _ in range(outer + 1):
        for _ in range(candidates):
            total += inner
        total += 1
    return total


RIGHT_2 = [
    one_by_one,
    lambda candidates, outer, inner: (outer + 1) * (candidates * inner + 1),
    lambda c, o, i: np.int32(c * i + c * i * o + o + 1),
    lambda *folds: (folds[1] + 1) * (folds[0] * folds[2] + 1),
    lambda candidates, outer, inner: sum(candidates * inner + 1 for _ in range(outer)) + candidates * inner + 1.0,
]
MISTAKES_2 = [
    (lambda c, o, i: o * c * i, "inner trainings only"),
    (lambda c, o, i: o * (c * i + 1), "no model yet"),
    (lambda c, o, i: (o + 1) * c * i, "leaves out the winners"),
    (lambda c, o, i: o * (c * i + 1) + 1, "but which"),
    (lambda c, o, i: o * (c * i + 1) + c * i, "The last search ends"),
    (lambda c, o, i: c * i + 1, "That is one search"),
    (lambda c, o, i: (i + 1) * (c * o + 1), "the wrong way round"),
    (lambda c, o, i: c * (o + i), "You add the folds"),
    (lambda c, o, i: 6 * (c * 4 + 1), "Count one search first"),
    (lambda c, o, i: print(c * o * i), "`print` shows a value"),
    (lambda c, o, i: str((o + 1) * (c * i + 1)), "the text '.*' where a whole number"),
]

# --- q3


def by_scikit_learn(x_fit, x_held):
    scaler = StandardScaler().fit(x_fit)
    return [scaler.transform(x_fit), scaler.transform(x_held)]


def with_n_minus_1(x_fit, x_held):
    deviation = x_fit.std(axis=0, ddof=1)
    deviation[deviation == 0] = 1
    return (x_fit - x_fit.mean(axis=0)) / deviation, (x_held - x_fit.mean(axis=0)) / deviation


def in_pandas(x_fit, x_held):
    fit, held = pd.DataFrame(x_fit), pd.DataFrame(x_held)
    deviation = fit.std(ddof=0).replace(0, 1)
    return (fit - fit.mean()) / deviation, (held - fit.mean()) / deviation


def column_by_column(x_fit, x_held):
    for column in range(x_fit.shape[1]):
        mean, deviation = np.mean(x_fit[:, column]), np.std(x_fit[:, column]) or 1
        x_fit[:, column] = (x_fit[:, column] - mean) / deviation
        x_held[:, column] = (x_held[:, column] - mean) / deviation
    return x_fit, x_held


def in_float32(x_fit, x_held):
    x_fit, x_held = x_fit.astype("float32"), x_held.astype("float32")
    mean, deviation = x_fit.mean(0), x_fit.std(0)
    deviation = np.where(deviation == 0, 1, deviation)
    return (x_fit - mean) / deviation, (x_held - mean) / deviation


def with_epsilon(x_fit, x_held):
    mean, deviation = x_fit.mean(0), x_fit.std(0) + 1e-8
    return (x_fit - mean) / deviation, (x_held - mean) / deviation


def together(x_fit, x_held):
    both = np.concatenate([x_fit, x_held])
    return tuple(StandardScaler().fit(both).transform(x) for x in (x_fit, x_held))


def each_its_own(x_fit, x_held):
    return tuple(StandardScaler().fit_transform(x) for x in (x_fit, x_held))


def constant_breaks(x_fit, x_held):
    with np.errstate(all="ignore"):
        return tuple((x - x_fit.mean(axis=0)) / x_fit.std(axis=0) for x in (x_fit, x_held))


def nan_to_zero(x_fit, x_held):
    with np.errstate(all="ignore"):
        fit, held = constant_breaks(x_fit, x_held)
    return np.where(np.isnan(fit), 0, fit), np.where(np.isnan(held), 0, held)


def by_rows(x_fit, x_held):
    return tuple((x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True).clip(1e-9) for x in (x_fit, x_held))


def by_range(x_fit, x_held):
    least, width = x_fit.min(axis=0), np.ptp(x_fit, axis=0)
    return tuple((x - least) / np.where(width > 0, width, 1) for x in (x_fit, x_held))


def divided_by(deviation):
    return lambda fit, held: tuple((x - fit.mean(axis=0)) / deviation(fit.std(axis=0)) for x in (fit, held))


RIGHT_3 = [by_scikit_learn, with_n_minus_1, in_pandas, column_by_column, in_float32, with_epsilon]
MISTAKES_3 = [
    (together, "has leaked"),
    (each_its_own, "by its own mean"),
    (constant_breaks, "A column that never changes has the deviation 0"),
    (nan_to_zero, "becomes infinite there"),
    (lambda x_fit, x_held: tuple((x - x_fit.mean()) / x_fit.std() for x in (x_fit, x_held)), "one mean over all"),
    (lambda x_fit, x_held: (by_scikit_learn(x_fit, x_held)[0], x_held), "x_held is not scaled as x_fit is"),
    (lambda x_fit, x_held: tuple(x - x_fit.mean(axis=0) for x in (x_fit, x_held)), "divide by them"),
    (lambda x_fit, x_held: tuple(x / x_fit.std(axis=0).clip(1e-9) for x in (x_fit, x_held)), "x_fit's mean is taken off"),
    (lambda x_fit, x_held: by_scikit_learn(x_fit, x_held)[0], "where a pair of arrays"),
    (lambda x_fit, x_held: by_scikit_learn(x_held, x_fit), "x_fit's mean is taken off"),
    (lambda x_fit, x_held: by_scikit_learn(x_fit, x_held)[::-1], "You return x_held first"),
    (lambda x_fit, x_held: by_scikit_learn(x_fit, x_fit[: len(x_held)]), "x_fit's mean is taken off"),
    (by_rows, "x_fit's mean is taken off"),
    (by_range, "x_fit's mean is taken off"),
    (divided_by(lambda deviation: deviation + 1e-3), "divided by x_fit's standard deviation"),
    (divided_by(lambda deviation: np.where(deviation < 0.05, 1, deviation)), "divided by x_fit's standard deviation"),
]

# --- q4


def by_group_k_fold(groups, k):
    return list(GroupKFold(k).split(np.zeros(len(groups)), groups=groups))


def yields(groups, k):
    names = list(dict.fromkeys(groups.tolist()))
    for part in np.array_split(names, k):
        held = [row for row, name in enumerate(groups) if name in part]
        yield [row for row in range(len(groups)) if row not in held], held


def by_a_dict(groups, k):
    fold_of = {name: number % k for number, name in enumerate(sorted(set(groups.tolist())))}
    fold = np.array([fold_of[name] for name in groups])
    return [(np.where(fold != n)[0], np.where(fold == n)[0]) for n in range(k)]


def by_pandas(groups, k):
    codes = pd.Series(pd.factorize(groups)[0]) % k
    return tuple([codes.index[codes != n], codes.index[codes == n]] for n in range(k))


def shuffled(groups, k):
    names = np.random.default_rng(1).permutation(np.unique(groups))
    return pairs([np.flatnonzero(np.isin(groups, part)) for part in np.array_split(names, k)], len(groups))


def pairs(held, n):
    return [(np.setdiff1d(np.arange(n), rows), rows) for rows in held]


def rows_dealt(groups, k):
    return pairs(np.array_split(np.arange(len(groups)), k), len(groups))


def forgets_the_last(groups, k):
    names, each = np.unique(groups), len(np.unique(groups)) // k
    held = [np.flatnonzero(np.isin(groups, names[f * each : (f + 1) * each])) for f in range(k)]
    return pairs(held, len(groups))


def one_per_group(groups, k):
    return pairs([np.flatnonzero(groups == name) for name in np.unique(groups)], len(groups))


def fits_on_all(groups, k):
    return [(np.arange(len(groups)), held) for _, held in e01.q4.reference(groups, k)]


def same_fold_again(groups, k):
    return e01.q4.reference(groups, k)[:1] * k


def overlapping(groups, k):
    first = e01.q4.reference(groups, k)[0][1]
    held = [np.union1d(rows, first) for _, rows in e01.q4.reference(groups, k)]
    return pairs(held, len(groups))


def masks(groups, k):
    return [(np.isin(np.arange(len(groups)), fit), np.isin(np.arange(len(groups)), held)) for fit, held in by_a_dict(groups, k)]


def names_for_rows(groups, k):
    return [(np.setdiff1d(groups, part), part) for part in np.array_split(np.unique(groups), k)]


def by_number(groups, k):
    return [(np.flatnonzero(groups % k != n), np.flatnonzero(groups % k == n)) for n in range(k)]


def rounds_up(groups, k):
    names = np.unique(groups)
    size = -(-len(names) // k)
    held = [np.isin(groups, names[size * fold : size * (fold + 1)]) for fold in range(k)]
    return [(np.flatnonzero(~rows), np.flatnonzero(rows)) for rows in held]


RIGHT_4 = [by_group_k_fold, yields, by_a_dict, by_pandas, shuffled, lambda groups, k: GroupKFold(k).split(groups, groups=groups)]
MISTAKES_4 = [
    (rows_dealt, "is on both sides. Deal the groups"),
    (forgets_the_last, "is never held out"),
    (one_per_group, "3 folds are due, and you return 6"),
    (fits_on_all, "some rows are on both sides"),
    (same_fold_again, "is never held out|is held out 2 times"),
    (overlapping, "is held out 2 times"),
    (masks, "of dtype bool, where an array of whole numbers"),
    (names_for_rows, "and the rows are 0 to"),
    (by_number, "nothing is held out in fold"),
    (lambda groups, k: [held for _, held in e01.q4.reference(groups, k)], "where a pair of arrays of row numbers"),
    (lambda groups, k: [(fit[1:], held) for fit, held in e01.q4.reference(groups, k)], "What is not held out"),
    (lambda groups, k: [(held, fit) for fit, held in by_group_k_fold(groups, k)], "You return what is held out first"),
    (lambda groups, k: [(np.arange(len(groups)), [])] * k, "nothing is held out"),
    (rounds_up, "nothing is held out in fold"),
]

# --- q5


def by_sorting(scores, sizes):
    best = max(range(len(sizes)), key=lambda c: np.mean(scores[c]))
    k = len(scores[best])
    for place in np.argsort(sizes):
        behind = scores[best] - scores[place]
        if np.mean(behind) <= ((1 / k + 1 / (k - 1)) * np.var(behind, ddof=1)) ** 0.5:
            return place


def by_scipy(scores, sizes):
    from scipy.stats import sem

    k = scores.shape[1]
    behind = scores[np.mean(scores, axis=1).argmax()] - scores
    good = behind.mean(axis=1) <= sem(behind, axis=1) * np.sqrt(1 + k / (k - 1))
    return np.where(good, sizes, np.inf).argmin()


def by_a_frame(scores, sizes):
    scores = pd.DataFrame(scores)
    behind = -scores.sub(scores.loc[scores.mean(axis=1).idxmax()])
    k = scores.shape[1]
    near = behind[behind.mean(axis=1) <= behind.std(axis=1) * (1 / k + 1 / (k - 1)) ** 0.5].index
    return pd.Series(sizes)[near].idxmin()


def by_a_loop(scores, sizes):
    rows = scores.tolist()
    means = [sum(row) / len(row) for row in rows]
    found = best = means.index(max(means))
    for place, row in enumerate(rows):
        apart = [b - a for b, a in zip(rows[best], row, strict=True)]
        mean, k = sum(apart) / len(apart), len(apart)
        variance = sum((d - mean) ** 2 for d in apart) / (k - 1)
        if mean <= ((2 * k - 1) / (k * (k - 1)) * variance) ** 0.5 and sizes[place] < sizes[found]:
            found = place
    return found


def from_the_smallest(scores, sizes):
    top, k = scores[scores.mean(axis=1).argmax()], scores.shape[1]
    for place in sizes.argsort():
        if (top - scores[place]).mean() <= np.sqrt(1 / k + 1 / (k - 1)) * (top - scores[place]).std(ddof=1):
            return int(place)


def behind_by(error, position=lambda good, sizes: good[sizes[good].argmin()]):
    def smallest_good(scores, sizes):
        best = scores[scores.mean(axis=1).argmax()]
        return position(np.flatnonzero((best - scores).mean(axis=1) <= error(best - scores, best)), sizes)

    return smallest_good


def corrected(behind, best):
    k = best.size
    return np.sqrt((1 / k + 1 / (k - 1)) * behind.var(axis=1, ddof=1))


RIGHT_5 = [by_sorting, by_scipy, by_a_frame, by_a_loop, from_the_smallest]
MISTAKES_5 = [
    (lambda scores, sizes: scores.mean(axis=1).argmax(), "You return the best"),
    (lambda scores, sizes: sizes.argmin(), "clearly worse"),
    (behind_by(lambda behind, best: behind.std(axis=1, ddof=1) / best.size**0.5), "They overlap"),
    (behind_by(lambda behind, best: behind.std(axis=1, ddof=1)), "a whole standard deviation"),
    (behind_by(lambda behind, best: best.std(ddof=1) / best.size**0.5), "the best candidate's own scores"),
    (behind_by(lambda behind, best: best.std(ddof=1)), "the best candidate's own scores"),
    (behind_by(lambda behind, best: behind.std(axis=1) * (1 / best.size + 1 / (best.size - 1)) ** 0.5), "ddof=1"),
    (behind_by(lambda behind, best: 2 * corrected(behind, best)), "two standard errors"),
    (behind_by(lambda behind, best: 0.01), "fold by fold"),
    (behind_by(lambda behind, best: corrected(behind, best).mean()), "fold by fold"),
    (behind_by(corrected, lambda good, sizes: good[sizes[good].argmax()]), "the largest of the good ones"),
    (behind_by(corrected, lambda good, sizes: sizes[good].argmin()), "fold by fold"),
    (behind_by(corrected, lambda good, sizes: good[0]), "fold by fold"),
    (lambda scores, sizes: sizes[e01.q5.reference(scores, sizes)], "You return a size"),
    (lambda scores, sizes: e01.q5.reference(scores, sizes) + 1, "You count from 1"),
    (lambda scores, sizes: np.flatnonzero(scores.mean(axis=1) > 0.8), "where the position of one candidate"),
    (lambda scores, sizes: -1, "fold by fold"),
]

# --- q6


def untried_neighbour(scores, shape, rng):
    if not scores:
        return tuple(rng.integers(shape).tolist())
    best = max(scores, key=scores.get)
    near = [(*best[:a], best[a] + step, *best[a + 1 :]) for a in range(len(shape)) for step in (-1, 1)]
    near = [p for p in near if p not in scores and all(0 <= at < n for at, n in zip(p, shape, strict=True))]
    return near[rng.integers(len(near))] if near else tuple(rng.integers(shape).tolist())


def after_three_dice(scores, shape, rng):
    if len(scores) < 3:
        return rng.integers(shape)
    best = np.array(max(scores, key=scores.get))
    place = rng.integers(len(shape))
    best[place] = np.clip(best[place] + rng.choice([-1, 1]), 0, shape[place] - 1)
    return best


def one_position_after_another(scores, shape, rng):
    """Walk along each position in turn: all values of it, with the others as in the first point, then the best of all."""
    middle = tuple(n // 2 for n in shape)
    lines = [[(*middle[:a], at, *middle[a + 1 :]) for at in range(n)] for a, n in enumerate(shape)]
    left = [p for p in [middle, *itertools.chain(*lines)] if p not in scores]
    if left:
        return left[0]
    best = tuple(max(line, key=scores.get)[a] for a, line in enumerate(lines))
    return best if best not in scores else tuple(rng.integers(shape))


def goes_on(scores, shape, rng):
    """Repeat the step that led to the best, as long as it leads uphill."""
    points = list(scores)
    if len(points) < 2:
        return [int(rng.integers(n)) for n in shape]
    best = max(points, key=scores.get)
    step = np.subtract(points[-1], points[-2])
    if points[-1] != best or np.abs(step).sum() != 1 or not all(0 <= at < n for at, n in zip(best + step, shape, strict=True)):
        return untried_neighbour(scores, shape, rng)
    return (np.array(best) + step).tolist()


def with_a_walk_of_its_own(scores, shape, rng, **settings):
    best = list(max(scores, key=scores.get, default=[0] * len(shape)))
    if not scores:
        return best
    for place in np.random.default_rng(len(scores)).permutation(len(shape)):
        for step in (1, -1):
            point = tuple(at + step * (i == place) for i, at in enumerate(best))
            if point not in scores and 0 <= point[place] < shape[place]:
                return point
    return untried_neighbour(scores, shape, rng)


def by_climbing(scores, shape, rng):
    if len(scores) < 3 or rng.random() < 0.2:
        return tuple(rng.integers(shape).tolist())
    beside = np.array(max(scores, key=scores.get)) + rng.integers(-1, 2, len(shape))
    return tuple(np.clip(beside, 0, np.array(shape) - 1).tolist())


RIGHT_6 = [untried_neighbour, after_three_dice, one_position_after_another, goes_on, with_a_walk_of_its_own]
MISTAKES_6 = [
    (by_climbing, "finds the best point of . of the 20"),
    (lambda scores, shape, rng: tuple(rng.integers(shape).tolist()), "finds the best point of . of the 20"),
    (lambda scores, shape, rng: tuple(np.unravel_index(len(scores), shape)), "finds the best point of . of the 20"),
    (lambda scores, shape, rng: (3, 3, 3, 3), "After 1 trials your choice returns points again"),
    (lambda scores, shape, rng: max(scores, key=scores.get), "raised ValueError"),
    (lambda scores, shape, rng: max(scores, key=scores.get, default=(4, 4)), "A point has 4 positions"),
    (lambda scores, shape, rng: shape, "is outside the shape"),
    (lambda scores, shape, rng: rng.random(4), "where a whole number is due"),
    (lambda scores, shape, rng: 1.0, "where a point, a tuple of whole numbers"),
]


ALL = [
    (e01.q1, RIGHT_1, MISTAKES_1), (e01.q2, RIGHT_2, MISTAKES_2), (e01.q3, RIGHT_3, MISTAKES_3), (e01.q4, RIGHT_4, MISTAKES_4),
    (e01.q5, RIGHT_5, MISTAKES_5), (e01.q6, RIGHT_6, MISTAKES_6),
]
EQUIVALENT = {
    "e01.q1": dict.fromkeys(("2: 0 → 1", "2: 0 → -1"), "the first score is above minus infinity, which sets the count to 0"),
    "e01.q3": {"3: 1 → 2": "0 divided by anything is 0; what such a column becomes in x_held is left open"},
    "e01.q5": {"3: scores.mean → scores.sum": "each candidate has as many folds, so the largest sum is the largest mean"},
    "e01.q6": {
        "2: 2 → 3": "any point will do to begin with",
        "3: 2 → 3": "with steps of two it finds the best point as well, which is all that is asked",
        "3: abs(at - best[a]) < 2 → abs(at - best[a]) <= 2": "with steps of two it finds the best point as well",
    },
}
