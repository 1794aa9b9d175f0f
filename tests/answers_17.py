"""Answers to the exercises of notebook 17: right ones that are not the reference, and likely mistakes."""

import itertools
import math
import statistics

import numpy as np
import pandas as pd

from lib.exercises import e17

# --- q1


def with_a_pivot(frame, rate):
    table = frame.fillna({"score": 0.1}).pivot_table("score", "network", "rate")
    return table[rate].idxmax(), table.max(axis="columns").idxmax()


def with_two_groups(frame, rate):
    frame.loc[frame.score.isna(), "score"] = 0.1
    at = frame[frame.rate == rate].groupby("network").score.mean()
    means = frame.groupby(["network", "rate"], as_index=False).score.mean()
    return [at.idxmax(), means.loc[means.score.idxmax(), "network"]]


def with_loops(frame, rate):
    def mean(name, r):
        own = frame[(frame.network == name) & (frame.rate == r)].score
        return sum(0.1 if math.isnan(s) else s for s in own) / len(own)

    names, rates = frame.network.unique(), frame.rate.unique()
    return max(names, key=lambda n: mean(n, rate)), max(names, key=lambda n: max(mean(n, r) for r in rates))


def by_sorting(frame, rate):
    means = frame.assign(score=frame.score.fillna(0.1)).groupby(["network", "rate"]).score.mean().sort_values()
    return means.xs(rate, level="rate").index[-1], means.index[-1][0]


def with_a_dict(frame, rate):
    means = {key: np.nan_to_num(part.score.to_numpy(), nan=0.1).mean() for key, part in frame.groupby(["network", "rate"])}
    fixed = {name: mean for (name, at), mean in means.items() if at == rate}
    return max(fixed, key=fixed.get), max(means, key=means.get)[0]


def table(frame, how="mean", gap=0.1):
    scores = frame if gap is None else frame.assign(score=frame.score.fillna(gap))
    return scores.pivot_table("score", "network", "rate", aggfunc=how)


def two(found, rate):
    return found[rate].idxmax(), found.max(axis=1).idxmax()


RIGHT_1 = [with_a_pivot, with_two_groups, with_loops, by_sorting, with_a_dict]
MISTAKES_1 = [
    (lambda f, r: two(table(f), r)[::-1], "comes first"),
    (lambda f, r: (two(table(f), r)[0],) * 2, "second winner is that of the given rate"),
    (lambda f, r: (two(table(f), r)[1],) * 2, "first winner is that of the own rates"),
    (lambda f, r: two(table(f, gap=None), r), "counts as 0.1"),
    (lambda f, r: two(table(f, "max"), r), "not the best of them"),
    (lambda f, r: (table(f)[r].idxmax(), table(f).mean(axis=1).idxmax()), "not the mean of all"),
    (lambda f, r: (table(f)[r].idxmin(), table(f).max(axis=1).idxmin()), "the losers"),
    (lambda f, r: table(f)[r].idxmax(), "two names"),
    (lambda f, r: (table(f)[r].max(), table(f).max().max()), "part 1 is the float"),
    (lambda f, r: print(end=""), r"returned nothing \(None\)"),
]

# --- q2


def by_all_draws(scores, k):
    if len(scores) ** k > 20_000:
        ordered, n = np.sort(scores), len(scores)
        return sum(s * ((i / n) ** k - ((i - 1) / n) ** k) for i, s in enumerate(ordered, start=1))
    return np.mean([max(draw) for draw in itertools.product(scores, repeat=k)])


def by_counts(scores, k):
    n = len(scores)
    return sum(s * (i**k - (i - 1) ** k) for i, s in enumerate(sorted(scores), start=1)) / n**k


def by_parts(scores, k):
    ordered = np.sort(scores)
    shares = (np.arange(1, len(scores)) / len(scores)) ** k
    return ordered[-1] - np.sum(np.diff(ordered) * shares)


def by_ranks(scores, k):
    ranks = pd.Series(scores).rank(method="first")
    n = len(scores)
    return ((ranks / n) ** k - ((ranks - 1) / n) ** k).dot(scores)


def by_a_loop(scores, k):
    total, before = 0.0, 0.0
    for place, score in enumerate(np.sort(scores), start=1):
        now = (place / len(scores)) ** k
        total += (now - before) * score
        before = now
    return np.float64(total)


def chance(n, k):
    return np.diff((np.arange(n + 1) / n) ** k)


RIGHT_2 = [by_all_draws, by_counts, by_parts, by_ranks, by_a_loop]
MISTAKES_2 = [
    (lambda scores, k: scores.max(), "the best of all"),
    (lambda scores, k: scores.mean(), "the best of 1"),
    (lambda scores, k: np.sort(scores)[::-1] @ chance(len(scores), k), "the worst of `k`"),
    (lambda scores, k: np.sort(scores)[-k:].mean(), "mean of the best `k`"),
    (lambda scores, k: scores[:k].max(), "one draw of many"),
    (lambda scores, k: scores @ chance(len(scores), k), "Sort the scores: "),
    (lambda scores, k: np.sort(scores) @ (np.arange(1, len(scores) + 1) / len(scores)) ** k, "take the differences"),
    (lambda scores, k: np.sort(scores) @ chance(len(scores), k + 1), "the best of one more"),
    (lambda scores, k: np.random.default_rng(0).choice(scores, (99, k)).max(axis=1).mean(), "the differences are the chance"),
    (lambda scores, k: np.sort(scores), "where a number is due"),
    (lambda scores, k: print(end=""), r"returned nothing \(None\)"),
]

# --- q3


