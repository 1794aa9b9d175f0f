"""Answers to the exercises of notebook 16: right ones that are not the reference, and likely mistakes."""

import itertools

import numpy as np
import pandas as pd
from scipy import stats

from lib.exercises import e16

# --- q1


def by_interp(values, log):
    laid = np.log(values) if log else values
    return np.interp(laid, [laid.min(), laid.max()], [0, 1])


def one_by_one(values, log, base=2):
    laid = [np.log(value) / np.log(base) if log else value for value in values]
    low, high = min(laid), max(laid)
    return [(value - low) / (high - low) for value in laid]


def as_a_quotient(values, log):
    if log:
        return np.log(values / values.min()) / np.log(values.max() / values.min())
    return (values - values.min()) / np.ptp(values)


def of_a_series(values, log):
    laid = pd.Series(values, dtype="float64").map(np.log10 if log else float)
    return laid.sub(laid.min()).div(laid.max() - laid.min())


def share(values):
    return (values - values.min()) / np.ptp(values)


def laid(values, log):
    return np.log10(values) if log else values


RIGHT_1 = [
    by_interp,
    one_by_one,
    as_a_quotient,
    of_a_series,
    lambda values, log: share(laid(values, log)).astype("float32"),
    lambda values, log: tuple(share(laid(values, log))),
]
MISTAKES_1 = [
    (lambda v, log: share(np.log(np.maximum(v, 1e-6)) if log else v), "the share of the way"),
    (lambda values, log: share(values), "on a linear axis whatever `log` says"),
    (lambda values, log: share(np.log10(values)), "on a logarithmic axis whatever `log` says"),
    (lambda values, log: share(laid(values, not log)), "two kinds of axis swapped"),
    (lambda values, log: laid(values, log) / laid(values, log).max(), "subtract it before you divide"),
    (lambda v, log: (laid(v, log) - laid(v, log).min()) / laid(v, log).max(), "Divide by the span"),
    (lambda values, log: laid(values, log) - laid(values, log).min(), "The greatest belongs at 1"),
    (lambda values, log: share(np.sort(laid(values, log))), "These are sorted"),
    (lambda values, log: 1 - share(laid(values, log)), "not the other way round"),
    (lambda values, log: share(np.log1p(values) if log else values), "one more than the value"),
    (lambda values, log: np.argsort(np.argsort(values)) / (len(values) - 1), "shares of ranks"),
    (lambda values, log: np.log10(share(values)) if log else share(values), "share of the way"),
    (lambda values, log: share(values).max(), "where an array of numbers with 1 axis is due"),
    (lambda values, log: share(laid(values, log))[:1], r"it gives \[0.0\], and \[0.0, 1.0\] is due"),
    (lambda values, log: print(end=""), r"returned nothing \(None\)"),
]

# --- q2


def row_by_row(frame, brushes):
    def passes(row):
        return all(any(low <= row[name] <= high for low, high in ranges) for name, ranges in brushes.items())

    return frame.loc[[index for index, row in frame.iterrows() if passes(row)]]


def by_cutting(frame, brushes):
    for name, ranges in brushes.items():
        keep = pd.Series(False, index=frame.index)
        for low, high in ranges:
            keep |= (frame[name] >= low) & (frame[name] <= high)
        frame = frame[keep]
    return frame


def by_query(frame, brushes):
    parts = [" or ".join(f"{low} <= {name} <= {high}" for low, high in ranges) for name, ranges in brushes.items()]
    return frame.query(" and ".join(f"({part})" for part in parts)) if parts else frame.copy()


def with_numpy(frame, brushes):
    keep = np.ones(len(frame), bool)
    for name, ranges in brushes.items():
        values, ends = frame[name].to_numpy()[:, None], np.array(ranges, float)
        keep &= ((ends[:, 0] <= values) & (values <= ends[:, 1])).any(axis=1)
    return frame.iloc[np.flatnonzero(keep)]


def by_dropping(frame, brushes):
    for name in brushes:
        out = [i for i, value in frame[name].items() if not any(low <= value <= high for low, high in brushes[name])]
        frame.drop(index=out, inplace=True)
    return frame


def joined(frame, brushes, inside, outside, compare):
    def passes(row):
        return outside([inside([compare(low, row[n], high) for low, high in r]) for n, r in brushes.items()])

    return frame.loc[[index for index, row in frame.iterrows() if not brushes or passes(row)]]


