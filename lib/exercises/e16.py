"""Exercises of notebook 16: a place on an axis, a brush by hand, lines that cross, a gate."""

import itertools

import numpy as np
import pandas as pd

from lib.exercises.core import Exercise, Wrong, wrong_if
from lib.exercises.old import compare, number, there

# --- q1: a place on the axis


def _check_q1(places):
    rng = np.random.default_rng(1)
    samples = (np.array([1e-4, 1e-3, 1e-2, 1.0]), np.array([10.0, 40, 20]), rng.uniform(2, 90, 50))
    for values, log in itertools.product(samples, (False, True)):
        found = np.asarray(there(places(values.copy(), log)), float)
        wrong_if(
            found.shape != values.shape,
            f"For {len(values)} values your function returns the shape {found.shape}; each value has one place.",
        )
        right, linear = _places(values, log), _places(values, False)
        if np.allclose(found, right, atol=1e-9):
            continue
        kind = "a logarithmic" if log else "a linear"
        wrong_if(
            np.allclose(found, _places(values, not log)),
            f"On {kind} axis your places are those of the other kind. What does `log` decide?",
        )
        wrong_if(
            log and np.allclose(10 ** (found - found.max()), linear / linear.max(), atol=1e-6),
            "You take the logarithm of the places; take it of the values, and then the shares.",
        )
        wrong_if(
            not (np.isclose(found.min(), 0) and np.isclose(found.max(), 1)),
            f"On {kind} axis your places go from {found.min():.3g} to {found.max():.3g}. The smallest value belongs at "
            "0, and the greatest at 1: subtract the smallest, then divide by the span.",
        )
        raise Wrong(
            f"On {kind} axis {values[1]:g} among {values[:4].round(4).tolist()} should be at {right[1]:.3f}, "
            f"and yours is at {found[1]:.3f}."
        )
    return "On the logarithmic axis 0.0001, 0.001 and 0.01 are a quarter of it apart, when it ends at 1."


def _places(values, log):
    if log:
        values = np.log10(values)
    return (values - values.min()) / (values.max() - values.min())


q1 = Exercise(
    _check_q1,
    [
        "First decide what is laid out along the axis: the values, or np.log10 of the values.",
        "Then subtract the smallest, and divide by the difference of the greatest and the smallest.",
    ],
    _places,
)


# --- q2: a brush by hand


def _flowers(seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"a": rng.integers(0, 10, 60), "b": rng.integers(0, 10, 60), "c": rng.integers(0, 10, 60)})


def _check_q2(passing):
    cases = [{}, {"a": [(2, 5)]}, {"a": [(0, 2), (6, 8)]}, {"a": [(0, 4), (7, 9)], "b": [(3, 9)]}]
    for seed, brushes in enumerate(cases):
        frame = _flowers(seed)
        found = there(passing(frame.copy(), {name: list(ranges) for name, ranges in brushes.items()}))
        wrong_if(
            not isinstance(found, pd.DataFrame),
            f"Your function returns a {type(found).__name__}; return the rows of the frame, a DataFrame.",
        )
        right = frame[_joined(frame, brushes)]
        if found.equals(right):
            continue
        wrong_if(
            sorted(found.index) == sorted(right.index),
            "These are the right rows; keep the frame's order and all its columns.",
        )
        wrong_if(not brushes, f"With nothing brushed all {len(frame)} rows pass; yours are {len(found)}.")
        asked = f"With {brushes} {len(right)} rows pass, and yours are {len(found)}."
        first = {name: ranges[:1] for name, ranges in brushes.items()}
        mistakes = [
            (_joined(frame, brushes, inclusive="neither"), f"{asked} The ends of a range are part of it."),
            (
                _joined(frame, brushes, within_axis=all),
                f"{asked} On one axis a value needs to be in one of its ranges, and it cannot be in all of them.",
            ),
            (
                _joined(frame, brushes, across_axes=any),
                f"{asked} A row has to pass every axis that is brushed, not just one.",
            ),
            (_joined(frame, first), f"{asked} A column may have several ranges; you use the first."),
        ]
        indices = [(frame.index[passes].tolist(), words) for passes, words in mistakes]
        otherwise = f"{asked} In one of the ranges on every axis: `any` inside, `all` outside."
        compare(found.index.tolist(), right.index.tolist(), indices, otherwise)
    return "One of the ranges on each axis, and every axis: that is what `viz.selected` does with a figure."


def _joined(frame, brushes, within_axis=any, across_axes=all, inclusive="both"):
    """Say of each row whether it passes; a likely mistake joins the ranges otherwise, or leaves out their ends.

    Returns:
        A list of bool, one a row.
    """
    axes = [
        [frame[name].between(low, high, inclusive=inclusive) for low, high in ranges] for name, ranges in brushes.items()
    ]
    return [across_axes(within_axis(part[row] for part in ranges) for ranges in axes) for row in frame.index]


