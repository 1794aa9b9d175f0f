"""Exercises of notebook 16: a place on an axis, a brush by hand, lines that cross, a gate, an order of the axes."""

import functools
import itertools
import math

import numpy as np
import pandas as pd

from lib.exercises import kinds
from lib.exercises.asking import Seen
from lib.exercises.core import Exercise, over_cases, wrong_if

# --- q1: a place on the axis


def _axes():
    """Return arrays of positive numbers: two, ties, whole ones, powers of ten, all below one, and many of chance."""
    rng = np.random.default_rng(1)
    few = [[1.0, 100.0], [100.0, 1.0], [10.0, 40.0, 20.0], [0.1, 0.01, 0.1, 0.001], [1e-4, 1e-3, 1e-2, 1.0], [2.0, 5.0, 5.0, 2.0]]
    few.append([1e-9, 1e-3, 1.0])
    return [*map(np.array, few), np.array([8, 64, 512, 16]), rng.uniform(2, 90, 30), 10 ** rng.uniform(-6, -2, 30)]


def _check_q1(places):
    def ranked(values, log):
        return np.argsort(np.argsort(values)) / (len(values) - 1)

    cases = [(values, log) for values in _axes() for log in (False, True)]
    mistakes = [
        (lambda v, log: _places(v, False), "Those are places on a linear axis whatever `log` says."),
        (lambda v, log: _places(v, True), "Those are places on a logarithmic axis whatever `log` says."),
        (lambda v, log: _places(v, not log), "You have the two kinds of axis swapped. What does `log` decide?"),
        (lambda v, log: _laid(v, log) / _laid(v, log).max(), "The smallest belongs at 0: subtract it before you divide."),
        (lambda v, log: (_laid(v, log) - _laid(v, log).min()) / _laid(v, log).max(), "Divide by the span, not by the greatest."),
        (lambda v, log: _laid(v, log) - _laid(v, log).min(), "The greatest belongs at 1: divide by the span."),
        (lambda v, log: 1 - _places(v, log), "The smallest belongs at 0 and the greatest at 1, not the other way round."),
        (lambda v, log: np.sort(_places(v, log)), "These are sorted: each value has its place, in the order of `values`."),
        (ranked, "Those are shares of ranks: how far apart two values are counts as well."),
        (lambda v, log: _places(np.log1p(v) if log else v, False), "That is the logarithm of one more than the value."),
    ]
    why = "It is the share of the way from the smallest to the greatest, of the values or of their logarithms."
    over_cases(places, cases, _by_hand, why, mistakes, _close)
    return "On the logarithmic axis 0.0001, 0.001 and 0.01 are a quarter of it apart, when it ends at 1."


def _close(found, right):
    return found.shape == right.shape and np.allclose(found, right, rtol=1e-5, atol=1e-6, equal_nan=True)


def _by_hand(values, log):
    laid = [math.log2(value) if log else value for value in values.tolist()]
    return [(value - min(laid)) / (max(laid) - min(laid)) for value in laid]


def _laid(values, log):
    return np.log10(values) if log else values


def _places(values, log):
    if log:
        values = np.log10(values)
    return (values - values.min()) / (values.max() - values.min())


q1 = Exercise(
    _check_q1,
    [
        "First decide what is laid out along the axis: the values, or np.log10 of the values.",
        "Then subtract the smallest, and divide by the difference of the greatest and the smallest.",
        "if log: values = ...; return (values - ...) / (... - ...)",
    ],
    _places,
    due=kinds.array(1),
)


# --- q2: a brush by hand


def _index(passing, frame, brushes):
    """Let an answer brush; return the index of its rows, a list."""
    found, call = passing(frame, brushes), passing.shown(frame, brushes)
    columns = f"the columns {', '.join(map(str, found))}"
    wrong_if(list(found) != list(frame), f"For {call} your answer has {columns}: keep all of them, in their order.")
    index = found.index.tolist()
    strange = not set(index) <= set(frame.index) or not found.astype(object).equals(frame.loc[index].astype(object))
    wrong_if(strange, f"For {call} your rows are not rows of the frame with the index that they have there.")
    return index


