"""Exercises of notebook 10: a member's say, drawing by weight, early stopping, boosting the absolute error."""

import math

import numpy as np

from lib import ensembles
from lib.exercises.core import Exercise, Wrong, there

# --- q1: a member's say


def _check_q1(member_say):
    rng = np.random.default_rng(1)
    for n_classes, share in ((2, 0.3), (3, 0.4), (10, 0.7), (3, 0.9), (2, 0.95)):
        weights, wrong = 5 * rng.random(400), rng.random(400) < share
        found = float(there(member_say(weights.copy(), wrong.copy(), n_classes)))
        right = ensembles.reweight(weights, wrong, n_classes)[1]
        if math.isclose(found, right, rel_tol=1e-6, abs_tol=1e-9):
            continue
        error = weights[wrong].sum() / weights.sum()
        asked = f"With a weighted error of {error:.2f} and {n_classes} classes you say {found:.3f}"
        odds = math.log((1 - error) / error)
        if right == 0 and found < 0:
            raise Wrong(f"{asked}. That is worse than guessing; such a member gets 0.")
        if not math.isfinite(found):
            raise Wrong(f"{asked}. Do the weights sum to 1 before you take their error?")
        unweighted = wrong.mean()
        if math.isclose(found, math.log((1 - unweighted) / unweighted) + math.log(n_classes - 1), rel_tol=1e-6):
            raise Wrong(f"{asked}. That belongs to the plain error, {unweighted:.2f}. Where do the weights come in?")
        if n_classes > 2 and math.isclose(found, odds, rel_tol=1e-6):
            raise Wrong(f"{asked}. That is so for two classes. For more of them log(n_classes - 1) is added.")
        if math.isclose(found, right / 2, rel_tol=1e-6):
            raise Wrong(f"{asked}, half of what SAMME says. (Some books on two classes have the half.)")
        if math.isclose(found, math.log(n_classes - 1) - odds, rel_tol=1e-6):
            raise Wrong(f"{asked}. Is your fraction upside down? A small error gives a large say.")
        raise Wrong(f"{asked}. It is log((1 - error) / error) + log(n_classes - 1), with the weighted error.")
    return "A member that is wrong on 70 % of the weight still has a say among ten classes, and none among two."


def _member_say(weights, wrong, n_classes):
    error = weights[wrong].sum() / weights.sum()
    return max(0.0, np.log((1 - error) / error) + np.log(n_classes - 1))


q1 = Exercise(
    _check_q1,
    [
        "The weighted error is the weight of what is wrong, divided by all weight.",
        "np.log((1 - error) / error) + np.log(n_classes - 1), and max(0, ...) of that.",
    ],
    _member_say,
)


# --- q2: without weights


def _check_q2(resample):
    weights = 3 * np.array([1, 1, 2, 4, 0, 12.0])
    rows = np.asarray(there(resample(weights.copy(), 4000, np.random.default_rng(1))))
    if rows.shape != (4000,):
        raise Wrong(f"You return the shape {rows.shape}; 4000 row numbers were asked for, shape (4000,).")
    if rows.dtype.kind not in "iu":
        raise Wrong(f"You return {rows.dtype}; row numbers are whole numbers.")
    if rows.min() < 0 or rows.max() > 5:
        raise Wrong(f"There are rows 0 to 5, and you return {rows.max() if rows.max() > 5 else rows.min()}.")
    shares, expected = np.bincount(rows, minlength=6) / 4000, weights / weights.sum()
    if shares[4] > 0:
        raise Wrong("You draw row 4, whose weight is 0. Draw in proportion to the weights: `p=` of rng.choice.")
    if np.abs(shares - expected).max() > 0.05:
        worst = int(np.abs(shares - expected).argmax())
        raise Wrong(f"Row {worst} has {expected[worst]:.0%} of the weight, and {shares[worst]:.0%} of your draws.")
    others = np.asarray(resample(weights.copy(), 4000, np.random.default_rng(2)))
    if np.array_equal(np.sort(others), np.sort(rows)):
        raise Wrong("Two generators give every row equally often. Draw each one by itself, by lot, with `rng`.")
    again = np.asarray(resample(weights.copy(), 4000, np.random.default_rng(1)))
    if not np.array_equal(again, rows):
        raise Wrong("The same generator gives other rows the second time. Draw with `rng`, and with nothing else.")
    return "A heavy row comes often, and one without weight never. So a model without `sample_weight` can be boosted too."


def _resample(weights, size, rng):
    return rng.choice(len(weights), size, p=weights / weights.sum())


q2 = Exercise(
    _check_q2,
    [
        "rng.choice draws with replacement, unless it is told otherwise, and takes probabilities as `p`.",
        "Probabilities sum to 1: rng.choice(len(weights), size, p=weights / weights.sum()).",
    ],
    _resample,
)


