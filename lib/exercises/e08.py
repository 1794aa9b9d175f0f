"""Exercises of notebook 08: a weighted vote, Condorcet's jury, the most different pair, an honest gain, a team of three."""

import itertools
import math

import numpy as np

from lib import ensembles
from lib.exercises import kinds
from lib.exercises.asking import brief
from lib.exercises.core import Exercise, Wrong, over_cases, wrong_if

# --- q1: a weighted hard vote


def _elections():
    """Cases of q1. Weights that can tie are halves whose sum is 2, so that no rounding decides, also after a division."""
    rng = np.random.default_rng(1)
    cases = [([[1], [1]], [1, 1], 2), ([[0], [2]], [0.5, 1.5], 3), ([[2], [1]], [1, 1], 4), ([[2], [0], [1]], [1, 0.5, 0.5], 3)]
    cases += [([[3], [0], [1], [1]], [0.5, 0, 1, 0.5], 4), ([[2, 0, 1], [1, 2, 2], [1, 0, 0]], [1.5, 0.5, 0], 3)]
    cases = [(np.array(labels), np.array(weights, float), n) for labels, weights, n in cases]
    cases += [(rng.integers(0, 4, (5, 4)), rng.multinomial(4, np.full(5, 0.2)) / 2, 5) for _ in range(20)]
    sizes = [(2, 3, 5), (5, 4, 4), (3, 7, 6), (8, 12, 3)] * 5 + [(7, 12, 60)]
    return cases + [(rng.integers(0, n, (members, pictures)), rng.random(members), n) for members, n, pictures in sizes]


def _check_q1(weighted_vote):
    mistakes = [
        (lambda labels, w, n: ensembles.vote(labels, "hard"), "Every member counts alike here. Where do the weights come in?"),
        (lambda labels, w, n: w @ labels, "You add up class numbers. They are names: add up *weights*, for each class."),
        (lambda labels, w, n: w @ labels / w.sum(), "You average class numbers. They are names: add up weights, for each class."),
        (lambda labels, w, n: labels[w.argmax()], "That is what the heaviest member says. Together the others may weigh more."),
        (lambda labels, w, n: n - 1 - _weighted_vote(n - 1 - labels, w, n), "At a tie the smallest class number should win."),
        (lambda labels, w, n: _sums(labels, w, n).max(axis=0), "That is the largest sum. The class that has it is due: argmax."),
        (lambda labels, w, n: _sums(labels, w, n).argmin(axis=0), "You elect the class with the *smallest* sum of weights."),
        (lambda labels, w, n: _sums(labels, w, n)[1:].argmax(axis=0), "You leave class 0 out, so the others move down by one."),
    ]
    why = "For each picture, the winner is the class with the largest sum of weights; at a tie the smallest class number wins."
    over_cases(weighted_vote, _elections(), lambda labels, w, n: ensembles.vote(labels, "hard", w), why, mistakes)
    return "Each class gets the weights of those who named it, and the heaviest one wins."


def _sums(labels, weights, n_classes):
    return np.einsum("m,mpc->pc", weights, labels[:, :, None] == np.arange(n_classes)).T


def _weighted_vote(labels, weights, n_classes):
    sums = np.stack([((labels == c) * weights[:, None]).sum(axis=0) for c in range(n_classes)])
    return sums.argmax(axis=0)


q1 = Exercise(
    _check_q1,
    [
        "For one class: `labels == c` says who named it. Multiply by the weights, and add up over the members.",
        "np.stack the sums of all classes into the shape (n_classes, pictures), and take argmax along axis 0.",
        "sums = np.stack([((labels == c) * ...).sum(axis=...) for c in range(n_classes)]), then return sums....",
    ],
    _weighted_vote,
    due=kinds.array(ndim=1).called("an array with a class number for each picture"),
)


# --- q2: Condorcet's jury


def _chances(p, n):
    """Return the chances that 0, 1, ... n members are right, shape (n + 1,), adding one member at a time."""
    chances = np.ones(1)
    for _ in range(n):
        chances = np.convolve(chances, [1 - p, p])
    return chances


