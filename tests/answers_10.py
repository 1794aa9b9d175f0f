"""Answers to the exercises of notebook 10: right ones that are not the reference, and likely mistakes."""

import math
import statistics

import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from lib import ensembles
from lib.exercises import e10

# --- q1


def from_the_library(weights, wrong, n_classes):
    return ensembles.reweight(weights, wrong, n_classes)[1]


def in_python(weights, wrong, n_classes, *more):
    lost = sum(w for w, missed in zip(weights, wrong, strict=True) if missed)
    error = lost / sum(weights)
    if error >= 1 - 1 / n_classes:
        return 0
    return math.log((1 - error) * (n_classes - 1) / error)


def in_float32(weights, wrong, n_classes):
    share = np.float32(np.average(wrong, weights=weights).item())
    return np.maximum(np.float32(0), np.log1p(-share) - np.log(share) + np.float32(np.log(n_classes - 1)))


def by_products(weights, wrong, n_classes):
    weights /= weights.sum()
    error = weights @ wrong
    say = math.log((1 - error) / error) + math.log(n_classes - 1)
    return np.asarray(say if say > 0 else 0.0)


def error_of(weights, wrong):
    return weights[wrong].sum() / weights.sum()


def odds(error):
    return np.log((1 - error) / error)


def not_scaled(weights, wrong, n_classes):
    error = weights[wrong].sum()
    with np.errstate(invalid="ignore"):
        return np.log((1 - error) / error) + np.log(n_classes - 1)


def half_is_enough(weights, wrong, n_classes):
    error = error_of(weights, wrong)
    return 0.0 if error >= 0.5 else odds(error) + np.log(n_classes - 1)


RIGHT_1 = [
    from_the_library,
    in_python,
    in_float32,
    by_products,
    lambda w, wrong, k: np.log(np.fmax(1, (k - 1) * w[~wrong].sum() / w[wrong].sum())),
]
MISTAKES_1 = [
    (lambda w, wrong, k: max(0, odds(error_of(w, wrong)) + np.log(k - 1)) or 1e-4, "and 0.0 is due"),
    (lambda w, wrong, k: odds(error_of(w, wrong)) + np.log(k - 1), "worse than guessing"),
    (lambda w, wrong, k: max(0, odds(wrong.mean()) + np.log(k - 1)), "the plain error"),
    (lambda w, wrong, k: max(0, odds(error_of(w, wrong))), "That is so for two classes"),
    (lambda w, wrong, k: max(0, odds(error_of(w, wrong)) + np.log(k - 1)) / 2, "half of what"),
    (lambda w, wrong, k: np.log(k - 1) - odds(error_of(w, wrong)), "upside down"),
    (lambda w, wrong, k: max(0, np.log(k - 1) - odds(error_of(w, wrong))), "upside down"),
    (lambda w, wrong, k: max(0, odds(error_of(w, wrong)) + np.log(k)), r"not log\(n_classes\)"),
    (lambda w, wrong, k: max(0, odds(error_of(w, wrong))) + np.log(k - 1), r"the \*sum\* of the two"),
    (half_is_enough, "half of the weight can be better than guessing"),
    (lambda w, wrong, k: from_the_library(w, wrong, k) / np.log(10), "base 10"),
    (lambda w, wrong, k: from_the_library(w, wrong, k) / np.log(2), "base 2"),
    (lambda w, wrong, k: abs(odds(error_of(w, wrong)) + np.log(k - 1)), "share of all weight"),
    (lambda w, wrong, k: from_the_library(w, ~wrong, k), "the right ones for the wrong ones"),
    (lambda w, wrong, k: from_the_library(w, wrong, 3), "share of all weight"),
    (not_scaled, "nan, and|share of all weight"),
    (lambda w, wrong, k: 1.0, "share of all weight"),
    (lambda w, wrong, k: ensembles.reweight(w, wrong, k), "a tuple of length 2 where a number"),
    (lambda w, wrong, k: print(end=""), "Does every way through it end with a `return`"),
]

# --- q2


def by_the_cumulated_weights(weights, size, rng):
    ends = np.cumsum(weights) / np.sum(weights)
    return np.searchsorted(ends, rng.random(size), side="right")


