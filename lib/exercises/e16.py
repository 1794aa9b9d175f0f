"""Exercises of notebook 16: a place on an axis, a brush by hand, lines that cross, a gate."""

import numpy as np
import pandas as pd

from lib.exercises.core import Exercise, Wrong, there

# --- q1: a place on the axis


def _check_q1(places):
    rng = np.random.default_rng(1)
    for values in (np.array([1e-4, 1e-3, 1e-2, 1.0]), np.array([10.0, 40, 20]), rng.uniform(2, 90, 50)):
        for log in (False, True):
            found = np.asarray(there(places(values.copy(), log)), float)
            if found.shape != values.shape:
                raise Wrong(
                    f"For {len(values)} values your function returns the shape {found.shape}; each value has one place."
                )
            right = _places(values, log)
            if np.allclose(found, right, atol=1e-9):
                continue
            kind = "a logarithmic" if log else "a linear"
            if np.allclose(found, _places(values, not log)):
                raise Wrong(f"On {kind} axis your places are those of the other kind. What does `log` decide?")
            if log and np.allclose(
                10 ** (found - found.max()), _places(values, False) / _places(values, False).max(), atol=1e-6
            ):
                raise Wrong("You take the logarithm of the places; take it of the values, and then the shares.")
            if not (np.isclose(found.min(), 0) and np.isclose(found.max(), 1)):
                raise Wrong(
                    f"On {kind} axis your places go from {found.min():.3g} to {found.max():.3g}. The smallest value belongs at "
                    "0, and the greatest at 1: subtract the smallest, then divide by the span."
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
    for number, brushes in enumerate(cases):
        frame = _flowers(number)
        found = there(passing(frame.copy(), {name: list(ranges) for name, ranges in brushes.items()}))
        right = _passing(frame, brushes)
        if not isinstance(found, pd.DataFrame):
            raise Wrong(f"Your function returns a {type(found).__name__}; return the rows of the frame, a DataFrame.")
        if found.equals(right):
            continue
        if sorted(found.index) == sorted(right.index):
            raise Wrong("These are the right rows; keep the frame's order and all its columns.")
        if not brushes:
            raise Wrong(f"With nothing brushed all {len(frame)} rows pass; yours are {len(found)}.")
        asked = f"With {brushes} {len(right)} rows pass, and yours are {len(found)}."
        inner = frame[
            [
                all(any(low < row[n] < high for low, high in r) for n, r in brushes.items())
                for _, row in frame.iterrows()
            ]
        ]
        if found.index.tolist() == inner.index.tolist():
            raise Wrong(f"{asked} The ends of a range are part of it.")
        every = frame[
            [
                all(all(low <= row[n] <= high for low, high in r) for n, r in brushes.items())
                for _, row in frame.iterrows()
            ]
        ]
        if found.index.tolist() == every.index.tolist():
            raise Wrong(
                f"{asked} On one axis a value needs to be in one of its ranges, and it cannot be in all of them."
            )
        some = frame[
            [
                any(any(low <= row[n] <= high for low, high in r) for n, r in brushes.items())
                for _, row in frame.iterrows()
            ]
        ]
        if found.index.tolist() == some.index.tolist():
            raise Wrong(f"{asked} A row has to pass every axis that is brushed, not just one.")
        first = _passing(frame, {name: ranges[:1] for name, ranges in brushes.items()})
        if found.index.tolist() == first.index.tolist():
            raise Wrong(f"{asked} A column may have several ranges; you use the first.")
        raise Wrong(f"{asked} In one of the ranges on every axis: `any` inside, `all` outside.")
    return "One of the ranges on each axis, and every axis: that is what `viz.selected` does with a figure."


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
        found = float(there(crossings(left.copy(), right.copy())))
        exact = _crossings(left, right)
        if found == exact:
            continue
        asked = f"Between {left.tolist()} and {right.tolist()} {exact} pairs cross, and you count {found:g}."
        if found == 2 * exact:
            raise Wrong(f"{asked} You meet every pair twice, once from either side.")
        pairs = [(i, j) for i in range(len(left)) for j in range(i)]
        if found == sum((left[i] - left[j]) * (right[i] - right[j]) > 0 for i, j in pairs):
            raise Wrong(f"{asked} Those are the pairs that run side by side.")
        if found == sum((left[i] - left[j]) * (right[i] - right[j]) <= 0 for i, j in pairs):
            raise Wrong(f"{asked} Lines that start or end at the same point do not cross.")
        raise Wrong(f"{asked} Two lines cross if the one that is higher on the left is the lower one on the right.")
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
    for seed, direction in enumerate(("max", "min", "max")):
        frame, n = _trials(direction, seed), 5 + seed
        answer = there(gate(frame.copy(), "units", n))
        if np.shape(answer) != (2,):
            raise Wrong("Return two numbers: the smallest and the greatest value.")
        found, right = tuple(float(value) for value in answer), _gate(frame, "units", n)
        if found == right:
            continue
        asked = (
            f"With direction {direction!r} the best {n} have units from {right[0]} to {right[1]}; "
            f"yours are from {found[0]:g} to {found[1]:g}."
        )
        if found == _gate(frame.assign(direction={"max": "min", "min": "max"}[direction]), "units", n):
            raise Wrong(f"{asked} Those are the worst. Which way is better, says the column `direction`.")
        if found == right[::-1]:
            raise Wrong(f"{asked} The smallest value first.")
        ordered = frame.sort_values("score", ascending=direction == "min", na_position="first").units.head(n)
        if found == (ordered.min(), ordered.max()):
            raise Wrong(f"{asked} Some of your best trials have failed: they have no score.")
        if found == (frame.units.min(), frame.units.max()):
            raise Wrong(f"{asked} Those are the ends of all trials.")
        raise Wrong(f"{asked} Sort by score, the best first, and take {n}.")
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
