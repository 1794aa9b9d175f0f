"""Answers to the exercises of notebook 16: right ones that are not the reference, and likely mistakes."""

import numpy as np

from lib.exercises import e16

# --- q1


def by_interp(values, log):
    laid = np.log(values) if log else values
    return np.interp(laid, [laid.min(), laid.max()], [0, 1])


def share(values):
    return (values - values.min()) / np.ptp(values)


MISTAKES_1 = [
    (lambda values, log: share(values), "What does `log` decide"),
    (lambda values, log: share(np.log10(values)), "What does `log` decide"),
    (lambda values, log: (np.log10(values) if log else values) / values.max(), "subtract the smallest"),
    (lambda values, log: values - values.min(), "divide by the span"),
    (lambda values, log: share(np.sort(np.log10(values) if log else values)), "should be at"),
    (lambda values, log: share(values).max(), "each value has one place"),
    (lambda values, log: print(end=""), "returns nothing"),
]

# --- q2


def row_by_row(frame, brushes):
    def passes(row):
        return all(any(low <= row[name] <= high for low, high in ranges) for name, ranges in brushes.items())

    return frame.loc[[index for index, row in frame.iterrows() if passes(row)]]


def joined(frame, brushes, inside, outside, compare):
    def passes(row):
        return outside([inside([compare(low, row[n], high) for low, high in r]) for n, r in brushes.items()])

    return frame.loc[[index for index, row in frame.iterrows() if not brushes or passes(row)]]


def closed(low, value, high):
    return low <= value <= high


def opened(low, value, high):
    return low < value < high


MISTAKES_2 = [
    (lambda frame, brushes: joined(frame, brushes, any, all, opened), "ends of a range"),
    (lambda frame, brushes: joined(frame, brushes, all, all, closed), "cannot be in all"),
    (lambda frame, brushes: joined(frame, brushes, any, any, closed), "every axis that is brushed"),
    (lambda frame, brushes: frame if brushes else frame.head(0), "With nothing brushed all"),
    (lambda frame, brushes: frame, "`any` inside, `all` outside"),
    (lambda frame, brushes: row_by_row(frame, {name: ranges[:1] for name, ranges in brushes.items()}), "several ranges"),
    (lambda frame, brushes: row_by_row(frame, brushes)[["a"]], "all its columns"),
    (lambda frame, brushes: row_by_row(frame, brushes)[::-1], "keep the frame's order"),
    (lambda frame, brushes: np.full(len(frame), True), "return the rows of the frame"),
    (lambda frame, brushes: print(end=""), "returns nothing"),
]

# --- q3


def with_numpy(left, right):
    products = np.subtract.outer(left, left) * np.subtract.outer(right, right)
    return int((products < 0).sum() // 2)


def pairs(left, right, wanted):
    return sum(wanted((left[i] - left[j]) * (right[i] - right[j])) for i in range(len(left)) for j in range(i))


MISTAKES_3 = [
    (lambda left, right: 2 * with_numpy(left, right), "every pair twice"),
    (lambda left, right: pairs(left, right, lambda p: p > 0), "side by side"),
    (lambda left, right: pairs(left, right, lambda p: p <= 0), "do not cross"),
    (lambda left, right: sum(left != right), "higher on the left"),
    (lambda left, right: print(end=""), "returns nothing"),
]

# --- q4


def with_nlargest(frame, column, n):
    best = frame.nlargest(n, "score") if (frame.direction == "max").all() else frame.nsmallest(n, "score")
    return sorted(best[column])[0], sorted(best[column])[-1]


def failed_first(frame, column, n):
    best = frame.sort_values("score", ascending=frame.direction[0] == "min", na_position="first").head(n)
    return best[column].min(), best[column].max()


MISTAKES_4 = [
    (lambda frame, column, n: with_nlargest(frame.assign(direction="max"), column, n), "Which way is better"),
    (lambda frame, column, n: with_nlargest(frame, column, n)[::-1], "smallest value first"),
    (failed_first, "they have no score"),
    (lambda frame, column, n: (frame[column].min(), frame[column].max()), "ends of all trials"),
    (lambda frame, column, n: (frame[column][:n].min(), frame[column][:n].max()), "Sort by score"),
    (lambda frame, column, n: frame[column].max(), "Return two numbers"),
    (lambda frame, column, n: print(end=""), "returns nothing"),
]


RIGHT = [(e16.q1, by_interp), (e16.q2, row_by_row), (e16.q3, with_numpy), (e16.q4, with_nlargest)]


MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in ((e16.q1, MISTAKES_1), (e16.q2, MISTAKES_2), (e16.q3, MISTAKES_3), (e16.q4, MISTAKES_4))
    for answer, message in mistakes
]
