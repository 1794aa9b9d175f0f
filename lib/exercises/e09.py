"""Exercises of notebook 09: the size of a bag, an out-of-bag error, how many members, a bag without a leak."""

import functools
import math

import numpy as np

from lib import ensembles
from lib.exercises.core import Exercise, Wrong, wrong_if
from lib.exercises.old import compare, number, parts, there

# --- q1: the size of a bag


def _check_q1(share_in_bag):
    for n, size in ((10, 4), (10, 10), (100, 50), (50, 200), (1000, 1000)):
        found = number(share_in_bag(n, size))
        left_out = (1 - 1 / n) ** size
        asked = f"For n={n} and size={size} you say {found:.4f}"
        as_large = f"{asked}, which is right only for a bag as large as the data. Where does `size` come in?"
        again = f"{asked}. That would be so without replacement. Here a row may be drawn twice."
        mistakes = [
            (left_out, f"{asked}, which is the share that is left out."),
            (1 - (1 - 1 / n) ** n, as_large),
            (1 - 1 / math.e, as_large),
            (
                1 - math.exp(-size / n),
                f"{asked}. That is the limit for large n; here n is not large. How likely do `size` draws all miss a row?",
            ),
            (min(1, size / n), again),
            (size / n, again),
        ]
        otherwise = f"{asked}. One draw misses a given row with probability 1 - 1/n. How likely do all draws miss it?"
        compare(found, 1 - left_out, mistakes, otherwise, functools.partial(math.isclose, abs_tol=1e-9))
    return "A bag of half the size holds 39 % of the rows, and one of twice the size 86 %."


def _share_in_bag(n, size):
    return 1 - (1 - 1 / n) ** size


q1 = Exercise(
    _check_q1,
    [
        "A row is missing if every single draw misses it.",
        "One draw misses it with probability 1 - 1/n, `size` draws with (1 - 1/n) ** size. The bag holds the rest.",
    ],
    _share_in_bag,
)


# --- q2: an out-of-bag error


