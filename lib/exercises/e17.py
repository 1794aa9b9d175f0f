"""Exercises of notebook 17: who wins at one rate and at its own, the best of fewer, near each value, and when to adopt."""

import itertools
import math

import numpy as np
import pandas as pd

from lib.exercises import kinds
from lib.exercises.core import Exercise, over_cases

# --- q1: the winner at one rate, and the winner when each has its own


def _runs():
    """Return tables of runs: of two and three networks at two to five rates, with one to four seeds, some without a score."""
    rng = np.random.default_rng(17)
    sizes = [(2, 2, 1, 0), (2, 2, 2, 0), (2, 3, 2, 1), (3, 3, 3, 0), (3, 4, 3, 4), (3, 5, 4, 6), (2, 3, 2, 2), (3, 4, 4, 0)]
    frames = []
    for names, rates, seeds, failed in sizes:
        rows = itertools.product(["wide", "deep", "plain"][:names], 10.0 ** -np.arange(rates), range(1, seeds + 1))
        frame = pd.DataFrame(rows, columns=["network", "rate", "seed"])
        level = frame.groupby(["network", "rate"]).ngroup().map(dict(enumerate(rng.permutation(names * rates) / 20)))
        frame["score"] = 0.3 + level + rng.normal(0, 0.06, len(frame))
        frame.loc[rng.choice(len(frame), failed, replace=False), "score"] = np.nan
        frames.append(frame.sample(frac=1, random_state=1))
    frames.append(frame[(frame.network != "deep") | (frame.seed < 3)])
    for one, other in ((np.nan, 0.49), (np.nan, 0.51), (0.2, 0.6)):  # beside a mean of 0.5, and of 0.55
        rows = [("wide", 1.0, 1, one), ("wide", 1.0, 2, 0.9), ("deep", 1.0, 1, other), ("deep", 1.0, 2, other)]
        frames.insert(2, pd.DataFrame(rows, columns=["network", "rate", "seed", "score"]))
    return frames


def _means(frame, filled=True, how="mean"):
    scores = frame.assign(score=frame.score.fillna(0.1)) if filled else frame
    return scores.groupby(["network", "rate"]).score.agg(how)


def _check_q1(winners):
    cases = [(frame, rate) for frame in _runs() for rate in sorted(set(frame.rate))]
    mistakes = [
        (lambda f, r: _pick(f, r)[::-1], "The winner at the given rate comes first."),
        (lambda f, r: (_pick(f, r)[0],) * 2, "Your second winner is that of the given rate, too."),
        (lambda f, r: (_pick(f, r)[1],) * 2, "Your first winner is that of the own rates, too."),
        (lambda f, r: _pick(f, r, filled=False), "A run without a score counts as 0.1: it is not left out of the mean."),
        (lambda f, r: _pick(f, r, how="max"), "Take the mean over the seeds, not the best of them."),
        (lambda f, r: _pick(f, r, own="mean"), "At its own rate: the best of a network's rates, not the mean of all."),
        (lambda f, r: _pick(f, r, worst=True), "Those are the losers."),
    ]
    why = "First the mean over the seeds, for each network and rate; then the given rate's best, and the best of each one's best."
    over_cases(winners, cases, _by_hand, why, mistakes)
    return "One table, two verdicts. Which of them would you have published?"


def _by_hand(frame, rate):
    scores = {}
    for row in frame.to_dict("records"):
        scores.setdefault((row["network"], row["rate"]), []).append(0.1 if math.isnan(row["score"]) else row["score"])
    means = {key: sum(values) / len(values) for key, values in scores.items()}
    fixed = max((key for key in means if key[1] == rate), key=means.get)
    return fixed[0], max(means, key=means.get)[0]


def _pick(frame, rate, filled=True, how="mean", own="max", worst=False):
    means = _means(frame, filled, how)
    pick = "idxmin" if worst else "idxmax"
    return getattr(means.xs(rate, level="rate"), pick)(), getattr(means.groupby("network").agg(own), pick)()


def _winners(frame, rate):
    scores = frame.assign(score=frame.score.fillna(0.1))
    means = scores.groupby(["network", "rate"]).score.mean().unstack()
    return means[rate].idxmax(), means.max(axis=1).idxmax()


q1 = Exercise(
    _check_q1,
    [
        "frame.score.fillna(0.1) gives every run a score; groupby(['network', 'rate']).score.mean() is the mean over the seeds.",
        "unstack() makes a table of it, a line a network and a column a rate. One column has the first winner: idxmax().",
        "The maximum of each line is that network at its own best rate: means.max(axis=1).idxmax().",
    ],
    _winners,
    due=kinds.parts(kinds.text, kinds.text, words="two names (the winner at the rate, the winner at own rates)"),
)


# --- q2: the best of fewer trials