def row_by_row(frame, column):
    sign = -1 if (frame.direction == "min").all() else 1
    best = {}
    for value, score in zip(frame[column], frame.score, strict=True):
        if not np.isnan(score) and (str(value) not in best or sign * score > sign * best[str(value)]):
            best[str(value)] = score
    return best


def sorted_first(frame, column):
    up = frame.direction.iloc[0] == "min"
    ordered = frame.dropna(subset="score").sort_values("score", ascending=up).drop_duplicates(column)
    return dict(zip(ordered[column].astype(str), ordered.score, strict=True))


def by_value(frame, column):
    pick = np.nanmin if frame.direction.iloc[0] == "min" else np.nanmax
    parts = {str(value): frame.score[frame[column] == value] for value in frame[column].unique()}
    return {value: pick(scores) for value, scores in parts.items() if scores.notna().any()}


def as_a_series(frame, column):
    sign = {"max": 1, "min": -1}[frame.direction.iloc[0]]
    best = sign * (sign * frame.score).groupby(frame[column].astype(str)).max()
    return best.dropna()


def with_apply(frame, column):
    pick = frame.direction.iloc[0]
    near = frame[frame.score.notna()].groupby(column).score.apply(lambda scores: getattr(scores, pick)())
    return near.rename(index=str).to_dict()


def near(frame, column, how, gaps=False):
    found = frame.groupby(column).score.agg(how)
    return {str(value): score for value, score in (found if gaps else found.dropna()).items()}


def right_way(frame):
    return frame.direction.iloc[0]


RIGHT_3 = [row_by_row, sorted_first, by_value, as_a_series, with_apply]
MISTAKES_3 = [
    (lambda f, c: near(f, c, "max"), "the greatest scores whatever"),
    (lambda f, c: near(f, c, "min"), "the smallest scores whatever"),
    (lambda f, c: near(f, c, "max" if right_way(f) == "min" else "min"), "directions are swapped"),
    (lambda f, c: near(f, c, "mean"), "Those are means"),
    (lambda f, c: near(f, c, "first"), "the first trials"),
    (lambda f, c: near(f, "depth", right_way(f)), "`depth` whatever"),
    (lambda f, c: near(f, "kind", right_way(f)), "`kind` whatever"),
    (lambda f, c: near(f, c, right_way(f), gaps=True), "leave it out"),
    (lambda f, c: list(near(f, c, right_way(f)).values()), "a dict"),
    (lambda f, c: print(end=""), r"returned nothing \(None\)"),
]

# --- q4


def with_statistics(champion, challenger, cost):
    gains = [b - a for a, b in zip(champion, challenger, strict=True)]
    return statistics.mean(gains) - cost > 2 * statistics.stdev(gains) / math.sqrt(len(gains))


def with_scipy(champion, challenger, cost):
    from scipy.stats import sem

    gains = np.subtract(challenger, champion)
    return np.mean(gains) > cost + 2 * sem(gains)


def with_pandas(champion, challenger, cost):
    gains = pd.Series(challenger) - pd.Series(champion)
    return gains.mean() - 2 * gains.sem() > cost


def with_a_margin(champion, challenger, cost):
    gains = challenger - champion - cost
    return bool(gains.mean() / 2 > np.sqrt(gains.var(ddof=1) / gains.size))


def with_np_bool(champion, challenger, cost):
    gains = challenger - champion
    low = gains.mean() - 2 * np.sqrt(np.sum((gains - gains.mean()) ** 2) / (len(gains) - 1)) / np.sqrt(len(gains))
    return np.greater(low, cost)


def gained(champion, challenger, cost, error, times=2):
    return bool((challenger - champion).mean() - times * error(challenger - champion) > cost)


def standard(gains):
    return gains.std(ddof=1) / len(gains) ** 0.5


RIGHT_4 = [with_statistics, with_scipy, with_pandas, with_a_margin, with_np_bool]
MISTAKES_4 = [
    (lambda a, b, cost: bool(b.mean() > a.mean()), "beyond its error"),
    (lambda a, b, cost: bool((b - a).mean() > cost), "The error of the mean difference is missing"),
    (lambda a, b, cost: gained(a, b, 0, standard), "The cost is missing"),
    (lambda a, b, cost: gained(b, a, cost, standard), "where the champion wins"),
    (lambda a, b, cost: gained(a, b, cost, lambda gains: gains.std() / len(gains) ** 0.5), "ddof=1"),
    (lambda a, b, cost: gained(a, b, cost, lambda gains: gains.std(ddof=1)), "smaller by the root of n"),
    (lambda a, b, cost: gained(a, b, cost, lambda _: math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))), "same on both"),
    (lambda a, b, cost: gained(a, b, cost, standard, times=1), "Twice the standard error"),
    (lambda a, b, cost: bool(np.all(b - a > cost)), "not win with every seed"),
    (lambda a, b, cost: (b - a).mean(), "True or False is due"),
    (lambda a, b, cost: print(end=""), r"returned nothing \(None\)"),
]

ALL = [
    (e17.q1, RIGHT_1, MISTAKES_1),
    (e17.q2, RIGHT_2, MISTAKES_2),
    (e17.q3, RIGHT_3, MISTAKES_3),
    (e17.q4, RIGHT_4, MISTAKES_4),
]
EQUIVALENT = {
    "e17.q3": {"3: 0 → 1": "every row has the same direction", "3: 0 → -1": "every row has the same direction"},
    "e17.q4": {"4: bool(gains.mean() - 2 * error > cost) → gains.mean() - 2 * error > cost": "NumPy's True is True"},
}
