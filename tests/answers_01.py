"""Answers to the exercises of notebook 01: right ones that are not the reference, and likely mistakes."""

import numpy as np

from lib.exercises import e01

EXERCISES = [e01.q1, e01.q2, e01.q3, e01.q4, e01.q5]


# --- q1


def with_indices(scores, patience):
    for number in range(patience + 1, len(scores) + 1):
        if np.argmax(scores[:number]) <= number - 1 - patience:
            return number
    return len(scores)


def one_too_few(scores, patience):
    last = 0
    for number, score in enumerate(scores):
        if score > max(scores[:number], default=-1):
            last = number
        if number - last == patience:
            return number
    return len(scores)


def ties_improve(scores, patience):
    best, since = -1, 0
    for number, score in enumerate(scores, start=1):
        best, since = (score, 0) if score >= best else (best, since + 1)
        if since == patience:
            return number
    return len(scores)


def never_reached(scores, patience):
    stopped = e01.q1.reference(scores, patience)
    return stopped if stopped < len(scores) else None


MISTAKES_1 = [
    (e01._since_previous, "with the best so far, not with the one before"),
    (one_too_few, "one too few"),
    (ties_improve, "only as good as the best"),
    (lambda scores, patience: int(np.argmax(scores)) + 1, "where the best score is"),
    (lambda scores, patience: e01.q1.reference(scores, patience) - (len(scores) == 4), "counting from 0"),
    (never_reached, "returns nothing"),
    (lambda scores, patience: 17, "the search runs 4 trials; you say 17"),
]

# --- q2


def one_by_one(candidates, outer, inner):
    total = 0
    for _ in range(outer + 1):
        for _ in range(candidates):
            total += inner
        total += 1
    return total


MISTAKES_2 = [
    (lambda c, o, i: o * c * i, "inner trainings only"),
    (lambda c, o, i: o * (c * i + 1), "no model yet"),
    (lambda c, o, i: (o + 1) * c * i, "leaves out the winners"),
    (lambda c, o, i: o * (c * i + 1) + 1, "but which"),
    (lambda c, o, i: c * (o + i), "you add the folds"),
    (lambda c, o, i: 1, "Count one search first"),
    (lambda c, o, i: print(end=""), "returns nothing"),
]

# --- q3


def by_scikit_learn(x_fit, x_held):
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x_fit)
    return [scaler.transform(x_fit), scaler.transform(x_held)]


def with_n_minus_1(x_fit, x_held):
    deviation = x_fit.std(axis=0, ddof=1)
    deviation[deviation == 0] = 1
    return (x_fit - x_fit.mean(axis=0)) / deviation, (x_held - x_fit.mean(axis=0)) / deviation


def together(x_fit, x_held):
    both = np.concatenate([x_fit, x_held])
    return (x_fit - both.mean(axis=0)) / both.std(axis=0), (x_held - both.mean(axis=0)) / both.std(axis=0)


def each_its_own(x_fit, x_held):
    return tuple((x - x.mean(axis=0)) / x.std(axis=0) for x in (x_fit, x_held))


def constant_breaks(x_fit, x_held):
    return tuple((x - x_fit.mean(axis=0)) / x_fit.std(axis=0) for x in (x_fit, x_held))


MISTAKES_3 = [
    (together, "has leaked"),
    (each_its_own, "by its own mean"),
    (constant_breaks, "A column that is 7 everywhere"),
    (lambda x_fit, x_held: tuple((x - x_fit.mean()) / x_fit.std() for x in (x_fit, x_held)), "one mean over all"),
    (lambda x_fit, x_held: (by_scikit_learn(x_fit, x_held)[0], x_held), "x_held is not scaled as x_fit is"),
    (lambda x_fit, x_held: tuple(x - x_fit.mean(axis=0) for x in (x_fit, x_held)), "they should be 1"),
    (lambda x_fit, x_held: tuple(x / x_fit.std(axis=0) for x in (x_fit, x_held)), "they should be 0"),
    (lambda x_fit, x_held: by_scikit_learn(x_fit, x_held)[0], "Return two arrays"),
    (lambda x_fit, x_held: by_scikit_learn(x_held, x_fit), "The shapes"),
]

# --- q4


def by_group_k_fold(groups, k):
    from sklearn.model_selection import GroupKFold

    return list(GroupKFold(k).split(np.zeros(len(groups)), groups=groups))


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


MISTAKES_4 = [
    (rows_dealt, "is on both sides. Deal the groups"),
    (forgets_the_last, "is never held out"),
    (one_per_group, "you return 6 folds"),
    (fits_on_all, "some rows are on both sides"),
    (same_fold_again, "is never held out"),
    (overlapping, "is held out 3 times"),
    (lambda groups, k: [held for _, held in e01.q4.reference(groups, k)], "Each fold is a pair"),
    (lambda groups, k: [(fit[1:], held) for fit, held in e01.q4.reference(groups, k)], "What is not held out"),
    (lambda groups, k: [(np.arange(len(groups)), [])] * k, "Nothing is held out"),
]

# --- q5


def by_sorting(scores, sizes):
    best = max(range(len(sizes)), key=lambda c: np.mean(scores[c]))
    limit = np.mean(scores[best]) - np.std(scores[best]) / len(scores[best]) ** 0.5
    return next(c for c in np.argsort(sizes) if np.mean(scores[c]) >= limit)


def whole_deviation(scores, sizes):
    means, best = scores.mean(axis=1), scores.mean(axis=1).argmax()
    good = np.flatnonzero(means >= means[best] - scores[best].std(ddof=1))
    return good[sizes[good].argmin()]


MISTAKES_5 = [
    (lambda scores, sizes: scores.mean(axis=1).argmax(), "you return the best"),
    (lambda scores, sizes: sizes.argmin(), "clearly worse"),
    (whole_deviation, "a whole standard deviation"),
    (lambda scores, sizes: sizes[e01.q5.reference(scores, sizes)], "you return a size"),
    (lambda scores, sizes: np.flatnonzero(scores.mean(axis=1) > 0.8), "return the position of one"),
    (lambda scores, sizes: -1, "is the smallest within one standard error"),
]


RIGHT = [
    (e01.q1, with_indices),
    (e01.q2, one_by_one),
    (e01.q3, by_scikit_learn),
    (e01.q3, with_n_minus_1),
    (e01.q4, by_group_k_fold),
    (e01.q5, by_sorting),
]


MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in zip(EXERCISES, (MISTAKES_1, MISTAKES_2, MISTAKES_3, MISTAKES_4, MISTAKES_5), strict=True)
    for answer, message in mistakes
]