# --- q3: early stopping


def _check_q3(rounds_to_keep):
    cases = [
        ([5, 4, 3, 2, 1], 2),
        ([5, 3, 4, 4, 1], 2),
        ([5, 3, 4, 2, 4, 4, 4, 1], 3),
        ([2, 3, 4, 1], 3),
        ([5, 4, 4, 4, 1], 2),
        ([4, 3, 5, 2, 6, 1], 1),
    ]
    for errors, patience in cases:
        found, right = there(rounds_to_keep(np.array(errors, float), patience)), _rounds_to_keep(errors, patience)
        if found == right:
            continue
        asked = f"For the errors {errors} and a patience of {patience} you keep {found}"
        if found == int(np.argmin(errors)) + 1 and right != found:
            raise Wrong(f"{asked}, the best of all. But training has stopped before, and nobody has seen that round.")
        if found == right - 1:
            raise Wrong(f"{asked}, and it is {right}. errors[0] is the error after one round, not after none.")
        if found == right + patience:
            raise Wrong(f"{asked}. There training stops; but keep only the rounds up to the smallest error, {right}.")
        raise Wrong(f"{asked}, and it is {right}: no error after round {right} is smaller, for {patience} rounds or to the end.")
    return "What comes after the stop, nobody knows. That is the price of patience, and of impatience."


def _rounds_to_keep(errors, patience):
    best = 0
    for k in range(1, len(errors)):
        if errors[k] < errors[best]:
            best = k
        elif k - best >= patience:
            break
    return best + 1


q3 = Exercise(
    _check_q3,
    [
        "Go through the errors one by one, and remember where the smallest one was.",
        "When the current round is `patience` rounds after the best one, break. Round numbers begin at 1.",
    ],
    _rounds_to_keep,
)


# --- q4: another loss


def _bins(x, targets, x_new):
    """A small member: the mean of the targets in each of three ranges of x."""
    inside, new = np.digitize(x[:, 0], [-0.5, 0.5]), np.digitize(x_new[:, 0], [-0.5, 0.5])
    means = np.array([targets[inside == k].mean() for k in range(3)])
    return means[new]


def _check_q4(boost_absolute):
    rng = np.random.default_rng(4)
    x = rng.normal(size=(61, 1))
    y = 2 * x[:, 0] + rng.normal(size=61)
    y[0] = 60.0  # one value that is far off
    asked = []

    def fit_predict(x_train, targets, x_new):
        asked.append(np.array(targets, float))
        return _bins(x_train, asked[-1], x_new)

    found = np.asarray(there(boost_absolute(fit_predict, x.copy(), y.copy(), 5, 0.5)), float)
    right = _boost_absolute(_bins, x, y, 5, 0.5)
    if found.shape != y.shape:
        raise Wrong(f"You return the shape {found.shape}; the predictions after all rounds have {y.shape}.")
    if np.allclose(found, right):
        return "One value that is far off pulls no harder than any other. So this loss is robust."
    if len(asked) != 5:
        raise Wrong(f"For 5 rounds you train {len(asked)} members.")
    if np.abs(asked[0]).max() > 1:
        raise Wrong(
            f"A member is given a target of {np.abs(asked[0]).max():.3g}. The targets are +1, -1 and 0: the sign of the residual."
        )
    if np.allclose(asked[0], np.sign(y - y.mean())):
        raise Wrong("You begin with the mean. The absolute error is smallest at the median.")
    if np.allclose(asked[0], -np.sign(y - np.median(y))):
        raise Wrong("Your targets point the wrong way: +1 where the truth lies above the prediction.")
    if np.allclose(found, _boost_absolute(_bins, x, y, 5, 1.0)):
        raise Wrong("You add each member's whole answer. Only the share `shrinkage` of it is added.")
    if not (asked[0] == 0).any():
        raise Wrong("One row's truth equals the median: its target is 0, not +1 or -1.")
    if np.allclose(asked[0], asked[-1]):
        raise Wrong("All members get the same targets. Compute them anew from the current prediction in every round.")
    raise Wrong("The predictions are not those of the loop: begin with the median, then add shrinkage * fit_predict(x, sign, x).")


def _boost_absolute(fit_predict, x, y, rounds, shrinkage):
    prediction = np.full(len(y), np.median(y))
    for _ in range(rounds):
        prediction = prediction + shrinkage * fit_predict(x, np.sign(y - prediction), x)
    return prediction


q4 = Exercise(
    _check_q4,
    [
        "It is the loop of section 7 with other targets: np.sign of the residual.",
        "Begin with np.full(len(y), np.median(y)), and add shrinkage * fit_predict(x, np.sign(y - prediction), x).",
    ],
    _boost_absolute,
)
