"""Answers to the exercises of notebook 08: right ones that are not the reference, and likely mistakes."""

import itertools
import math
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
from scipy import stats

from lib import ensembles
from lib.exercises import e08

# --- q1


def picture_by_picture(labels, weights, n_classes):
    return [np.bincount(column, weights=weights, minlength=n_classes).argmax() for column in labels.T]


def in_python(labels, weights, n_classes):
    winners = []
    for picture in range(labels.shape[1]):
        sums = defaultdict(float)
        for member, weight in enumerate(weights):
            sums[int(labels[member, picture])] += float(weight)
        winners.append(min(sums, key=lambda c: (-sums[c], c)))
    return tuple(winners)


def one_hot(labels, weights, n_classes=10, *more):
    shares = weights / weights.sum()
    return np.einsum("m,mpc->pc", shares, np.eye(n_classes)[labels]).argmax(axis=1).astype("float32")


def as_a_series(labels, weights, n_classes):
    table = pd.DataFrame({c: weights @ (labels == c) for c in range(n_classes)})
    return table.idxmax(axis=1)


def last_at_a_tie(labels, weights, n_classes):
    counts = [np.bincount(column, weights=weights, minlength=n_classes) for column in labels.T]
    return np.array([n_classes - 1 - count[::-1].argmax() for count in counts])


def first_named_at_a_tie(labels, weights, n_classes):
    return [Counter(dict.fromkeys(column, 0) | sums(column, weights)).most_common(1)[0][0] for column in labels.T]


def sums(column, weights):
    return {c: weights[column == c].sum() for c in column}


def of_the_members(labels, weights, n_classes):
    return picture_by_picture(labels.T, np.ones(labels.shape[1]), n_classes)


def by_truncated_weights(labels, weights, n_classes):
    return picture_by_picture(labels, weights.astype(int), n_classes)


RIGHT_1 = [picture_by_picture, in_python, one_hot, as_a_series, lambda labels, w, n: ensembles.vote(labels, "hard", w)]
MISTAKES_1 = [
    (lambda labels, weights, n: picture_by_picture(labels, np.ones(len(weights)), n), "Where do the weights come in"),
    (lambda labels, weights, n: np.average(labels, axis=0, weights=weights), "You average class numbers"),
    (lambda labels, weights, n: weights @ labels, "You add up class numbers"),
    (lambda labels, weights, n: np.round(np.average(labels, axis=0, weights=weights)), "largest sum of weights"),
    (lambda labels, weights, n: labels[weights.argmax()], "the heaviest member says"),
    (lambda labels, weights, n: (weights[:, None] * labels).max(), "a class number for each picture is due"),
    (last_at_a_tie, "the smallest class number should win"),
    (first_named_at_a_tie, "at a tie the smallest class number wins"),
    (of_the_members, "largest sum of weights"),
    (by_truncated_weights, "largest sum of weights"),
    (lambda labels, weights, n: one_hot(labels, weights**2, n), "largest sum of weights"),
    (lambda labels, weights, n: print(end=""), "Does every way through it end with a `return`"),
]

# --- q2


