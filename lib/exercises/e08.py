"""Exercises of notebook 08: a weighted vote, Condorcet's jury, the most different pair, an honest gain."""

import functools
import itertools
import math

import numpy as np

from lib import ensembles
from lib.exercises.core import Exercise, Wrong, wrong_if
from lib.exercises.old import compare, number, there

# --- q1: a weighted hard vote


def _check_q1(weighted_vote):
    rng = np.random.default_rng(1)
    cases = [(np.array([[0, 2, 1], [1, 2, 2], [1, 0, 2]]), np.array([5.0, 1.0, 1.0]), 3)]
    cases += [(rng.integers(0, 4, (5, 40)), rng.random(5), 4) for _ in range(3)]
    cases += [(np.array([[2, 3], [1, 1], [0, 3]]), np.array([1.0, 1.0, 1.0]), 4)]
    for labels, weights, n_classes in cases:
        found = np.asarray(there(weighted_vote(labels.copy(), weights.copy(), n_classes)))
        pictures = labels.shape[1]
        wrong_if(
            found.shape != (pictures,),
            f"Your function returns the shape {found.shape}; there are {pictures} pictures, each with one winner.",
        )
        right = ensembles.vote(labels, "hard", weights)
        if np.array_equal(found, right):
            continue
        wrong_if(
            np.array_equal(found, ensembles.vote(labels, "hard")),
            "Your vote counts every member alike. Where do the weights come in?",
        )
        wrong_if(
            not np.isin(found, np.arange(n_classes)).all(),
            f"Your vote elects {found[0]}, which is no class number: add up weights for each class, not class numbers.",
        )
        wrong_if(
            (weights == 1).all(), f"At a tie your vote elects class {found[0]}; the smallest class number should win."
        )
        picture = int(np.argmax(found != right))
        raise Wrong(
            f"With the labels {labels[:, picture].tolist()} and the weights {weights.round(2).tolist()} your vote elects "
            f"class {found[picture]}. Which class has the largest sum of weights?"
        )
    return "Each class gets the weights of those who named it, and the heaviest one wins."


def _weighted_vote(labels, weights, n_classes):
    sums = np.stack([((labels == c) * weights[:, None]).sum(axis=0) for c in range(n_classes)])
    return sums.argmax(axis=0)


q1 = Exercise(
    _check_q1,
    [
        "For one class: `labels == c` says who named it. Multiply by the weights, and add up over the members.",
        "np.stack the sums of all classes into the shape (n_classes, pictures), and take argmax along axis 0.",
    ],
    _weighted_vote,
)


# --- q2: Condorcet's jury


def _chances(p, n):
    """Return the chances that 0, 1, ... n members are right, shape (n + 1,), adding one member at a time."""
    chances = np.ones(1)
    for _ in range(n):
        chances = np.convolve(chances, [1 - p, p])
    return chances


def _check_q2(majority):
    for p, n in ((0.7, 3), (0.6, 1), (0.55, 11), (0.3, 5), (0.9, 101)):
        found, half = number(majority(p, n)), n // 2
        chances = _chances(p, n)
        right = chances[half + 1 :].sum()
        asked = f"For p={p} and n={n} you say {found:.4f}"
        wrong_if(n == 1 and not math.isclose(found, p), f"{asked}. A single member is a majority by itself.")
        mistakes = [
            (
                sum(p**k * (1 - p) ** (n - k) for k in range(half + 1, n + 1)),
                f"{asked}. In how many ways can k of the n members be right? See math.comb.",
            ),
            (
                chances[half + 1],
                f"{asked}, which is the chance that exactly {half + 1} are right. More than {half + 1} are a majority too.",
            ),
            (
                right + chances[half],
                f"{asked}. You begin at {half} members who are right, and {half} of {n} are not more than half.",
            ),
        ]
        otherwise = f"{asked}. Add up, for each k above n / 2, the chance that exactly k members are right."
        if not 0 <= found <= 1:
            otherwise = f"{asked}. A probability lies between 0 and 1."
        compare(found, right, mistakes, otherwise, functools.partial(math.isclose, abs_tol=1e-9))
    return (
        f"Eleven independent members of 70 % make a team of {_majority(0.7, 11):.0%}, and eleven of 45 % one of "
        f"{_majority(0.45, 11):.0%}."
    )


def _majority(p, n):
    return sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n // 2 + 1, n + 1))


q2 = Exercise(
    _check_q2,
    [
        "Exactly k of n are right with probability math.comb(n, k) * p**k * (1 - p) ** (n - k).",
        "Add that up for all k of a majority: range(n // 2 + 1, n + 1).",
    ],
    _majority,
)


# --- q3: the most different pair


