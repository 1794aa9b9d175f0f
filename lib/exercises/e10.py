"""Exercises of notebook 10: a member's say, drawing by weight, early stopping, boosting the absolute error."""

import functools
import math

import numpy as np

from lib import ensembles
from lib.exercises.core import Exercise, Wrong, wrong_if
from lib.exercises.old import compare, number, there

# --- q1: a member's say


def _check_q1(member_say):
    rng = np.random.default_rng(1)
    close = functools.partial(math.isclose, rel_tol=1e-6, abs_tol=1e-9)
    for n_classes, share in ((2, 0.3), (3, 0.4), (10, 0.7), (3, 0.9), (2, 0.95)):
        weights, wrong = 5 * rng.random(400), rng.random(400) < share
        found = number(member_say(weights.copy(), wrong.copy(), n_classes))
        right = ensembles.reweight(weights, wrong, n_classes)[1]
        error, unweighted = weights[wrong].sum() / weights.sum(), wrong.mean()
        odds, more = math.log((1 - error) / error), math.log(n_classes - 1)
        asked = f"With a weighted error of {error:.2f} and {n_classes} classes you say {found:.3f}"
        wrong_if(right == 0 and found < 0, f"{asked}. That is worse than guessing; such a member gets 0.")
        wrong_if(not math.isfinite(found), f"{asked}. Do the weights sum to 1 before you take their error?")
        mistakes = [
            (
                math.log((1 - unweighted) / unweighted) + more,
                f"{asked}. That belongs to the plain error, {unweighted:.2f}. Where do the weights come in?",
            ),
            (right / 2, f"{asked}, half of what SAMME says. (Some books on two classes have the half.)"),
            (more - odds, f"{asked}. Is your fraction upside down? A small error gives a large say."),
        ]
        if n_classes > 2:
            two = f"{asked}. That is so for two classes. For more of them log(n_classes - 1) is added."
            mistakes.insert(1, (odds, two))
        otherwise = f"{asked}. It is log((1 - error) / error) + log(n_classes - 1), with the weighted error."
        compare(found, right, mistakes, otherwise, close)
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

    def draw(seed):
        return np.asarray(there(resample(weights.copy(), 4000, np.random.default_rng(seed))))

    rows = draw(1)
    wrong_if(
        rows.shape != (4000,),
        f"You return the shape {rows.shape}; 4000 row numbers were asked for, shape (4000,).",
    )
    wrong_if(rows.dtype.kind not in "iu", f"You return {rows.dtype}; row numbers are whole numbers.")
    for row in (rows.max(), rows.min()):
        wrong_if(not 0 <= row <= 5, f"There are rows 0 to 5, and you return {row}.")
    shares, expected = np.bincount(rows, minlength=6) / 4000, weights / weights.sum()
    wrong_if(
        shares[4] > 0,
        "You draw row 4, whose weight is 0. Draw in proportion to the weights: `p=` of rng.choice.",
    )
    worst = int(np.abs(shares - expected).argmax())
    wrong_if(
        abs(shares[worst] - expected[worst]) > 0.05,
        f"Row {worst} has {expected[worst]:.0%} of the weight, and {shares[worst]:.0%} of your draws.",
    )
    wrong_if(
        np.array_equal(np.sort(draw(2)), np.sort(rows)),
        "Two generators give every row equally often. Draw each one by itself, by lot, with `rng`.",
    )
    wrong_if(
        not np.array_equal(draw(1), rows),
        "The same generator gives other rows the second time. Draw with `rng`, and with nothing else.",
    )
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
        ([5, 4, 3, 2, 1], 2, 5),
        ([5, 3, 4, 4, 1], 2, 2),
        ([5, 3, 4, 2, 4, 4, 4, 1], 3, 4),
        ([2, 3, 4, 1], 3, 4),
        ([5, 4, 4, 4, 1], 2, 2),
        ([4, 3, 5, 2, 6, 1], 1, 2),
    ]
    for errors, patience, right in cases:
        found = there(rounds_to_keep(np.array(errors, float), patience))
        asked = f"For the errors {errors} and a patience of {patience} you keep {found}"
        mistakes = [
            (
                int(np.argmin(errors)) + 1,
                f"{asked}, the best of all. But training has stopped before, and nobody has seen that round.",
            ),
            (right - 1, f"{asked}, and it is {right}. errors[0] is the error after one round, not after none."),
            (
                right + patience,
                f"{asked}. There training stops; but keep only the rounds up to the smallest error, {right}.",
            ),
        ]
        otherwise = f"{asked}, and it is {right}: no error after round {right} is smaller, "
        compare(found, right, mistakes, otherwise + f"for {patience} rounds or to the end.")
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
    wrong_if(
        found.shape != y.shape,
        f"You return the shape {found.shape}; the predictions after all rounds have {y.shape}.",
    )
    if not np.allclose(found, _boost_absolute(_bins, x, y, 5, 0.5)):
        _say_q4(found, asked, x, y)
    return "One value that is far off pulls no harder than any other. So this loss is robust."


def _say_q4(found, asked, x, y):
    """Say what is wrong with predictions, by the targets that were asked for in each round."""
    wrong_if(len(asked) != 5, f"For 5 rounds you train {len(asked)} members.")
    first = asked[0]
    wrong_if(
        np.abs(first).max() > 1,
        f"A member is given a target of {np.abs(first).max():.3g}. The targets are +1, -1 and 0: the sign of the residual.",
    )
    wrong_if(
        np.allclose(first, np.sign(y - y.mean())), "You begin with the mean. The absolute error is smallest at the median."
    )
    wrong_if(
        np.allclose(first, -np.sign(y - np.median(y))),
        "Your targets point the wrong way: +1 where the truth lies above the prediction.",
    )
    wrong_if(
        np.allclose(found, _boost_absolute(_bins, x, y, 5, 1.0)),
        "You add each member's whole answer. Only the share `shrinkage` of it is added.",
    )
    wrong_if(not (first == 0).any(), "One row's truth equals the median: its target is 0, not +1 or -1.")
    wrong_if(
        np.allclose(first, asked[-1]),
        "All members get the same targets. Compute them anew from the current prediction in every round.",
    )
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