def one_by_one(weights, size, rng):
    rows = []
    for _ in range(size):
        point, row = rng.random() * weights.sum(), 0
        while point >= weights[row]:
            point -= weights[row]
            row += 1
        rows.append(row)
    return rows


def by_counts(weights, size, rng):
    return np.repeat(np.arange(len(weights)), rng.multinomial(size, weights / weights.sum()))


def by_refusing(weights, size, rng):
    rows = []
    while len(rows) < size:
        row = rng.integers(len(weights))
        if rng.random() * weights.max() < weights[row]:
            rows.append(row)
    return np.array(rows, float)


def by_pandas(weights, size, rng):
    return pd.Series(range(len(weights))).sample(size, replace=True, weights=weights, random_state=rng)


def by_races(weights, size, rng, *more):
    with np.errstate(divide="ignore"):
        return (rng.exponential(size=(size, len(weights))) / weights).argmin(axis=1).astype("int32")


def copies_without_lot(weights, size, rng):
    return np.repeat(np.arange(len(weights)), np.round(size * weights / weights.sum()).astype(int))[:size]


def systematic(weights, size, rng):
    ends = np.cumsum(weights) / np.sum(weights)
    return np.searchsorted(ends, (np.arange(size) + rng.random()) / size, side="right")


def with_another_generator(weights, size, rng):
    return np.random.choice(len(weights), size, p=weights / weights.sum())


def with_a_fixed_generator(weights, size, rng):
    return np.random.default_rng(0).choice(len(weights), size, p=weights / weights.sum())