def _passing(frame, brushes):
    keep = pd.Series(True, index=frame.index)
    for column, ranges in brushes.items():
        keep &= np.any([frame[column].between(low, high) for low, high in ranges], axis=0)
    return frame[keep]


q2 = Exercise(
    _check_q2,
    [
        "Start with a Series that is True for each row, and let each column of `brushes` take some away with `&=`.",
        "frame[column].between(low, high) is one range, ends included. Join those of one column with `|`, or np.any.",
    ],
    _passing,
)


# --- q3: lines that cross


def _check_q3(crossings):
    rng = np.random.default_rng(1)
    cases = [([1, 2, 3], [3, 2, 1]), ([1, 2], [1, 2]), ([1, 2], [2, 1]), ([1, 1, 2], [1, 2, 2])]
    cases += [(rng.permutation(12), rng.permutation(12)) for _ in range(2)] + [tuple(rng.integers(0, 5, (2, 20)))]
    for left, right in cases:
        left, right = np.asarray(left), np.asarray(right)
        found = number(crossings(left.copy(), right.copy()))
        exact = _crossings(left, right)
        asked = f"Between {left.tolist()} and {right.tolist()} {exact} pairs cross, and you count {found:g}."
        signs = [(left[i] - left[j]) * (right[i] - right[j]) for i in range(len(left)) for j in range(i)]
        mistakes = [
            (2 * exact, f"{asked} You meet every pair twice, once from either side."),
            (sum(sign > 0 for sign in signs), f"{asked} Those are the pairs that run side by side."),
            (sum(sign <= 0 for sign in signs), f"{asked} Lines that start or end at the same point do not cross."),
        ]
        otherwise = f"{asked} Two lines cross if the one that is higher on the left is the lower one on the right."
        compare(found, exact, mistakes, otherwise)
    return "Many crossings: one grows where the other shrinks. Kendall's rank correlation counts just this."


def _crossings(left, right):
    count = 0
    for i in range(len(left)):
        for j in range(i):
            count += bool((left[i] - left[j]) * (right[i] - right[j]) < 0)
    return count


q3 = Exercise(
    _check_q3,
    [
        "Lines i and j cross if left[i] - left[j] and right[i] - right[j] have different signs, and neither is 0.",
        "Two numbers have different signs if their product is negative. Go through each pair once: j in range(i).",
    ],
    _crossings,
)


# --- q4: the gate


def _trials(direction, seed):
    rng = np.random.default_rng(seed)
    score = rng.permutation(30) / 30.0
    score[rng.choice(30, 6, replace=False)] = np.nan
    frame = pd.DataFrame(
        {"trial": range(1, 31), "units": rng.permutation(30) * 8 + 8, "score": score, "direction": direction}
    )
    return frame.assign(status=np.where(frame.score.isna(), "FAILED", "COMPLETED"))


def _check_q4(gate):
    for seed, (direction, other) in enumerate((("max", "min"), ("min", "max"), ("max", "min"))):
        frame, n = _trials(direction, seed), 5 + seed
        answer = there(gate(frame.copy(), "units", n))
        wrong_if(np.shape(answer) != (2,), "Return two numbers: the smallest and the greatest value.")
        found, right = tuple(float(value) for value in answer), _gate(frame, "units", n)
        asked = (
            f"With direction {direction!r} the best {n} have units from {right[0]} to {right[1]}; "
            f"yours are from {found[0]:g} to {found[1]:g}."
        )
        failed = frame.sort_values("score", ascending=direction == "min", na_position="first").units.head(n)
        mistakes = [
            (
                _gate(frame.assign(direction=other), "units", n),
                f"{asked} Those are the worst. Which way is better, says the column `direction`.",
            ),
            (right[::-1], f"{asked} The smallest value first."),
            ((failed.min(), failed.max()), f"{asked} Some of your best trials have failed: they have no score."),
            ((frame.units.min(), frame.units.max()), f"{asked} Those are the ends of all trials."),
        ]
        compare(found, right, mistakes, f"{asked} Sort by score, the best first, and take {n}.")
    return "A narrow gate says that this value has to be right."


def _gate(frame, column, n):
    greatest = frame.direction.iloc[0] == "max"
    best = frame.dropna(subset="score").sort_values("score", ascending=not greatest).head(n)
    return best[column].min(), best[column].max()


q4 = Exercise(
    _check_q4,
    [
        "frame.dropna(subset='score') leaves the trials with a score; sort_values('score', ascending=...) puts the best first.",
        "ascending is True where the direction is 'min'. Then head(n)[column], its min() and its max().",
    ],
    _gate,
)