def _scores():
    rng = np.random.default_rng(2)
    few = [[0.5], [0.2, 0.8], [0.8, 0.2], [0.3, 0.3, 0.9], [0.1, 0.4, 0.2, 0.9]]
    return [*map(np.array, few), rng.random(10), rng.normal(size=30)]


def _check_q2(best_of):
    cases = [(scores, k) for scores in _scores() for k in (1, 2, 3, 7)]
    mistakes = [
        (lambda s, k: float(np.max(s)), "That is the best of all, whatever `k` says."),
        (lambda s, k: float(np.mean(s)), "That is the mean of the scores: the best of 1."),
        (lambda s, k: _expected(-s, k) * -1, "That is the worst of `k`."),
        (lambda s, k: float(np.sort(s)[-min(k, len(s)):].mean()), "That is the mean of the best `k`."),
        (lambda s, k: float(np.max(s[:k])), "Those are the first `k` of the list, one draw of many."),
        (lambda s, k: _without(s, k), "You draw without putting back: with replacement the same trial may come again."),
        (lambda s, k: _expected(s, k, ordered=False), "Sort the scores: the i-th of the formula is the i-th smallest."),
        (lambda s, k: float(np.sort(s) @ (np.arange(1, len(s) + 1) / len(s)) ** k), "Those add up: take the differences."),
        (lambda s, k: _expected(s, k + 1), "That is the best of one more."),
    ]
    why = "The best of k is at most the i-th smallest with probability (i / n) ** k; the differences are the chance of each."
    over_cases(best_of, cases, _each_draw, why, mistakes)
    return "Draw that over k, and it says what a shorter search would have brought."


def _each_draw(scores, k):
    """Work it out with whole counts: of n ** k draws, i ** k have no score above the i-th smallest."""
    ordered, n = sorted(scores.tolist()), len(scores)
    return sum(score * ((i + 1) ** k - i**k) for i, score in enumerate(ordered)) / n**k


def _expected(scores, k, ordered=True):
    ordered = np.sort(scores) if ordered else scores
    return float(np.diff((np.arange(len(scores) + 1) / len(scores)) ** k) @ ordered)


def _without(scores, k):
    n = len(scores)
    chances = [math.comb(i, min(k, n)) / math.comb(n, min(k, n)) for i in range(n + 1)]
    return float(np.diff(chances) @ np.sort(scores))


def _best_of(scores, k):
    below = (np.arange(len(scores) + 1) / len(scores)) ** k
    return np.sort(scores) @ np.diff(below)


q2 = Exercise(
    _check_q2,
    [
        "One draw is at most the i-th smallest of n scores with probability i / n. And all k of them?",
        "All k are with probability (i / n) ** k. The chance that the best is just the i-th: this for i, minus this for i - 1.",
        "below = (np.arange(len(scores) + 1) / len(scores)) ** k; then np.diff(below) are the chances of the sorted scores.",
    ],
    _best_of,
    due=kinds.number,
)


# --- q3: the best near each value