def _flowers():
    """Return frames: of three rows, of twelve, of sixty with gaps, and with an index that is out of order."""
    rng = np.random.default_rng(0)
    frames = [pd.DataFrame(rng.integers(0, 10, (rows, 3)), columns=["a", "b", "c"]) for rows in (3, 12, 60)]
    frames[2]["c"] = frames[2]["c"].where(frames[2]["c"] > 2)
    return [*frames, frames[0] + 0.25, frames[2].assign(name="x").sample(frac=1, random_state=1)]


def _check_q2(passing):
    one, two = {"a": [(2, 5)]}, {"a": [(0, 2), (6, 8)]}
    several = [{"a": [(0, 4), (7, 9)], "b": [(3, 9)]}, {"b": [(0, 9)], "a": [(1, 1), (3, 3.5)], "c": [(3, 4), (4, 9), (6, 7)]}]
    cases = list(itertools.product(_flowers(), [{}, one, two, *several, {"c": [(0, 9)]}, {"a": [(20, 30)]}]))
    mistakes = [
        (functools.partial(_joined, inside=lambda low, value, high: low < value < high), "The ends of a range are part of it."),
        (functools.partial(_joined, inside=lambda low, value, high: low <= value < high), "The upper end is part of a range."),
        (functools.partial(_joined, inside=lambda low, value, high: low < value <= high), "The lower end is part of a range."),
        (functools.partial(_joined, within=all), "On one axis a value needs to be in one of its ranges, not in all of them."),
        (functools.partial(_joined, across=any), "A row has to pass every axis that is brushed, not just one."),
        (lambda f, b: _joined(f, b, across=any) if b else f.index.tolist(), "A row has to pass every axis, not just one."),
        (lambda f, b: _joined(f, {name: ranges[:1] for name, ranges in b.items()}), "You use the first range of a column alone."),
        (lambda f, b: _joined(f, {name: ranges[-1:] for name, ranges in b.items()}), "You use the last range of a column alone."),
        (lambda f, b: _joined(f, dict([*b.items()][:1])), "You use the first column alone."),
        (lambda f, b: _joined(f, dict([*b.items()][-1:])), "You use the last column alone."),
        (lambda f, b: f.index.tolist(), "Those are all rows."),
        (lambda f, b: sorted(_joined(f, b)), "Keep the frame's order."),
        (lambda f, b: _joined(f, b)[::-1], "Keep the frame's order."),
        (functools.partial(_joined, inside=lambda low, value, high: not (value < low or value > high)), "A gap is in no range."),
    ]
    why = "A row passes if on every axis its value is in one of the ranges: `any` inside, `all` outside."
    over_cases(Seen(passing, functools.partial(_index, passing), passing.shown), cases, _joined, why, mistakes)
    return "One of the ranges on each axis, and every axis: that is what `viz.selected` does with a figure."


def _joined(frame, brushes, within=any, across=all, inside=lambda low, value, high: low <= value <= high):
    """Return the index of the rows that pass; a likely mistake joins the ranges otherwise, or leaves out their ends."""
    rows = frame.to_dict("records")
    passes = [across(within(inside(low, row[n], high) for low, high in parts) for n, parts in brushes.items()) for row in rows]
    return frame.index[passes].tolist()


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
        "keep = pd.Series(True, ...); for column, ranges in brushes.items(): keep &= np.any([...], axis=0); return frame[...]",
    ],
    _passing,
    due=kinds.frame,
)


# --- q3: lines that cross