def by_recursion(p, n):
    chances = np.array([1.0])  # of 0, 1, ... right answers
    for _ in range(n):
        chances = np.append(chances * (1 - p), 0) + np.append(0, chances * p)
    return chances[n // 2 + 1 :].sum()


def by_paths(p, n):
    if n > 15:
        return np.float32(stats.binom.sf(n // 2, n, p))
    ways = itertools.product((True, False), repeat=n)
    return sum(math.prod(p if right else 1 - p for right in way) for way in ways if sum(way) > n / 2)


def terms(p, n, first, ways=True):
    return sum((math.comb(n, k) if ways else 1) * p**k * (1 - p) ** (n - k) for k in range(first, n + 1))


def by_dice(p, n):
    return np.mean((np.random.default_rng(0).random((20_000, n)) < p).mean(axis=1) > 0.5)


def by_the_normal_curve(p, n):
    return stats.norm.sf((n / 2 - n * p) / math.sqrt(n * p * (1 - p)))


RIGHT_2 = [
    by_recursion,
    by_paths,
    lambda p, n: stats.binom.sf(n // 2, n, p),
    lambda p, n: 1 - stats.binom(n, p).cdf((n - 1) / 2),
    lambda p, n, half=None: terms(p, n, math.ceil(n / 2)),
    lambda p, n: np.sum([math.comb(n, k) * p ** (n - k) * (1 - p) ** k for k in range((n + 1) // 2)]),
]
MISTAKES_2 = [
    (lambda p, n: terms(p, n, n // 2 + 1, ways=False), "math.comb"),
    (lambda p, n: terms(p, n, n // 2), "are not more than half"),
    (lambda p, n: terms(p, n, n // 2) if n > 1 else p, "above n / 2"),
    (lambda p, n: terms(p, n, n // 2 + 2), "one too high"),
    (lambda p, n: terms(p, n, round(n / 2)), "above n / 2"),
    (lambda p, n: terms(p, n, n // 2 + 1) - p**n, "leave out that all n are right"),
    (lambda p, n: 1 - terms(p, n, n // 2 + 1), r"are \*wrong\*"),
    (lambda p, n: math.comb(n, n // 2 + 1) * p ** (n // 2 + 1) * (1 - p) ** (n // 2), "exactly the smallest majority"),
    (lambda p, n: n * p, "right on average"),
    (lambda p, n: p, "one member's chance"),
    (lambda p, n: round(terms(p, n, n // 2 + 1), 2), "exactly k members are right"),
    (lambda p, n: terms(0.7, n, n // 2 + 1), r"majority\(0.6, 1\)"),
    (by_dice, "not exact enough"),
    (by_the_normal_curve, "above n / 2"),
    (lambda p, n: [terms(p, n, n // 2 + 1)], "a list of length 1 where a number is due"),
    (lambda p, n: print(end=""), "Does every way through it end with a `return`"),
]

# --- q3


def by_loop(wrong):
    best = (2.0, None)
    for i in range(len(wrong)):
        for j in range(i + 1, len(wrong)):
            best = min(best, (np.corrcoef(wrong[i], wrong[j])[0, 1], (i, j)))
    return best[1]


def by_the_upper_triangle(wrong):
    rows, columns = np.triu_indices(len(wrong), k=1)
    place = ensembles.error_correlation(wrong)[rows, columns].argmin()
    return np.array([rows[place], columns[place]])


def by_pandas(wrong):
    table = pd.DataFrame(wrong.T.astype("float32")).corr()
    return list(table.where(~np.eye(len(wrong), dtype=bool)).stack().idxmin())


def pick(matrix, largest=False):
    matrix = matrix.astype(float)
    np.fill_diagonal(matrix, -np.inf if largest else np.inf)
    place = matrix.argmax() if largest else matrix.argmin()
    return tuple(sorted(int(number) for number in np.unravel_index(place, matrix.shape)))


def best_two(wrong):
    return tuple(sorted(int(i) for i in wrong.mean(axis=1).argsort()[:2]))


RIGHT_3 = [
    by_loop,
    by_the_upper_triangle,
    by_pandas,
    lambda wrong: pick(np.corrcoef(wrong) + 2 * np.eye(len(wrong))),
    lambda wrong: min(itertools.combinations(range(len(wrong)), 2), key=lambda p: stats.pearsonr(*wrong[list(p)] * 1.0)[0]),
]
MISTAKES_3 = [
    (lambda wrong: np.unravel_index(np.corrcoef(wrong).argmax(), (len(wrong),) * 2), "a member and itself"),
    (lambda wrong: (0, 0), "a member and itself"),
    (lambda wrong: by_loop(wrong)[::-1], "smaller number first"),
    (lambda wrong: np.unravel_index(np.corrcoef(wrong).argmin(), (len(wrong),) * 2)[::-1], "not right for|smaller number"),
    (lambda wrong: pick((wrong[:, None] != wrong[None]).mean(axis=2), largest=True), "A bad member differs from all"),
    (lambda wrong: pick(np.corrcoef(wrong), largest=True), "most alike"),
    (lambda wrong: pick(abs(np.corrcoef(wrong))), "the size without the sign"),
    (lambda wrong: pick(np.cov(wrong)), "least covariance"),
    (lambda wrong: pick((wrong[:, None] & wrong).sum(axis=2)), "least often"),
    (best_two, "least error correlation|least often"),
    (lambda wrong: (0, 1), "least error correlation"),
    (lambda wrong: pick(np.corrcoef(wrong[:, : wrong.shape[1] // 2])), "least error correlation"),
    (lambda wrong: np.corrcoef(wrong).min(), "where a pair of member numbers"),
    (lambda wrong: print(end=""), "Does every way through it end with a `return`"),
]

# --- q4


def measured(votes, y, rows, weights):
    return np.mean(ensembles.combine(votes[:, rows], weights=weights).argmax(axis=1) == y[rows])


def with_combine(votes, y, val, test):
    weights = ensembles.best_weights(votes[:, val], y[val])
    return measured(votes, y, test, weights) - measured(votes, y, test, None)


def with_masks(votes, y, val_rows, test_rows):
    for_val, for_test = (np.isin(np.arange(len(y)), rows) for rows in (val_rows, test_rows))
    weights = ensembles.best_weights(votes[:, for_val], y[for_val])
    return measured(votes, y, for_test, weights) - measured(votes, y, for_test, np.ones(len(votes)))


def by_counting(votes, y, val, test):
    weights = ensembles.best_weights(votes[:, val], y[val])
    better = 0
    for row in test:
        better += (weights @ votes[:, row]).argmax() == y[row]
        better -= votes[:, row].sum(axis=0).argmax() == y[row]
    return better / len(test)


def as_a_tensor(votes, y, val, test):
    weights = np.float32(ensembles.best_weights(list(votes[:, val]), y[val]))
    right = [np.tensordot(w, votes[:, test], 1).argmax(-1) == y[test] for w in (weights, weights * 0 + 1)]
    return np.asarray(right[0].mean() - right[1].mean())


def one_hot_truth(votes, y, val, test):
    weights = ensembles.best_weights(votes[:, val], np.eye(votes.shape[2])[y[val]])
    return (np.float64(measured(votes, y, test, weights)) - measured(votes, y, test, None)).item()


def hard_gain(votes, y, val, test):
    weights = ensembles.best_weights(votes[:, val], y[val])
    with_them, without = (ensembles.vote(votes[:, test], "hard", w) for w in (weights, None))
    return np.mean(with_them == y[test]) - np.mean(without == y[test])


def by_score(votes, y, val, test):
    scores = (votes[:, val].argmax(axis=2) == y[val]).mean(axis=1)
    return measured(votes, y, test, scores) - measured(votes, y, test, None)


RIGHT_4 = [with_combine, with_masks, by_counting, as_a_tensor, one_hot_truth]
MISTAKES_4 = [
    (lambda votes, y, val, test: with_combine(votes, y, val, val), "Measure on `test_rows`"),
    (lambda votes, y, val, test: with_combine(votes, y, test, test), "have seen the test pictures"),
    (lambda votes, y, val, test: with_combine(votes, y, np.append(test, val), test), "have seen the test pictures"),
    (lambda votes, y, val, test: with_combine(votes, y, slice(None), test), "have seen the test pictures"),
    (lambda votes, y, val, test: with_combine(votes, y, val, slice(None)), "measure on all pictures"),
    (lambda votes, y, val, test: with_combine(votes, y, val, np.setdiff1d(np.arange(len(y)), val)), "in `test_rows`"),
    (lambda votes, y, val, test: with_combine(votes, y, test, val), "wrong way round"),
    (lambda votes, y, val, test: -with_combine(votes, y, val, test), "the loss"),
    (lambda votes, y, val, test: 100 * with_combine(votes, y, val, test), "in points"),
    (lambda votes, y, val, test: measured(votes, y, test, ensembles.best_weights(votes[:, val], y[val])), "Subtract"),
    (hard_gain, "gain of a hard vote"),
    (by_score, "Find weights by the pictures"),
    (lambda votes, y, val, test: max(0, with_combine(votes, y, val, test)), "compare two soft votes"),
    (lambda votes, y, val, test: round(with_combine(votes, y, val, test), 2), "compare two soft votes"),
    (lambda votes, y, val, test: 0.5, "compare two soft votes"),
    (lambda votes, y, val, test: with_combine(votes, y, val, test) > 0, "(True|False) where a number is due"),
    (lambda votes, y, val, test: print(end=""), "Does every way through it end with a `return`"),
]

# --- q5


def greedy(votes, y, up_to=3):
    team = []
    while len(team) < up_to:
        others = [i for i in range(len(votes)) if i not in team]
        team.append(max(others, key=lambda i: measured(votes[[*team, i]], y, slice(None), None)))
    return team


def by_the_vote(votes, y):
    teams = list(itertools.combinations(range(len(votes)), 3))
    return set(teams[np.argmax([np.mean(ensembles.vote(votes[list(team)]) == y) for team in teams])])


def by_a_hard_vote(votes, y):
    labels = votes.argmax(axis=2)
    teams = itertools.combinations(range(len(votes)), 3)
    return max(teams, key=lambda team: np.mean(ensembles.vote(labels[list(team)], "hard") == y))


def by_luck(votes, y):
    rng = np.random.default_rng(7)
    teams = [rng.choice(len(votes), 3, replace=False) for _ in range(150)]
    return max(teams, key=lambda team: measured(votes[team], y, slice(None), None))


def by_loss(votes, y):
    right = votes[:, np.arange(len(y)), y]
    teams = itertools.combinations(range(len(votes)), 3)
    return list(min(teams, key=lambda team: -np.log(right[list(team)].mean(axis=0)).mean()))


def skill(votes, y):
    return (votes.argmax(axis=2) == y).mean(axis=1)


def most_different(votes, y):
    matrix = ensembles.error_correlation(votes.argmax(axis=2) != y)
    teams = itertools.combinations(range(len(votes)), 3)
    return min(teams, key=lambda team: ensembles.pairs_mean(matrix[np.ix_(team, team)]))


RIGHT_5 = [greedy, by_the_vote, by_a_hard_vote, by_luck, lambda votes, y: np.array(greedy(votes[:, :200], y[:200]))]
MISTAKES_5 = [
    (lambda votes, y: skill(votes, y).argsort()[-3:], "You take the three best members"),
    (by_loss, "Which team's vote"),
    (lambda votes, y: [skill(votes, y).argmax()], "Which team's vote"),
    (most_different, "Which team's vote"),
    (lambda votes, y: greedy(votes, y, 2), "Which team's vote"),
    (lambda votes, y: greedy(votes, y, 4), "4 members. One to three"),
    (lambda votes, y: [0, 1, 2], "Which team's vote"),
    (lambda votes, y: [1 + i for i in by_the_vote(votes, y)], "Which team's vote|numbers 0 to 11"),
    (lambda votes, y: [12, 3, 4], "numbers 0 to 11"),
    (lambda votes, y: [4, 4, 4], "with a member twice"),
    (lambda votes, y: [], "0 members"),
    (lambda votes, y: ensembles.best_weights(votes, y), "one of them is the"),
    (lambda votes, y: print(end=""), "Does every way through it end with a `return`"),
]

ALL = [
    (e08.q1, RIGHT_1, MISTAKES_1),
    (e08.q2, RIGHT_2, MISTAKES_2),
    (e08.q3, RIGHT_3, MISTAKES_3),
    (e08.q4, RIGHT_4, MISTAKES_4),
    (e08.q5, RIGHT_5, MISTAKES_5),
]
EQUIVALENT = {
    "e08.q2": {"2: 1 → 2 #3": "the term beyond n is 0: in no way can n + 1 of n be right"},
    "e08.q5": {
        "3: np.mean → np.sum": "of one number of pictures the mean and the sum are largest for the same team",
        "3: votes[list(team)].mean → votes[list(team)].sum": "of three members the sum is largest where the mean is",
    },
}