def closed(low, value, high):
    return low <= value <= high


def one_after_the_other(frame, brushes):
    for name, ranges in brushes.items():
        frame = pd.concat([frame[frame[name].between(*ends)] for ends in ranges])
    return frame


RIGHT_2 = [row_by_row, by_cutting, by_query, with_numpy, by_dropping]
MISTAKES_2 = [
    (lambda f, brushes: f.loc[row_by_row(f.round(0), brushes).index], "in one of the ranges"),
    (lambda frame, brushes: joined(frame, brushes, any, all, lambda low, v, high: low < v < high), "ends of a range"),
    (lambda frame, brushes: joined(frame, brushes, any, all, lambda low, v, high: low <= v < high), "upper end is part"),
    (lambda frame, brushes: joined(frame, brushes, any, all, lambda low, v, high: low < v <= high), "lower end is part"),
    (lambda frame, brushes: joined(frame, brushes, any, all, lambda low, v, high: not (v < low or v > high)), "A gap is in no"),
    (lambda frame, brushes: joined(frame, brushes, all, all, closed), "not in all of them"),
    (lambda frame, brushes: joined(frame, brushes, any, any, closed), "pass every axis"),
    (lambda frame, brushes: frame if brushes else frame.head(0), r"it gives \[\], and \[0, 1, 2\] is due"),
    (lambda frame, brushes: frame, "Those are all rows"),
    (lambda frame, brushes: row_by_row(frame, {name: ranges[:1] for name, ranges in brushes.items()}), "the first range"),
    (lambda frame, brushes: row_by_row(frame, {name: ranges[-1:] for name, ranges in brushes.items()}), "the last range"),
    (lambda frame, brushes: row_by_row(frame, dict(list(brushes.items())[:1])), "the first column alone"),
    (lambda frame, brushes: row_by_row(frame, brushes)[["a"]], "keep all of them"),
    (lambda frame, brushes: row_by_row(frame, brushes)[::-1], "Keep the frame's order"),
    (lambda frame, brushes: row_by_row(frame, brushes).sort_index(), "Keep the frame's order"),
    (lambda frame, brushes: row_by_row(frame, brushes).reset_index(drop=True), "the index that they have there"),
    (one_after_the_other, "`any` inside, `all` outside|not rows of the frame"),
    (lambda frame, brushes: np.full(len(frame), True), "where a DataFrame is due"),
    (lambda frame, brushes: row_by_row(frame, brushes).index, "where a DataFrame is due"),
    (lambda frame, brushes: print(end=""), r"returned nothing \(None\)"),
]

# --- q3