def _check_q3(crossings):
    rng = np.random.default_rng(1)
    few = [([5], [3]), ([1, 2], [1, 2]), ([1, 2], [2, 1]), ([2, 1], [1, 2]), ([1, 1], [1, 2]), ([1, 2], [1, 1]), ([2, 2], [1, 1])]
    few += [([1, 2, 3], [3, 2, 1]), ([3, 1, 2], [1, 2, 3]), ([1, 1, 2], [1, 2, 2]), ([0.5, -0.5, 0.0], [0.0, -2.0, 3.0])]
    few += [([1, 1 + 2.0**-20], [1 + 2.0**-20, 1])]
    cases = [tuple(map(np.array, case)) for case in few] + [(rng.permutation(n), rng.permutation(n)) for n in (4, 9, 30)]
    cases += [tuple(rng.integers(0, 5, (2, 20))), tuple(rng.normal(size=(2, 25)))]
    mistakes = [
        (lambda a, b: 2 * _counted(a, b, -1), "You meet every pair twice, once from either side."),
        (lambda a, b: _counted(a, b, 1), "Those are the pairs that run side by side."),
        (lambda a, b: _counted(a, b, -1) + _counted(a, b, 0), "Lines that start or end at the same point do not cross."),
        (lambda a, b: _counted(a, b, 0), "Those are the pairs that meet on an axis."),
        (lambda a, b: len(a) * (len(a) - 1) // 2, "Those are all pairs."),
        (lambda a, b: np.sum(np.diff(a) * np.diff(b) < 0), "Those are pairs of neighbouring rows; any two lines may cross."),
        (lambda a, b: _counted(np.arange(len(a)), b, -1), "You take the order of the rows for that on the left axis."),
        (lambda a, b: np.sum(a != b), "Those are the lines that are not level; two lines have to cross."),
    ]
    why = "Two lines cross if the one that is higher on the left is the lower one on the right."
    over_cases(crossings, cases, lambda a, b: _counted(a, b, -1), why, mistakes)
    return "Many crossings: one grows where the other shrinks. Kendall's rank correlation counts just this."


def _counted(left, right, sign):
    """Count the pairs of lines that cross (sign -1), meet on an axis (0), or run side by side (1)."""
    pairs = itertools.combinations(zip(left, right, strict=True), 2)
    return sum(np.sign(a - c) * np.sign(b - d) == sign for (a, b), (c, d) in pairs)


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
        "count = 0; for i in range(len(left)): for j in range(i): count += bool(... < 0); and at the end return count",
    ],
    _crossings,
    due=kinds.whole,
)


# --- q4: the gate


def _trials(rng, rows, failed, direction):
    """Return a trials frame without equal scores, some below zero, and with gaps in other columns than those asked for."""
    frame = pd.DataFrame({"trial": range(1, rows + 1), "units": rng.permutation(rows) * 8 + 8})
    frame["shift"] = -rng.permutation(rows) / 4.0
    frame["score"] = (rng.permutation(rows) - rows // 2) / 10.0
    frame.loc[rng.choice(rows, failed, replace=False), "score"] = np.nan
    frame["momentum"] = np.where(frame.trial % 2, np.nan, 0.9)  # which adam has not
    return frame.assign(seconds=np.nan, direction=direction, status=np.where(frame.score.isna(), "FAILED", "COMPLETED"))


def _best(frame, n, greatest=None, failed=False):
    """Return the best n rows as dicts, by hand; a likely mistake has one direction, or takes failed trials for the best."""
    greatest = frame.direction.iloc[0] == "max" if greatest is None else greatest
    rows = [row for row in frame.to_dict("records") if not np.isnan(row["score"])]
    rows.sort(key=lambda row: row["score"], reverse=greatest)
    return ((frame[frame.score.isna()].to_dict("records") if failed else []) + rows)[:n]


def _ends(rows, column):
    values = [row[column] for row in rows]
    return min(values), max(values)


def _check_q4(gate):
    rng, cases = np.random.default_rng(0), []
    sizes = [(1, 0, 1), (3, 0, 1), (3, 0, 2), (4, 1, 2), (4, 1, 3), (9, 3, 4), (30, 6, 5), (30, 6, 24), (30, 9, 10)]
    for rows, failed, n in sizes:
        frames = [_trials(rng, rows, failed, direction) for direction in ("max", "min")]
        cases += [(frame, column, n) for frame in frames for column in ("units", "shift")]
    mistakes = [
        (lambda f, c, n: _ends(_best(f, n, greatest=True), c), "You take the greatest scores whatever `direction` says."),
        (lambda f, c, n: _ends(_best(f, n, greatest=False), c), "You take the smallest scores whatever `direction` says."),
        (lambda f, c, n: _ends(_best(f, n, f.direction[0] == "min"), c), "Those are the worst: the directions are swapped."),
        (lambda f, c, n: _gate(f, c, n)[::-1], "The smallest value first."),
        (lambda f, c, n: _ends(_best(f, n, failed=True), c), "Some of your best trials have failed: they have no score."),
        (lambda f, c, n: _ends(_best(f.dropna(), n), c), "A trial without momentum, or seconds, may be among the best."),
        (lambda f, c, n: _ends(_best(f[f.momentum.notna()], n), c), "A trial without momentum may be among the best."),
        (lambda f, c, n: _ends(f.to_dict("records"), c), "Those are the ends of all trials."),
        (lambda f, c, n: _ends(_best(f, len(f)), c), "Those are the ends of all trials with a score, not of the best."),
        (lambda f, c, n: _ends(f.to_dict("records")[:n], c), "Those are the first trials of the frame, not the best."),
        (lambda f, c, n: _ends(_best(f, n), "units"), "You look at `units` whatever `column` says."),
        (lambda f, c, n: _ends(_best(f, n), "score"), "Those are scores. The values of `column` are due."),
        (lambda f, c, n: _ends(_best(f, 5), c), "You take five whatever `n` says."),
        (lambda f, c, n: (_best(f, n)[0][c], _best(f, n)[-1][c]), "Those are the values of the first and the last of the best."),
    ]
    why = "Sort by score, the best first; among the first n it is the smallest and the greatest value of the column."
    over_cases(gate, cases, lambda frame, column, n: _ends(_best(frame, n), column), why, mistakes)
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
        'best = frame.dropna(...).sort_values("score", ascending=...).head(...); return best[...].min(), ...',
    ],
    _gate,
    due=kinds.array(shape=(2,)).called("a pair of numbers (the smallest, the greatest)"),
)