def repeated(times):
    def answer(weights, size, rng):
        drawn = rng.choice(len(weights), -(-size // times), p=weights / weights.sum())
        return np.tile(drawn, times)[:size]

    return answer


def half_systematic(weights, size, rng):
    half = size // 2
    return np.concatenate([systematic(weights, half, rng), by_the_cumulated_weights(weights, size - half, rng)])


def each_once(weights, size, rng):
    return rng.choice(len(weights), size, replace=False, p=weights / weights.sum())


RIGHT_2 = [by_the_cumulated_weights, one_by_one, by_counts, by_refusing, by_pandas, by_races]
MISTAKES_2 = [
    (lambda w, size, rng: rng.choice(len(w), size), "whose weight is 0"),
    (lambda w, size, rng: rng.choice(np.flatnonzero(w), size), "of your draws"),
    (lambda w, size, rng: np.argsort(w)[::-1][:size], "row numbers, and 2 are due"),
    (lambda w, size, rng: rng.choice(len(w), size, p=w**2 / (w**2).sum()), "of your draws"),
    (lambda w, size, rng: rng.choice(len(w), size, p=w**0.5 / (w**0.5).sum()), "of your draws"),
    (lambda w, size, rng: rng.choice(len(w), size, p=w), "probabilities do not sum to 1|Probabilities"),
    (copies_without_lot, "you return 0 row numbers"),
    (systematic, "Draw each one by itself"),
    (half_systematic, "Draw each one by itself"),
    (repeated(2), "Do not repeat what was drawn"),
    (repeated(4), "Do not repeat what was drawn"),
    (each_once, "raised ValueError"),
    (with_another_generator, "with nothing else"),
    (with_a_fixed_generator, "the same rows for each of 300"),
    (lambda w, size, rng: rng.random(size), "whole numbers"),
    (lambda w, size, rng: 1 + rng.choice(len(w), size, p=w / w.sum()), "there are rows 0 to 0, and you return 1"),
    (lambda w, size, rng: by_the_cumulated_weights(w, 40, rng), "you return 40 row numbers, and 2 are due"),
    (lambda w, size, rng: np.full(size, w.argmax()), "the same rows for each of 300"),
    (lambda w, size, rng: print(end=""), "Does every way through it end with a `return`"),
]

# --- q3


def by_slices(errors, patience):
    for kept in range(1, len(errors) + 1):
        smallest = min(errors[:kept])
        if errors[kept - 1] == smallest and errors[:kept].tolist().index(smallest) == kept - 1:
            following = errors[kept : kept + patience]
            if all(error >= smallest for error in following):
                return kept
    return None


def as_keras_does(errors, patience, min_delta=0):
    best, wait, kept = np.inf, 0, 0
    for round_number, error in enumerate(errors, start=1):
        wait += 1
        if error < best - min_delta:
            best, wait, kept = error, 0, round_number
        elif wait >= patience:
            break
    return np.int64(kept)


def with_running_minima(errors, patience):
    lowest = np.minimum.accumulate(errors)
    firsts = np.flatnonzero(np.append(True, lowest[1:] < lowest[:-1]))
    gaps = np.diff(np.append(firsts, len(errors) + patience + 1))
    return 1 + firsts[np.argmax(gaps > patience)]


def by_a_window(errors, patience):
    seen = list(errors)
    for end in range(len(seen)):
        if end >= patience and min(seen[end - patience + 1 : end + 1]) >= min(seen[: end - patience + 1]):
            seen = seen[: end + 1]
            break
    return float(seen.index(min(seen)) + 1)


def recursive(errors, patience, kept=1):
    better = [k for k in range(kept, min(kept + patience, len(errors))) if errors[k] < errors[kept - 1]]
    return recursive(errors, patience, better[0] + 1) if better else kept


def never_set_back(errors, patience):
    best, waited = 0, 0
    for k in range(1, len(errors)):
        if errors[k] < errors[best]:
            best = k
        else:
            waited += 1
            if waited >= patience:
                break
    return best + 1


def than_the_one_before(errors, patience):
    best, waited = 0, 0
    for k in range(1, len(errors)):
        if errors[k] < errors[k - 1]:
            best, waited = k, 0
        else:
            waited += 1
            if waited >= patience:
                break
    return best + 1


def equal_is_better(errors, patience):
    best = 0
    for k in range(1, len(errors)):
        if errors[k] <= errors[best]:
            best = k
        elif k - best >= patience:
            break
    return best + 1


def best_from_zero(errors, patience):
    best, smallest = 0, 9.0
    for k, error in enumerate(errors):
        if error < smallest:
            best, smallest = k, error
        elif k - best >= patience:
            break
    return best + 1


def zero_is_no_error(errors, patience):
    best, kept, waited = 0, 1, 0
    for k, error in enumerate(errors, start=1):
        if not best or error < best:
            best, kept, waited = error, k, 0
        else:
            waited += 1
            if waited == patience:
                break
    return kept


def by_a_thousandth(errors, patience):
    best, kept = errors[0], 1
    for k, error in enumerate(errors[1:], start=2):
        if error < best - 0.0001:
            best, kept = error, k
        elif k - kept >= patience:
            break
    return kept


RIGHT_3 = [by_slices, as_keras_does, with_running_minima, by_a_window, recursive]
MISTAKES_3 = [
    (zero_is_no_error, "no error is smaller than that one, 0,"),
    (by_a_thousandth, "no error is smaller than that one"),
    (lambda errors, patience: int(np.argmin(errors)) + 1, "the best of all"),
    (lambda errors, patience: by_slices(errors, patience) - 1, r"after \*one\* round"),
    (lambda errors, patience: min(by_slices(errors, patience) + patience, len(errors)), "keep only the rounds"),
    (never_set_back, "Set it back to 0"),
    (lambda errors, patience: by_slices(errors, patience + 1), "one round longer"),
    (lambda errors, patience: by_slices(errors, max(1, patience - 1)), "one round less"),
    (equal_is_better, "An equal error is not smaller"),
    (than_the_one_before, "the smallest so far"),
    (best_from_zero, "no error is smaller"),
    (lambda errors, patience: by_slices(errors, 2), "no error is smaller"),
    (lambda errors, patience: len(errors), "all rounds"),
    (lambda errors, patience: errors[by_slices(errors, patience) - 1], "where a whole number is due|no error is smaller"),
    (lambda errors, patience: str(by_slices(errors, patience)), "the text '1' where a whole number is due"),
    (lambda errors, patience: 99, "to the end"),
    (lambda errors, patience: print(end=""), "Does every way through it end with a `return`"),
]

# --- q4


def with_where(fit_predict, x, y, rounds, shrinkage):
    prediction = np.median(y) * np.ones_like(y)
    for _ in range(rounds):
        targets = np.where(y > prediction, 1.0, 0.0) - np.where(y < prediction, 1.0, 0.0)
        prediction = prediction + np.asarray(fit_predict(x, targets, x)) * shrinkage
    return prediction


def in_place(fit_predict, x, y, rounds, shrinkage):
    y -= (start := np.median(y))
    left = y
    total = np.zeros(len(y))
    for _ in range(rounds):
        step = shrinkage * fit_predict(x=x, targets=np.sign(left), x_new=x)
        total += step
        left = y - total
    return (start + total).tolist()


def with_lists(fit_predict, x, y, rounds, shrinkage=0.1, verbose=False):
    now = [statistics.median(y.tolist())] * len(y)
    while rounds:
        signs = [int(a > b) - int(a < b) for a, b in zip(y, now, strict=True)]
        now = [b + shrinkage * step for b, step in zip(now, fit_predict(x, signs, x), strict=True)]
        rounds -= 1
    return now


def recursively(fit_predict, x, y, rounds, shrinkage):
    if rounds == 0:
        return pd.Series(y).median() + np.zeros(len(y))
    before = recursively(fit_predict, x, y, rounds - 1, shrinkage)
    return pd.Series(before + shrinkage * fit_predict(x, np.sign(y - before), x))


def by_steps(fit_predict, x, y, rounds, shrinkage):
    steps = [np.full(y.shape, np.median(y))]
    for _ in range(rounds):
        steps.append(shrinkage * fit_predict(x, np.sign(y - np.sum(steps, axis=0)).astype("float32"), x))
    return sum(steps)


def loop(start=np.median, targets=lambda y, now, first: np.sign(y - now), share=None, rounds_more=0):
    def answer(fit_predict, x, y, rounds, shrinkage):
        first = prediction = np.full(len(y), start(y))
        for _ in range(rounds + rounds_more):
            step = fit_predict(x, targets(y, prediction, first), x)
            prediction = prediction + (shrinkage if share is None else share) * step
        return prediction

    return answer


def small_targets(fit_predict, x, y, rounds, shrinkage):
    prediction = np.full(len(y), np.median(y))
    for _ in range(rounds):
        prediction = prediction + fit_predict(x, shrinkage * np.sign(y - prediction), x)
    return prediction


def last_only(fit_predict, x, y, rounds, shrinkage):
    prediction = np.full(len(y), np.median(y))
    for _ in range(rounds):
        step = fit_predict(x, np.sign(y - prediction), x)
        prediction = np.median(y) + shrinkage * step
    return prediction


def staged(fit_predict, x, y, rounds, shrinkage):
    return [loop()(fit_predict, x, y, k, shrinkage) for k in range(rounds + 1)]


def five_rounds(fit_predict, x, y, rounds, shrinkage):
    return loop()(fit_predict, x, y, 5, shrinkage)


RIGHT_4 = [with_where, in_place, with_lists, recursively, by_steps]
MISTAKES_4 = [
    (loop(targets=lambda y, now, first: y - now), "Here they learn its sign"),
    (loop(start=np.mean), "begin with the mean"),
    (loop(start=lambda y: 0.0), "You begin with 0"),
    (loop(targets=lambda y, now, first: np.sign(now - y)), "wrong way"),
    (loop(targets=lambda y, now, first: np.where(y > now, 1.0, -1.0)), "the target is 0, not -1"),
    (loop(targets=lambda y, now, first: np.where(y >= now, 1.0, -1.0)), "the target is 0, not 1"),
    (loop(share=1.0), "whole answer"),
    (loop(targets=lambda y, now, first: np.sign(y - first)), "the same targets"),
    (loop(rounds_more=-1), "one member less"),
    (loop(rounds_more=1), "one member more"),
    (loop(share=0.25), "in each round add shrinkage"),
    (loop(share=0.5), "in each round add shrinkage"),
    (small_targets, "You shrink the targets"),
    (last_only, "in each round add shrinkage"),
    (five_rounds, "in each round add shrinkage"),
    (staged, "where an array of numbers with 1 axis is due"),
    (lambda fit_predict, x, y, rounds, shrinkage: np.median(y), "where an array"),
    (lambda fit_predict, x, y, rounds, shrinkage: y, "Begin with the median"),
    (lambda fit_predict, x, y, rounds, shrinkage: print(end=""), "Does every way through it end with a `return`"),
]

# --- q5


def boosted(rounds=12, rate=0.3, depth=3, lightest=False):
    def answer(x, y, looks):
        weights = None
        for _ in range(rounds):
            tree = DecisionTreeClassifier(max_depth=depth, random_state=1).fit(x, y, sample_weight=weights)
            weights, _ = ensembles.reweight(weights, tree.predict(x) != y, 3, rate)
        order = np.argsort(weights)
        return (order if lightest else order[::-1])[:looks].tolist()

    return answer


def unlikely(said, y, looks):
    return np.argsort(said[np.arange(len(y)), y])[:looks]


def out_of_fold(model):
    return lambda x, y, looks: unlikely(cross_val_predict(model, x, y, cv=5, method="predict_proba"), y, looks)


def fitted(model):
    return lambda x, y, looks: unlikely(model.fit(x, y).predict_proba(x), y, looks)


def far_from_the_class(x, y, looks):
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    centres = np.stack([z[y == c].mean(axis=0) for c in range(3)])
    return np.argsort(((z - centres[y]) ** 2).sum(axis=1))[-looks:]


near = make_pipeline(StandardScaler(), KNeighborsClassifier(15))
RIGHT_5 = [
    boosted(30, 0.1),
    boosted(depth=2),
    out_of_fold(near),
    out_of_fold(make_pipeline(StandardScaler(), LogisticRegression())),
    fitted(GradientBoostingClassifier(n_estimators=20, random_state=0)),
    lambda x, y, looks: pd.Series(out_of_fold(near)(x, y, looks)),
]
MISTAKES_5 = [
    (boosted(20, 1.0), "keep them small"),
    (boosted(depth=8), "keep them small"),
    (boosted(lightest=True), "0.75 is due"),
    (out_of_fold(KNeighborsClassifier(15)), "0.75 is due"),
    (fitted(DecisionTreeClassifier(random_state=0)), "0.75 is due"),
    (far_from_the_class, "0.75 is due"),
    (lambda x, y, looks: out_of_fold(near)(x, y, looks // 2), "0.75 is due"),
    (lambda x, y, looks: np.random.default_rng(0).permutation(len(y))[:looks], "0.75 is due"),
    (lambda x, y, looks: np.arange(looks), "0.75 is due"),
    (lambda x, y, looks: np.arange(len(y)), "400 rows, and there is time for 80"),
    (lambda x, y, looks: np.zeros(looks), "a row twice"),
    (lambda x, y, looks: 1 + len(y) - np.arange(looks), "rows that there are not"),
    (lambda x, y, looks: np.arange(len(y)) < looks, "where an array of row numbers|of dtype bool"),
    (lambda x, y, looks: print(end=""), "Does every way through it end with a `return`"),
]

ALL = [
    (e10.q1, RIGHT_1, MISTAKES_1),
    (e10.q2, RIGHT_2, MISTAKES_2),
    (e10.q3, RIGHT_3, MISTAKES_3),
    (e10.q4, RIGHT_4, MISTAKES_4),
    (e10.q5, RIGHT_5, MISTAKES_5),
]
SAY = "np.log((1 - error) / error) + np.log(n_classes - 1)"
EQUIVALENT = {
    "e10.q1": {
        f"3: max(0.0, {SAY} → max({SAY}, 0.0": "max is symmetric",
    },
    "e10.q3": {"3: 1 → 0": "the first error is not smaller than itself, and no patience is over there"},
    "e10.q5": {
        "5: 12 → 13": "how many rounds is left open",
        "5: 12 → 11": "how many rounds is left open",
        "6: DecisionTreeClassifier(max_depth=3, random_state=0) → DecisionTreeClassifier(max_depth=3)": "the tree is the same",
        "6: 3 → 2": "smaller trees will do as well",
        "6: 0 → 1": "any seed will do",
    },
}