def with_outer(left, right):
    products = np.subtract.outer(left, left) * np.subtract.outer(right, right)
    return int((products < 0).sum() // 2)


def by_pairs(left, right):
    pairs = itertools.combinations(zip(left.tolist(), right.tolist(), strict=True), 2)
    return sum((a < c and b > d) or (a > c and b < d) for (a, b), (c, d) in pairs)


def by_signs(left, right):
    i, j = np.triu_indices(len(left), 1)
    return np.count_nonzero(np.sign(left[i] - left[j]) == -np.sign(right[i] - right[j])) - np.count_nonzero(
        (left[i] == left[j]) & (right[i] == right[j])
    )


def by_sorting(left, right, *more):
    order = sorted(range(len(left)), key=lambda i: (left[i], right[i]))
    return float(sum(right[i] > right[j] for place, i in enumerate(order) for j in order[place:]))


def with_a_mean(left, right):
    n = len(left)
    return np.int64(round(np.mean([[(a - c) * (b - d) < 0 for c, d in zip(left, right, strict=True)]
                                   for a, b in zip(left, right, strict=True)]) * n * n / 2))


def pairs(left, right, wanted):
    return sum(wanted((left[i] - left[j]) * (right[i] - right[j])) for i in range(len(left)) for j in range(i))


def tied_lines_by_sorting(left, right):
    right = right[np.argsort(left, kind="stable")]
    return sum(right[i] > right[j] for i in range(len(right)) for j in range(i + 1, len(right)))


def by_kendall(left, right):
    n = len(left)
    return round((1 - stats.kendalltau(left, right).statistic) / 2 * n * (n - 1) / 2) if n > 1 else 0


RIGHT_3 = [with_outer, by_pairs, by_signs, by_sorting, with_a_mean]
MISTAKES_3 = [
    (lambda left, right: pairs(left, right, lambda p: p < -1e-9), "the lower one on the right"),
    (lambda left, right: 2 * with_outer(left, right), "every pair twice"),
    (lambda left, right: pairs(left, right, lambda p: p > 0), "side by side"),
    (lambda left, right: pairs(left, right, lambda p: p <= 0), "same point do not cross"),
    (lambda left, right: pairs(left, right, lambda p: p == 0), "meet on an axis"),
    (lambda left, right: len(left) * (len(left) - 1) // 2, "all pairs"),
    (lambda left, right: sum(np.diff(left) * np.diff(right) < 0), "neighbouring rows"),
    (lambda left, right: pairs(np.arange(len(left)), right, lambda p: p < 0), "order of the rows"),
    (lambda left, right: sum(left != right), "lines that are not level"),
    (tied_lines_by_sorting, "Two lines cross if"),
    (by_kendall, "Two lines cross if|ValueError"),
    (lambda left, right: pairs(left, right, lambda p: p < 0) / len(left), "float64 0.5 where a whole number"),
    (lambda left, right: print(end=""), r"returned nothing \(None\)"),
]

# --- q4


def with_nlargest(frame, column, n):
    best = frame.nlargest(n, "score") if (frame.direction == "max").all() else frame.nsmallest(n, "score")
    return sorted(best[column])[0], sorted(best[column])[-1]


def by_rank(frame, column, n):
    place = frame.score.rank(ascending=frame.direction[0] == "min")
    return frame[column][place <= n].agg(["min", "max"])


def by_argsort(frame, column, n):
    sign = -1 if "max" in set(frame.direction) else 1
    best = np.argsort(sign * frame["score"].to_numpy())[:n]
    values = frame[column].to_numpy()[best]
    return np.array([values.min(), values.max()], "float32")


def in_records(frame, column, n):
    rows = frame[frame.status != "FAILED"].to_dict("records")
    rows = sorted(rows, key=lambda row: row["score"], reverse=frame.direction.unique()[0] == "max")
    return [pick(row[column] for row in rows[:n]) for pick in (min, max)]


def by_quantiles(frame, column, n):
    done = frame.query("score.notna()").sort_values("score", ascending=(frame.direction == "min").all())
    return tuple(done[column].iloc[:n].quantile([0, 1]))


def failed_first(frame, column, n):
    best = frame.sort_values("score", ascending=frame.direction[0] == "min", na_position="first").head(n)
    return best[column].min(), best[column].max()


def filled(frame, column, n):
    return with_nlargest(frame.fillna({"score": 0}), column, n)


RIGHT_4 = [with_nlargest, by_argsort, in_records, by_quantiles, by_rank]
MISTAKES_4 = [
    (lambda frame, column, n: with_nlargest(frame.assign(direction="max"), column, n), "the greatest scores whatever"),
    (lambda frame, column, n: with_nlargest(frame.assign(direction="min"), column, n), "the smallest scores whatever"),
    (lambda frame, column, n: with_nlargest(frame, column, n)[::-1], "smallest value first"),
    (failed_first, "they have no score"),
    (filled, "Sort by score"),
    (lambda frame, column, n: with_nlargest(frame, "units", n), "You look at `units` whatever `column` says"),
    (lambda frame, column, n: with_nlargest(frame, "score", n), "Those are scores"),
    (lambda frame, column, n: with_nlargest(frame.dropna(subset="score"), column, 5), "You take five"),
    (lambda frame, column, n: with_nlargest(frame, column, n + 1), "Sort by score"),
    (lambda frame, column, n: with_nlargest(frame.dropna(), column, n), "Your answer raised|is due"),
    (lambda frame, column, n: with_nlargest(frame.dropna(subset="momentum"), column, n), "raised|is due"),
    (lambda frame, column, n: (frame[column].min(), frame[column].max()), "ends of all trials"),
    (lambda frame, column, n: (frame[column][:n].min(), frame[column][:n].max()), "the first trials of the frame"),
    (lambda frame, column, n: frame[column].max(), "where a pair of numbers"),
    (lambda frame, column, n: print(end=""), r"returned nothing \(None\)"),
]

# --- q5


def with_a_table(frame):
    known = np.abs(stats.spearmanr(frame.to_numpy()).statistic) if frame.shape[1] > 2 else np.ones((2, 2))
    orders = list(itertools.permutations(range(frame.shape[1])))
    sums = known[np.array(orders)[:, :-1], np.array(orders)[:, 1:]].sum(axis=1)
    return frame.columns[list(orders[int(sums.argmax())])]


def by_growing(frame):
    """Insert, move and reverse as long as that helps, from many starts."""
    known, rng = frame.rank().corr().abs().to_numpy(), np.random.default_rng(0)
    best = None
    for _ in range(30):
        order, improved = list(rng.permutation(len(known))), True
        while improved:
            improved = False
            for i, j in itertools.combinations(range(len(known) + 1), 2):
                first, part, last = order[:i], order[i:j], order[j:]
                for other in (first + part[::-1] + last, last + first + part, first + last + part):
                    if total(known, other) > total(known, order) + 1e-12:
                        order, improved = other, True
        best = order if best is None or total(known, order) > total(known, best) else best
    return frame.columns[best].tolist()


def total(known, order):
    return sum(known[a, b] for a, b in itertools.pairwise(order))


def by_recursion(frame):
    known = frame.corr(method="spearman").abs()

    def rest(last, left):
        if not left:
            return 0.0, ()
        found = [(rest(name, left - {name}), name) for name in left]
        return max((known.at[last, name] + sums, (name, *order)) for (sums, order), name in found)

    return max((rest(name, frozenset(frame) - {name})[0], (name, *rest(name, frozenset(frame) - {name})[1])) for name in frame)[1]


def by_distance(frame):
    far = 1 - frame.corr("spearman").abs()
    orders = itertools.permutations(list(frame.columns))
    return np.array(min(orders, key=lambda order: sum(far.at[a, b] for a, b in itertools.pairwise(order))))


def exhaustive(frame, method="spearman", pick=max, change=abs):
    known = frame.corr(method).map(change).to_dict()
    return list(pick(itertools.permutations(frame), key=lambda o: sum(known[a][b] for a, b in itertools.pairwise(o))))


def greedy(frame):
    known = frame.corr("spearman").abs()
    order = [frame.columns[0]]
    while len(order) < len(known):
        order.append(known.loc[order[-1]].drop(order).idxmax())
    return order


def from_the_strongest_pair(frame):
    known = frame.corr("spearman").abs()
    order = list(max(itertools.combinations(frame, 2), key=lambda pair: known.loc[pair]))
    while len(order) < len(known):
        left, right = known.loc[order[0]].drop(order), known.loc[order[-1]].drop(order)
        order = [left.idxmax(), *order] if left.max() > right.max() else [*order, right.idxmax()]
    return order


RIGHT_5 = [with_a_table, by_growing, by_recursion, by_distance, exhaustive]
MISTAKES_5 = [
    (list, "99.0% are due"),
    (sorted, "99.0% are due"),
    (greedy, "99.0% are due"),
    (from_the_strongest_pair, "the strongest pair need not be"),
    (lambda frame: exhaustive(frame, pick=min), "99.0% are due"),
    (lambda frame: exhaustive(frame, change=float), "without its sign"),
    (lambda frame: exhaustive(frame, method="pearson"), "Is it the rank correlation"),
    (lambda frame: exhaustive(frame)[1:], "each column has to be in it once"),
    (lambda frame: [*exhaustive(frame), frame.columns[0]], "each column has to be in it once"),
    (lambda frame: ["units", "rate"], "each column has to be in it once"),
    (lambda frame: " ".join(exhaustive(frame)), "a list of items, each a text, is due"),
    (lambda frame: [*range(frame.shape[1])], "item 0 is the int 0 where a text is due"),
]

ALL = [
    (e16.q1, RIGHT_1, MISTAKES_1),
    (e16.q2, RIGHT_2, MISTAKES_2),
    (e16.q3, RIGHT_3, MISTAKES_3),
    (e16.q4, RIGHT_4, MISTAKES_4),
    (e16.q5, RIGHT_5, MISTAKES_5),
]
EQUIVALENT = {
    "e16.q3": {
        "1: def _crossings(left, right): → def _crossings(right, left):": "lines cross from either side",
        "5: bool((left[i] - left[j]) * (right[i] - right[j]) < 0) → (left[i] - left[j]) * (right[i] - right[j]) < 0":
            "NumPy's True counts as 1",
    },
    "e16.q4": {"2: 0 → -1": "every row has the same direction"},
}