# --- q5: an order of the axes

SHARE = 0.99  # of the best order's sum, that is enough


def _tables():
    """Return tables of two to seven columns that go together in part, up or down, some of them curved."""
    rng = np.random.default_rng(16)
    names = ["units", "rate", "momentum", "decay", "steps", "dropout", "loss"]
    for size in (2, 3, 4, 4, 5, 5, 6, 6, 7, 7):
        causes = rng.normal(size=(40, 3))
        values = causes @ rng.normal(size=(3, size)) + 0.6 * rng.normal(size=(40, size))
        curved = np.where(rng.random(size) < 0.5, np.exp(3 * values), values)
        yield pd.DataFrame(curved, columns=rng.permutation(names)[:size])


def _links(frame):
    """Return how strongly each two columns go together, an array: the correlation of their ranks, without its sign."""
    ranks = np.argsort(np.argsort(frame.to_numpy(), axis=0), axis=0)
    return np.abs(np.corrcoef(ranks, rowvar=False))


def _most(links):
    """Return the sum of the best order: for each set of columns and each last one, that of the best order that ends so."""
    size = len(links)
    sums = {(1 << last, last): 0.0 for last in range(size)}
    for chosen in range(1, 1 << size):
        for last, new in itertools.permutations(range(size), 2):
            if (chosen, last) in sums and not chosen >> new & 1:
                key = (chosen | 1 << new, new)
                sums[key] = max(sums.get(key, 0.0), sums[chosen, last] + links[last, new])
    return max(sums[(1 << size) - 1, last] for last in range(size))


def _check_q5(order):
    lowest = 1.0
    for frame in _tables():
        found, names = order(frame), list(frame)
        asked = f"For the columns {', '.join(names)} your order is {', '.join(found) or 'empty'}"
        wrong_if(sorted(found) != sorted(names), f"{asked}: each column has to be in it once.")
        links = _links(frame)
        places = [names.index(name) for name in found]
        share = sum(links[pair] for pair in itertools.pairwise(places)) / _most(links)
        wrong_if(
            share < SHARE,
            f"{asked}, which has {share:.1%} of the sum that the best order has; {SHARE:.1%} are due. Is it the rank "
            "correlation, without its sign? Then mind that the strongest pair need not be in the best order.",
        )
        lowest = min(lowest, share)
    return f"In each table at least {lowest:.0%} of what any order can show. Thirty columns would need a better idea."


def _order(frame):
    links = frame.corr("spearman").abs().to_dict()
    return max(itertools.permutations(frame), key=lambda names: sum(links[a][b] for a, b in itertools.pairwise(names)))


q5 = Exercise(
    _check_q5,
    [
        'frame.corr("spearman") is the table of all rank correlations, and .abs() takes their signs away.',
        "Seven columns have 5,040 orders, few enough to try them all: itertools.permutations(frame). itertools.pairwise gives "
        "the neighbours of an order. Look-ups in a dict, as .to_dict() makes one, are much faster than those in a DataFrame.",
        'links = frame.corr(...)...; return max(itertools.permutations(...), key=lambda names: sum(links[a][b] for a, b in ...))',
    ],
    _order,
    due=kinds.items(kinds.text),
    seconds=60,
)