def _check_q2(majority):
    cases = [(0.6, 1), (0.5, 3), (0.7, 3), (0.3, 5), (0.55, 11), (0.45, 31), (0.9, 101)]

    def without_ways(p, n):
        return sum(p**k * (1 - p) ** (n - k) for k in range(n // 2 + 1, n + 1))

    mistakes = [
        (without_ways, "In how many ways can k of the n members be right? See math.comb."),
        (lambda p, n: _chances(p, n)[n // 2 + 1], "That is the chance of exactly the smallest majority. Larger ones count too."),
        (lambda p, n: _chances(p, n)[n // 2 :].sum(), "You begin one too low: n // 2 of n are not more than half."),
        (lambda p, n: _chances(p, n)[n // 2 + 2 :].sum(), "You begin one too high: n // 2 + 1 of n are a majority."),
        (lambda p, n: _chances(p, n)[n // 2 + 1 : n].sum(), "You leave out that all n are right. A range ends before its end."),
        (lambda p, n: _chances(p, n)[: n // 2 + 1].sum(), "That is the chance that more than half of them are *wrong*."),
        (lambda p, n: p**n, "That is the chance that all n are right. A majority is enough."),
        (lambda p, n: n * p, "That is how many are right on average. A probability is due."),
        (lambda p, n: p, "That is one member's chance."),
    ]
    why = "Add up, for each k above n / 2, the chance that exactly k members are right. Random draws are not exact enough."
    over_cases(majority, cases, lambda p, n: _chances(p, n)[n // 2 + 1 :].sum(), why, mistakes)
    good, bad = (_chances(p, 11)[6:].sum() for p in (0.7, 0.45))
    return f"Eleven independent members of 70 % make a team of {good:.0%}, and eleven of 45 % one of {bad:.0%}."


def _majority(p, n):
    return sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n // 2 + 1, n + 1))


q2 = Exercise(
    _check_q2,
    [
        "The k that are right can be chosen in math.comb(n, k) ways. Each way has the probability p**k * (1 - p) ** (n - k).",
        "A majority is n // 2 + 1 members or more, up to n.",
        "return sum(math.comb(n, k) * ... for k in range(..., n + 1))",
    ],
    _majority,
    due=kinds.number,
)


# --- q3: the most different pair


def _panel(seed, n, pictures=200):
    """Members that copy a common error by and by less; the first errs often, the last two seldom; in a random order."""
    rng = np.random.default_rng(seed)
    common, shares = rng.random(pictures) < 0.4, np.linspace(0.9, 0.0, n)[:, None]
    wrong = np.where(rng.random((n, pictures)) < shares, common, rng.random((n, pictures)) < 0.4)
    wrong[0] |= rng.random(pictures) < 0.5
    wrong[-2:] &= rng.random((2, pictures)) < 0.6
    return wrong[rng.permutation(n)]


def _pair(value):
    i, j = kinds.parts(kinds.whole, kinds.whole, words="a pair of member numbers, as (0, 3),")(value)
    if i == j:
        raise kinds.Other(f"({i}, {j}), a member and itself, where two different members are due: leave the diagonal out")
    return i, j


def _best_pair(table, largest=False):
    pairs = list(itertools.combinations(range(len(table)), 2))
    return (max if largest else min)(pairs, key=lambda pair: table[pair])


def _check_q3(most_different):
    cases = [["101", "100"], ["100", "100"], ["1000", "1010", "0100"], ["0100", "1100", "0001"]]  # the second: twins
    cases += [["0001011010", "0101110000", "0111111111"]]  # least alike, covariant and often apart are three pairs
    cases = [(np.array([list(row) for row in rows]) == "1",) for rows in cases]
    cases += [(_panel(seed, n),) for seed, n in enumerate((3, 4, 5, 6, 6, 7))]

    def of(table, largest=False):
        return lambda wrong: _best_pair(table(wrong.astype(int)), largest)

    together = of(lambda wrong: wrong @ wrong.T)
    mistakes = [
        (lambda wrong: _most_different(wrong)[::-1], "That is the right pair. Return the smaller number first."),
        (of(ensembles.disagreement, True), "That pair *differs* most often. A bad member differs from all. Correlate!"),
        (of(ensembles.error_correlation, True), "These two are most alike. The least correlation is due."),
        (of(lambda wrong: abs(np.corrcoef(wrong))), "Do not take the size without the sign: -0.3 is less than 0.1."),
        (of(np.cov), "That is the least covariance, which is small for members that err seldom. Divide it: the correlation."),
        (together, "These two are wrong *together* least often, as good members are. Take the correlation."),
    ]

    def why(wrong):
        return f"That pair has the least error correlation, {ensembles.error_correlation(wrong)[_most_different(wrong)]:.2f}."

    over_cases(most_different, cases, of(ensembles.error_correlation), why, mistakes)
    alike = np.array([[1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 1]], bool)  # three pairs, all uncorrelated: any will do
    i, j = most_different(alike)
    told = f"For {most_different.shown(alike)} you return ({i}, {j})"
    wrong_if(not 0 <= i < j < 3, f"{told}. Two different members are due, the smaller number first.")
    return "These two err most independently, and that is what a team lives on."


def _most_different(wrong):
    matrix = np.corrcoef(wrong)
    pairs = itertools.combinations(range(len(wrong)), 2)
    return min(pairs, key=lambda pair: matrix[pair])


q3 = Exercise(
    _check_q3,
    [
        "np.corrcoef(wrong), or ensembles.error_correlation(wrong), has a row and a column for each member.",
        "A member and itself are no pair. itertools.combinations(range(len(wrong)), 2) makes the pairs, smaller number first.",
        "matrix = ...; then return min(itertools.combinations(...), key=lambda pair: ...)",
    ],
    _most_different,
    due=kinds.Kind("a pair of member numbers, as (0, 3),", _pair),
)


# --- q4: an honest gain


def _pictures(seed, members, n_val, n=400):
    """Weak members of equal skill, of which few pictures say that some are better; rows in any order, some of no part."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, n)
    said = rng.normal(size=(members, n, 4)) + rng.normal(size=(n, 4)) / 2 + np.eye(4)[y]
    rows = rng.permutation(n - 20)
    return _softmax(2 * said), y, rows[:n_val], rows[n_val:]


def _softmax(said):
    said = np.exp(said - said.max(axis=-1, keepdims=True))
    return said / said.sum(axis=-1, keepdims=True)


def _accuracy(votes, y, rows, weights=None):
    weights = np.ones(len(votes)) if weights is None else weights
    return np.mean(np.tensordot(weights, votes[:, rows], axes=1).argmax(axis=1) == y[rows])


def _gain(votes, y, found_by, measured_on):
    weights = ensembles.best_weights(votes[:, found_by], y[found_by])
    return _accuracy(votes, y, measured_on, weights) - _accuracy(votes, y, measured_on)


def _check_q4(honest_gain):
    cases = [_pictures(*case) for case in ((3, 2, 20), (5, 3, 60), (0, 5, 40), (2, 9, 200), (30, 9, 20))]

    def weighted(votes, y, val, test):
        return _accuracy(votes, y, test, ensembles.best_weights(votes[:, val], y[val]))

    def hard(votes, y, val, test):
        weights = ensembles.best_weights(votes[:, val], y[val])
        counted = np.eye(votes.shape[2])[votes.argmax(axis=2)]
        return _accuracy(counted, y, test, weights) - _accuracy(counted, y, test)

    def over_the_best(votes, y, val, test):
        return weighted(votes, y, val, test) - max(_accuracy(member[None], y, test) for member in votes)

    measured = "You measure on the pictures that the weights were found by. Measure on `test_rows`."
    seen = "Your weights have seen the test pictures. Find them by `val_rows` alone."
    mistakes = [
        (lambda v, y, val, test: _gain(v, y, val, val), measured),
        (lambda v, y, val, test: _gain(v, y, test, test), seen),
        (lambda v, y, val, test: _gain(v, y, np.arange(len(y)), test), seen),
        (lambda v, y, val, test: _gain(v, y, np.r_[val, test], test), seen),
        (lambda v, y, val, test: _gain(v, y, test, val), "You have the two parts the wrong way round."),
        (lambda v, y, val, test: _gain(v, y, val, np.arange(len(y))), "You measure on all pictures. Take `test_rows` alone."),
        (lambda v, y, val, test: -_gain(v, y, val, test), "That is the loss: the accuracy with equal weights minus the other."),
        (lambda v, y, val, test: 100 * _gain(v, y, val, test), "That is in points. An accuracy is a share between 0 and 1."),
        (weighted, "That is the accuracy with the weights. Subtract the one with equal weights."),
        (hard, "That is the gain of a hard vote. A soft one is asked for."),
        (over_the_best, "That is the gain over the best member. Compare with equal weights."),
    ]
    why = "Find weights by the pictures in `val_rows`, then compare two soft votes on those in `test_rows`, with and without."
    over_cases(honest_gain, cases, lambda votes, y, val, test: _gain(votes, y, val, test), why, mistakes)
    votes, y, val, test = cases[-1]
    return (
        f"The weights of nine members, found by 20 pictures, gain {_gain(votes, y, val, test):+.3f} on new pictures. "
        f"On the 20 they seemed to gain {_gain(votes, y, val, val):+.3f}."
    )


def _honest_gain(votes, y, val_rows, test_rows):
    weights = ensembles.best_weights(votes[:, val_rows], y[val_rows])
    weighted = ensembles.vote(votes[:, test_rows], weights=weights)
    equal = ensembles.vote(votes[:, test_rows])
    return np.mean(weighted == y[test_rows]) - np.mean(equal == y[test_rows])


q4 = Exercise(
    _check_q4,
    [
        "`votes[:, val_rows]` are what all members say about the validation pictures, and `y[val_rows]` what is true.",
        "ensembles.vote(votes[:, test_rows], weights=weights), and the same without weights, say which classes win.",
        "weights = ensembles.best_weights(...); return np.mean(ensembles.vote(..., weights=weights) == ...) - np.mean(...)",
    ],
    _honest_gain,
    due=kinds.number,
)


# --- q5, the open task: a team of three

POOLS, WANTED = 8, 0.75  # the three best members reach 0.67, the best team of three 0.80


def _pool(seed, n_val=400, n_new=3000):
    """Twelve members in a random order: five good ones that err alike, four middling ones of their own, three loud bad ones."""
    rng = np.random.default_rng(seed)
    sort = rng.permutation(np.repeat([0, 1, 2], [5, 4, 3]))[:, None, None]
    y = rng.integers(0, 5, n_val + n_new)
    skill, alike, loud = (np.take(of, sort) for of in ([1.5, 1.1, 0.5], [0.95, 0, 0], [1.5, 1.5, 6]))
    noise = np.sqrt(alike) * rng.normal(size=(len(y), 5)) + np.sqrt(1 - alike) * rng.normal(size=(12, len(y), 5))
    votes = _softmax(loud * (skill * np.eye(5)[y] + noise))
    return votes[:, :n_val], y[:n_val], votes[:, n_val:], y[n_val:]


def _check_q5(three_of):
    found, best = [], []
    for seed in range(100, 100 + POOLS):
        votes, y, new_votes, new_y = _pool(seed)
        team = three_of(votes, y)
        told = f"For {three_of.shown(votes, y)} you return {brief(team)}"
        wrong_if(not all(0 <= member < len(votes) for member in team), f"{told}; members have the numbers 0 to {len(votes) - 1}.")
        wrong_if(len(set(team)) != len(team), f"{told}, with a member twice.")
        wrong_if(not 1 <= len(team) <= 3, f"{told}: {len(team)} members. One to three are allowed.")
        found.append(_accuracy(new_votes[team], new_y, slice(None)))
        best.append(set(team) == set(np.argsort([_accuracy(m[None], y, slice(None)) for m in votes])[-3:]))
    if np.mean(found) < WANTED:
        words = "Which team's vote is right most often on the pictures that you have?"
        words = "You take the three best members. They err on the same pictures." if all(best) else words
        raise Wrong(f"On new pictures your teams are right on {np.mean(found):.3f} of them, and {WANTED} is due. {words}")
    return f"On new pictures your teams are right on {np.mean(found):.3f} of them. The three best members reach 0.67."


def _three_of(votes, y):
    teams = itertools.combinations(range(len(votes)), 3)
    return max(teams, key=lambda team: np.mean(votes[list(team)].mean(axis=0).argmax(axis=1) == y))


q5 = Exercise(
    _check_q5,
    [
        "Good members that err alike are one member. Section 5 forms every team of three, and there are only 220 of them.",
        "itertools.combinations(range(len(votes)), 3) makes the teams. Measure the soft vote of each on the pictures you have.",
        "max(itertools.combinations(range(len(votes)), 3), key=lambda team: np.mean(ensembles.vote(...) == ...))",
    ],
    _three_of,
    due=kinds.group(kinds.whole).called("a list of one to three member numbers"),
)