def _bags(seed, n=30, members=4):
    """Members that know the rows they have drawn by heart, and are off elsewhere."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    rows = rng.integers(0, n, (members, n))
    rows[:, 0] = 0  # a row that every member has seen
    seen = np.stack([np.isin(np.arange(n), drawn) for drawn in rows])
    return np.where(seen, y + 0.05, y + rng.normal(1, 1, (members, n))), rows, y


def _unseen(rows, n):
    return np.stack([~np.isin(np.arange(n), drawn) for drawn in rows])


def _check_q2(oob_error):
    for seed in (1, 2, 3):
        predictions, rows, y = _bags(seed)
        unseen = _unseen(rows, len(y))
        found = number(oob_error(predictions.copy(), rows.copy(), y.copy()))
        wrong_if(math.isnan(found), "You return NaN: somebody was seen by every member. Leave such rows out of the mean.")
        errors = (ensembles.out_of_bag(predictions, unseen) - y) ** 2
        right = np.nanmean(errors)
        told = f"You return {found:.3f}"
        mistakes = [
            (
                np.mean((predictions.mean(axis=0) - y) ** 2),
                f"{told}, the error of all members together. Only those who have not seen a row may judge it.",
            ),
            (
                np.nanmean((ensembles.out_of_bag(predictions, ~unseen) - y) ** 2),
                f"{told}. It is the other way round: you let those judge a row who were trained on it.",
            ),
            (
                ((predictions - y) ** 2)[unseen].mean(),
                f"{told}, the mean error of single members. Average each row's predictions first, then square.",
            ),
            (
                np.nansum(errors) / len(y),
                f"{told}. A row that every member has seen counts as an error of 0; leave it out.",
            ),
            (right**0.5, f"{told}, the root. The mean squared error is asked for."),
        ]
        otherwise = f"{told}. For each row average the predictions of the members that have not drawn it."
        compare(found, right, mistakes, otherwise, functools.partial(math.isclose, rel_tol=1e-6))
    return "These members know their own rows by heart, and out of bag nobody can hide it."


def _oob_error(predictions, rows, y):
    everyone = np.arange(len(y))
    unseen = np.stack([~np.isin(everyone, drawn) for drawn in rows])
    judged = unseen.any(axis=0)
    total = (predictions * unseen).sum(axis=0)[judged]
    return np.mean((total / unseen.sum(axis=0)[judged] - y[judged]) ** 2)


q2 = Exercise(
    _check_q2,
    [
        "For one member: `~np.isin(np.arange(len(y)), drawn)` says whom it has not seen. Stack that for all members.",
        "ensembles.out_of_bag(predictions, unseen) is NaN for those whom everybody has seen; np.nanmean leaves them out.",
    ],
    _oob_error,
)


# --- q3: how many members


def _check_q3(members_needed):
    # The numbers are powers of two, so that no rounding decides.
    cases = [(4.0, 0.25, 2.0, 3), (8.0, 0.5, 4.25, 16), (1.0, 0.0, 0.125, 8), (2.0, 0.5, 3.0, 1), (4.0, 0.25, 1.375, 8)]
    cases += [(4.0, 0.5, 1.0, None), (4.0, 0.5, 2.0, None)]
    for variance, rho, wanted, right in cases:
        found = members_needed(variance, rho, wanted)
        if found == right:
            continue
        asked = f"For a variance of {variance:g}, rho={rho:g} and wanted={wanted:g} you say {found}"
        wrong_if(right is None, f"{asked}, but rho * variance is {rho * variance:g}, and stays however many they are.")
        wrong_if(found is None, f"{asked}, but {right} members reach it. Does your function return a number?")
        wrong_if(
            found == math.ceil(variance / wanted),
            f"{asked}: that is so for independent members. These share a part of their luck.",
        )
        wrong_if(found < 1, f"{asked}. A team has one member at least.")
        wrong_if(found > right, f"{asked}, and {right} is enough.")
        raise Wrong(f"{asked}, and with so many it is {_formula(variance, rho, found):g}.")
    return "Halving what can still be saved takes twice the members. That is why the curve in section 7 lies flat so soon."


def _formula(variance, rho, k):
    return rho * variance + (1 - rho) * variance / k


def _members_needed(variance, rho, wanted):
    if wanted >= variance:
        return 1
    left = wanted - rho * variance
    return math.ceil((1 - rho) * variance / left) if left > 0 else None


q3 = Exercise(
    _check_q3,
    [
        "The mean of k members has the variance rho * variance + (1 - rho) * variance / k. Solve that for k, and round up.",
        "If wanted <= rho * variance there is no such k, unless one member is enough already (wanted >= variance).",
    ],
    _members_needed,
)


# --- q4: a bag without a leak


def _check_q4(split_bag):
    for seed in (1, 2, 3):
        rng = np.random.default_rng(seed)
        drawn = rng.integers(0, 500, 500)
        found = there(split_bag(drawn.copy(), np.random.default_rng(seed)))
        two = "two arrays: the rows to train on, and the rows to validate on"
        train, validation = (part.ravel() for part in parts(found, 2, two))
        wrong_if(min(len(train), len(validation)) == 0, "One of your two parts is empty.")
        shared = np.intersect1d(train, validation)
        if len(shared):
            raise Wrong(
                f"Row {shared[0]} is on both sides, and {len(shared)} rows in all. "
                "Split the distinct rows first: np.unique(drawn)."
            )
        together = np.sort(np.concatenate([train, validation]))
        wrong_if(
            len(together) == len(np.unique(drawn)),
            "Your parts hold each row once. The copies belong to the bootstrap: "
            "take the entries of `drawn`, np.isin finds them.",
        )
        wrong_if(
            not np.array_equal(together, np.sort(drawn)),
            f"Your parts hold {len(together)} entries, which are not the {len(drawn)} of `drawn`.",
        )
        share = len(validation) / len(drawn)
        told = f"{share:.0%} of the entries are for validation"
        wrong_if(share > 0.5, f"{told}. Are the two parts in the right order, training first?")
        wrong_if(not 0.1 < share < 0.3, f"{told}; about 20 % are asked for.")
    return "No row has copies on both sides, and the copies are still there."


def _split_bag(drawn, rng):
    distinct = rng.permutation(np.unique(drawn))
    held_out = np.isin(drawn, distinct[: len(distinct) // 5])
    return drawn[~held_out], drawn[held_out]


q4 = Exercise(
    _check_q4,
    [
        "np.unique(drawn) has each row once. Choose a fifth of *those* at random for validation.",
        "held_out = np.isin(drawn, chosen) says which entries of `drawn` go there; the others are drawn[~held_out].",
    ],
    _split_bag,
)