def _studies():
    """Return trials frames of both directions, with a hyperparameter of few values, some trials without a score."""
    rng = np.random.default_rng(3)
    frames = []
    for rows, failed, direction in itertools.product((2, 5, 12, 40), (0, 1), ("max", "min")):
        frame = pd.DataFrame({"trial": range(1, rows + 1), "depth": rng.integers(2, 5, rows)})
        frame["kind"] = rng.choice(["a", "b"], rows)
        frame["score"] = rng.permutation(rows) / rows
        frame["momentum"] = np.where(frame.trial % 2, np.nan, 0.9)  # which adam has not
        if failed:
            frame.loc[rng.choice(rows, rows // 4, replace=False), "score"] = np.nan
            frame.loc[(frame.kind == "b") & (rows == 5), "score"] = np.nan
        frames.append(frame.assign(direction=direction, status="COMPLETED"))
    return frames


def _check_q3(isolated):
    cases = [(frame, column) for frame in _studies() for column in ("depth", "kind")]
    mistakes = [
        (lambda f, c: _near(f, c, best=max), "You take the greatest scores whatever `direction` says."),
        (lambda f, c: _near(f, c, best=min), "You take the smallest scores whatever `direction` says."),
        (lambda f, c: _near(f, c, best=min if f.direction[0] == "max" else max), "The directions are swapped."),
        (lambda f, c: _near(f, c, best=lambda s: sum(s) / len(s)), "Those are means. The best near each value is due."),
        (lambda f, c: _near(f, c, best=lambda s: s[0]), "Those are the first trials of each value, not the best."),
        (lambda f, c: _near(f, "depth"), "You look at `depth` whatever `column` says."),
        (lambda f, c: _near(f, "kind"), "You look at `kind` whatever `column` says."),
        (lambda f, c: _near(f.dropna(), c), "A trial without momentum may be the best."),
        (lambda f, c: _near(f, c, gaps=True), "A value whose trials all failed has no score to show: leave it out."),
    ]
    why = "For each value that has a scored trial, the best score among its trials: the greatest for max, the smallest for min."
    over_cases(isolated, cases, _near, why, mistakes)
    return "The others are at their best for each value: that is what isolates it."


def _near(frame, column, best=None, gaps=False):
    best = best or (max if frame.direction.iloc[0] == "max" else min)
    found = {}
    for row in frame.to_dict("records"):
        scores = found.setdefault(str(row[column]), [])
        if not math.isnan(row["score"]):
            scores.append(row["score"])
    return {value: best(scores) if scores else math.nan for value, scores in found.items() if scores or gaps}


def _isolated(frame, column):
    scored = frame.dropna(subset="score")
    best = "max" if frame.direction.iloc[0] == "max" else "min"
    near = scored.groupby(column).score.agg(best)
    return {str(value): score for value, score in near.items()}


q3 = Exercise(
    _check_q3,
    [
        "frame.dropna(subset='score') leaves the trials that count; groupby(column).score has them by their value.",
        "The word in frame.direction, 'max' or 'min', is also the name of what to take of each group: .agg(word).",
        "near = frame.dropna(subset='score').groupby(column).score.agg(...); return {str(value): score for value, score in ...}",
    ],
    _isolated,
    due=kinds.mapping(kinds.number),
)


# --- q4: adopt it?


def _pairs():
    rng = np.random.default_rng(4)
    few, better = [0.1, 0.5, 0.9], [0.12, 0.51, 0.93]
    cases = [([0.8, 0.8], [0.9, 0.9], 0.0), ([0.9, 0.9], [0.8, 0.8], 0.0), ([0.8, 0.9], [0.9, 0.8], 0.0)]
    cases += [(few, better, cost) for cost in (0.0, 0.0095, 0.05)]
    cases += [([0.1, 0.2], [0.1, 0.2], 0.0), ([0.8, 0.8], [0.9, 0.9], 0.2)]
    for n, gain, own, cost in itertools.product((4, 10), (-0.01, 0.0, 0.01, 0.02), (0.002, 0.02), (0.0, 0.005)):
        champion = 0.85 + rng.normal(0, 0.03, n)
        cases.append((champion, champion + gain + rng.normal(0, own, n), cost))
    return [(np.array(a), np.array(b), cost) for a, b, cost in cases]


def _check_q4(adopt):
    mistakes = [
        (lambda a, b, c: bool(b.mean() > a.mean()), "Better on average is not yet beyond its error."),
        (lambda a, b, c: bool((b - a).mean() - c > 0), "The error of the mean difference is missing."),
        (lambda a, b, c: _beyond(a, b, 0.0), "The cost is missing: the gain has to be worth it."),
        (lambda a, b, c: _beyond(b, a, c), "That adopts the challenger where the champion wins."),
        (lambda a, b, c: _beyond(a, b, c, ddof=0), "Divide the squares by one less than the number of pairs: ddof=1."),
        (lambda a, b, c: _beyond(a, b, c, many=False), "That is the spread of one: the mean's is smaller by the root of n."),
        (lambda a, b, c: _unpaired(a, b, c), "The seeds are the same on both sides: take the differences first."),
        (lambda a, b, c: _beyond(a, b, c, times=1), "Twice the standard error."),
        (lambda a, b, c: bool(np.all(b - a > c)), "It need not win with every seed."),
    ]
    why = "Adopt it where the mean difference minus twice its standard error is above the cost."
    over_cases(adopt, _pairs(), _by_pairs, why, mistakes)
    return "A change that fails this may still be good. It has not shown it, and a simpler network stays."


def _by_pairs(champion, challenger, cost):
    gains = [new - old for old, new in zip(champion.tolist(), challenger.tolist(), strict=True)]
    n, mean = len(gains), sum(gains) / len(gains)
    error = math.sqrt(sum((gain - mean) ** 2 for gain in gains) / (n - 1) / n)
    return mean - 2 * error > cost


def _beyond(champion, challenger, cost, ddof=1, many=True, times=2):
    gains = challenger - champion
    error = gains.std(ddof=ddof) / (len(gains) ** 0.5 if many else 1)
    return bool(gains.mean() - times * error > cost)


def _unpaired(champion, challenger, cost):
    error = math.sqrt((champion.var(ddof=1) + challenger.var(ddof=1)) / len(champion))
    return bool(challenger.mean() - champion.mean() - 2 * error > cost)


def _adopt(champion, challenger, cost):
    gains = challenger - champion
    error = gains.std(ddof=1) / len(gains) ** 0.5
    return bool(gains.mean() - 2 * error > cost)


q4 = Exercise(
    _check_q4,
    [
        "The same seeds on both sides: look at the differences, challenger minus champion, one a seed.",
        "Their mean is the gain; its standard error is their standard deviation (ddof=1) divided by the root of their number.",
        "gains = challenger - champion; error = gains.std(ddof=1) / len(gains) ** 0.5; return bool(gains.mean() - ... > cost)",
    ],
    _adopt,
    due=kinds.truth,
)