def _planted(seed, n=5, pictures=400):
    """Members that copy a common error by and by less, and two that have errors of their own; in a random order."""
    rng = np.random.default_rng(seed)
    common = rng.random(pictures) < 0.3
    shares = np.array([0.9, 0.8, 0.7, 0.1, 0.0])
    wrong = np.where(rng.random((n, pictures)) < shares[:, None], common, rng.random((n, pictures)) < 0.3)
    wrong[0] |= rng.random(pictures) < 0.5  # weak: often disagrees with all others, and still errs when they err
    return wrong[rng.permutation(n)]


def _check_q3(most_different):
    for seed in (1, 2, 3):
        wrong = _planted(seed)
        found = there(most_different(wrong.copy()))
        wrong_if(
            np.shape(found) != (2,),
            f"Your function returns the shape {np.shape(found)}; a pair is two numbers, as (0, 3).",
        )
        i, j = (int(number) for number in found)
        matrix = ensembles.error_correlation(wrong)
        pairs = {pair: matrix[pair] for pair in itertools.combinations(range(len(wrong)), 2)}
        right = min(pairs, key=pairs.get)
        if (i, j) == right:
            continue
        wrong_if(i == j, f"You return ({i}, {j}), a member and itself. Leave the diagonal of the matrix out.")
        wrong_if((j, i) == right, f"({i}, {j}) is the right pair. Return the smaller number first.")
        apart = (wrong[:, None] != wrong[None]).mean(axis=2)
        wrong_if(
            apart[i, j] == apart.max(),
            f"({i}, {j}) is the pair that differs on most pictures. "
            "A bad member differs from everybody: take the correlation.",
        )
        wrong_if(
            matrix[i, j] == max(pairs.values()),
            f"({i}, {j}) is the pair that is most alike. The least correlation is asked for.",
        )
        raise Wrong(f"({i}, {j}) has an error correlation of {matrix[i, j]:.2f}, and another pair has {matrix[right]:.2f}.")
    return "These two err most independently, and that is what a team lives on."


def _most_different(wrong):
    matrix = np.corrcoef(wrong)
    np.fill_diagonal(matrix, np.inf)
    i, j = np.unravel_index(matrix.argmin(), matrix.shape)
    return min(i, j), max(i, j)


q3 = Exercise(
    _check_q3,
    [
        "np.corrcoef(wrong), or ensembles.error_correlation(wrong), has a row and a column for each member.",
        "Put np.inf on the diagonal (np.fill_diagonal), then np.unravel_index(matrix.argmin(), matrix.shape).",
    ],
    _most_different,
)


# --- q4: an honest gain


def _pictures(seed, n=600):
    """Five weak members of equal skill: the weights that few pictures suggest are luck."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, n)
    votes = rng.dirichlet(np.ones(4), (5, n)) + 0.35 * np.eye(4)[y]
    return votes / votes.sum(axis=2, keepdims=True), y


def _gain(votes, y, found_by, measured_on):
    weights = ensembles.best_weights(votes[:, found_by], y[found_by])
    rated, equal = (ensembles.vote(votes[:, measured_on], weights=w) == y[measured_on] for w in (weights, None))
    return rated.mean() - equal.mean()


def _check_q4(honest_gain):
    val, test, everything = np.arange(40), np.arange(40, 600), np.arange(600)
    for seed in (1, 2, 3):
        votes, y = _pictures(seed)
        found = number(honest_gain(votes.copy(), y.copy(), val.copy(), test.copy()))
        right, flattered = _gain(votes, y, val, test), _gain(votes, y, val, val)
        weighted = ensembles.vote(votes[:, test], weights=ensembles.best_weights(votes[:, val], y[val]))
        seen = "Your weights have seen the test pictures. Find them by `val_rows` alone."
        mistakes = [
            (
                flattered,
                f"You measure a gain of {found:.3f} on the pictures that the weights were found by. Measure on `test_rows`.",
            ),
            (_gain(votes, y, test, test), seen),
            (_gain(votes, y, everything, test), seen),
            (
                -right,
                f"You return {found:.3f}, the loss. The gain is the accuracy with the weights minus that with equal ones.",
            ),
            (
                np.mean(weighted == y[test]),
                f"You return {found:.3f}, the accuracy with the weights. Subtract the one with equal weights.",
            ),
        ]
        otherwise = f"You measure {found:.3f}. Find weights by the pictures in `val_rows`, then compare two votes on those in "
        close = functools.partial(math.isclose, rel_tol=0, abs_tol=1.5 / len(test))
        compare(found, right, mistakes, otherwise + "`test_rows`.", close)
    return (
        f"On new pictures these weights gain {right:+.3f}. "
        f"On those they were found by they seemed to gain {flattered:+.3f}."
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
        (
            "ensembles.vote(votes[:, test_rows], weights=weights) and the same without weights: "
            "subtract the shares that equal y[test_rows]."
        ),
    ],
    _honest_gain,
)
