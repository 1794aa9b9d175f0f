"""Answers to the exercises of notebook 18: right ones that are not the reference, and likely mistakes."""

import functools
import itertools
import random

import keras
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.model_selection import StratifiedKFold, train_test_split

from lib import tasks
from lib.exercises import e18

# --- q1


def in_python(labels, seed):
    draw, parts = random.Random(seed), ([], [], [])
    for label in sorted(set(labels.tolist())):
        rows = [row for row, one in enumerate(labels) if one == label]
        draw.shuffle(rows)
        for place, row in enumerate(rows):
            parts[(2, 1, 0, 0, 0)[place % 5]].append(row)
    return parts


def by_split(labels, seed):
    rows = np.arange(len(labels))
    rest, test = train_test_split(rows, test_size=round(len(rows) / 5), stratify=labels, random_state=seed)
    train, val = train_test_split(rest, test_size=round(len(rows) / 5), stratify=labels[rest], random_state=seed)
    return train, val, test


def by_folds(labels, seed):
    folds = StratifiedKFold(5, shuffle=True, random_state=seed).split(labels, labels)
    test, val, *train = (held for _, held in folds)
    return np.concatenate(train), val, test


def by_pandas(labels, seed):
    table = pd.Series(labels).sample(frac=1, random_state=seed)
    place = table.groupby(table).cumcount() % 5
    return table.index[place > 1], table.index[place == 1], table.index[place == 0]


def cut_from_below(labels, seed):
    rng, parts = np.random.default_rng([seed, 7]), []
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        parts.append(np.split(rows, [len(rows) // 5, 2 * (len(rows) // 5)]))
    test, val, train = map(np.concatenate, zip(*parts, strict=True))
    return [train.tolist(), val.tolist(), test.tolist()]


def whatever_the_class(labels, seed):
    rows, fifth = np.random.default_rng(seed).permutation(len(labels)), len(labels) // 5
    return rows[2 * fifth :], rows[fifth : 2 * fifth], rows[:fifth]


def in_order(labels, seed):
    parts = [np.array_split(np.flatnonzero(labels == label), 5) for label in np.unique(labels)]
    joined = [np.concatenate(part) for part in zip(*parts, strict=True)]
    return np.concatenate(joined[:3]), joined[3], joined[4]


def overlapping(labels, seed):
    train, val, test = e18.q1.reference(labels, seed)
    return np.concatenate([train, test]), val, test


def lost(labels, seed):
    train, val, test = e18.q1.reference(labels, seed)
    return train[1:], val, test


def unseeded(labels, seed):
    return e18.q1.reference(labels, np.random.default_rng().integers(1, 2**31))


RIGHT_1 = [in_python, by_split, by_folds, by_pandas, cut_from_below]
MISTAKES_1 = [
    (whatever_the_class, "a fifth of each class is due"),
    (in_order, "With seeds 1 to 4 the same rows"),
    (overlapping, "must not be tested on"),
    (lost, "is in no part"),
    (unseeded, "The same seed gives other parts"),
    (lambda labels, seed: e18.q1.reference(labels, seed)[::-1], "a fifth of each class is due"),
    (lambda labels, seed: [labels[rows] for rows in e18.q1.reference(labels, seed)], "comes .* times"),
    (lambda labels, seed: e18.q1.reference(labels, seed)[:2], "where three arrays of row numbers"),
    (lambda labels, seed: [rows + 1 for rows in e18.q1.reference(labels, seed)], "that the table does not have"),
    (lambda labels, seed: print(end=""), "Does every way through it end with a `return`"),
]

# --- q2


def by_list(try_one, seconds, clock, most):
    times, scores = [clock()], []
    while True:
        scores.append(try_one())
        times.append(clock())
        if len(scores) >= most or times[-1] - times[0] + max(np.diff(times)) > seconds:
            return scores


def with_for(try_one, seconds, clock, most):
    start, longest, scores = clock(), 0, []
    for number in range(max(most, 1)):
        if number and seconds - (clock() - start) < longest:
            break
        began = clock()
        scores.append(float(try_one()))
        longest = max(longest, clock() - began)
    return tuple(scores)


def by_recursion(try_one, seconds, clock, most, longest=0):
    began = clock()
    score = try_one()
    took = clock() - began
    longest = max(longest, took)
    if most <= 1 or longest > seconds - took:
        return [score]
    return [score, *by_recursion(try_one, seconds - took, clock, most - 1, longest)]


def as_array(try_one, seconds, clock, most, *more):
    return np.array(by_list(try_one, seconds, clock, most), dtype="float32")


def with_generator(try_one, seconds, clock, most):
    def scores():
        end, longest = clock() + seconds, None
        for _ in itertools.repeat(None, most):
            began = clock()
            if longest is not None and began + longest > end:
                return
            yield try_one()
            longest = max(longest or 0, clock() - began)

    return list(scores())


def until_out_of_time(try_one, seconds, clock, most):
    began, scores = clock(), []
    while not scores or (clock() - began < seconds and len(scores) < most):
        scores.append(try_one())
    return scores


def looped(go_on, first=True):
    def search(try_one, seconds, clock, most):
        end, taken, scores = clock() + seconds, [], []
        while (first and not scores) or (len(scores) < most and (not taken or go_on(taken, end - clock()))):
            began = clock()
            scores.append(try_one())
            taken.append(clock() - began)
        return scores

    return search


RIGHT_2 = [by_list, with_for, by_recursion, as_array, with_generator]
MISTAKES_2 = [
    (until_out_of_time, "while any time is left"),
    (looped(lambda taken, left: taken[-1] <= left), "You go by the last trial"),
    (looped(lambda taken, left: np.mean(taken) <= left), "You go by the mean"),
    (looped(lambda taken, left: max(taken) < left), "just as long as is left does fit"),
    (lambda try_one, seconds, clock, most: by_list(try_one, seconds, clock, 10**6), "No more trials than `most`"),
    (lambda try_one, seconds, clock, most: [try_one() for _ in range(most)], "it gives"),
    (lambda try_one, seconds, clock, most: by_list(try_one, seconds, clock, most)[::-1], "it gives"),
    (lambda try_one, seconds, clock, most: [max(by_list(try_one, seconds, clock, most))], "it gives"),
    (lambda try_one, seconds, clock, most: [try_one() for _ in iter(int, 1)], "still goes on"),
    (lambda try_one, seconds, clock, most: len(by_list(try_one, seconds, clock, most)), "where a list with the score"),
    (lambda try_one, seconds, clock, most: print(end=""), "Does every way through it end with a `return`"),
]

# --- q3


def loss(said, y, team):
    return tasks.loss_of(np.mean([said[k] for k in team], axis=0), y)


def of_all_teams(said, y, weights, limit):
    sizes = (1, 2, 3)
    teams = [team for size in sizes for team in itertools.combinations(range(len(said)), size)]
    fits = [team for team in teams if sum(weights[k] for k in team) <= limit]
    return min(fits, key=functools.partial(loss, said, y))


def of_pairs(said, y, weights, limit):
    pairs = itertools.combinations_with_replacement(range(len(said)), 2)
    return list(min((p for p in pairs if sum(weights[k] for k in set(p)) <= limit), key=lambda p: loss(said, y, p)))


def by_luck(said, y, weights, limit):
    rng, found = np.random.default_rng(0), []
    for _ in range(400):
        team = rng.choice(len(said), min(len(said), rng.integers(1, 5)), replace=False)
        if weights[team].sum() <= limit:
            found.append(team)
    return min(found, key=lambda team: loss(said, y, team))


def from_the_best(said, y, weights, limit):
    fits = [k for k in range(len(said)) if weights[k] <= limit]
    team = [min(fits, key=lambda k: loss(said, y, [k]))]
    for k in sorted(set(fits) - set(team), key=lambda k: loss(said, y, [team[0], k])):
        if weights[[*team, k]].sum() <= limit and loss(said, y, [*team, k]) < loss(said, y, team):
            team.append(k)
    return np.array(team)


def greedily(said, y, weights, limit):
    team = []
    for _ in range(8):
        fits = [k for k in range(len(said)) if sum(weights[i] for i in {*team, k}) <= limit]
        team = min([team, *([*team, k] for k in fits)], key=lambda some: loss(said, y, some) if some else np.inf)
    return tuple(team)


def too_heavy(said, y, weights, limit):
    return sorted(range(len(said)), key=lambda k: loss(said, y, [k]))[:3]


def the_best(said, y, weights, limit):
    return [min((k for k in range(len(said)) if weights[k] <= limit), key=lambda k: loss(said, y, [k]))]


def all_that_fit(said, y, weights, limit):
    order = np.argsort(weights)
    return order[np.cumsum(weights[order]) <= limit]


RIGHT_3 = [of_all_teams, of_pairs, by_luck, from_the_best, greedily]
MISTAKES_3 = [
    (too_heavy, "weights together, and"),
    (the_best, "A second voice may still fit"),
    (all_that_fit, "by itself|what the loss of the team would be"),
    (lambda said, y, weights, limit: [int(np.argmin(weights))], "by itself"),
    (lambda said, y, weights, limit: [], "one member at least"),
    (lambda said, y, weights, limit: [k + 1 for k in greedily(said, y, weights, limit)], "by itself|numbers 0 to 7|together"),
    (lambda said, y, weights, limit: [8], "numbers 0 to 7"),
    (lambda said, y, weights, limit: greedily(said, y, weights, 10**9), "weights together, and"),
    (lambda said, y, weights, limit: said[greedily(said, y, weights, limit)[0]], "where a whole number is due"),
    (lambda said, y, weights, limit: print(end=""), "Does every way through it end with a `return`"),
]

# --- q4


def row_by_row(x, n, rng):
    rows = []
    for _ in range(n):
        first, second = rng.choice(len(x), 2, replace=False)
        share = rng.uniform()
        rows.append(x[second] + share * (x[first] - x[second]))
    return np.array(rows)


def by_matrix(x, n, rng):
    shares = np.zeros((n, len(x)))
    for row in shares:
        pair = rng.choice(len(x), 2, replace=False)
        row[pair] = rng.dirichlet([1, 1])
    return np.tensordot(shares, x, axes=1)


def near_one_end(x, n, rng):
    first, second = rng.integers(len(x), size=n), rng.integers(len(x), size=n)
    share = rng.beta(0.4, 0.4, n).reshape(-1, *[1] * (x.ndim - 1)).astype(x.dtype)
    return [a * s + b * (1 - s) for a, b, s in zip(x[first], x[second], share, strict=True)]


def with_a_neighbour(x, n, rng):
    order = rng.permutation(np.resize(np.arange(len(x)), n))
    share = rng.random(n)
    return np.stack([s * x[k] + (1 - s) * x[(k + 1) % len(x)] for k, s in zip(order, share, strict=True)])


def by_einsum(x, n, rng):
    pairs, share = rng.integers(0, len(x), (n, 2)), rng.random(n)
    shares = np.stack([share, 1 - share], axis=1)
    return np.einsum("np,np...->n...", shares, x[pairs])


def each_number_alone(x, n, rng):
    first, second = rng.integers(len(x), size=(2, n))
    share = rng.random((n, *x.shape[1:]))
    return share * x[first] + (1 - share) * x[second]


def drawn(x, n, rng, share):
    first, second = rng.integers(len(x), size=(2, n))
    share = share.reshape(-1, *[1] * (x.ndim - 1))
    return share * x[first] + (1 - share) * x[second]


def of_three(x, n, rng):
    shares = np.zeros((n, len(x)))
    for row in shares:
        row[rng.choice(len(x), 3, replace=False)] = rng.dirichlet([1, 1, 1])
    return np.tensordot(shares, x, axes=1)


def added(x, n, rng):
    first, second = rng.integers(len(x), size=(2, n))
    return x[first] + x[second]


RIGHT_4 = [row_by_row, by_matrix, near_one_end, with_a_neighbour, by_einsum]
MISTAKES_4 = [
    (each_number_alone, "no mixture of rows of x|two are due|lies beyond|sum to"),
    (lambda x, n, rng: x[rng.integers(len(x), size=n)], "most rows are copies"),
    (lambda x, n, rng: drawn(x, n, rng, np.full(n, 0.5)), "mixed in the same shares"),
    (lambda x, n, rng: drawn(x, n, rng, rng.uniform(1.2, 3, n)), "lies beyond those"),
    (of_three, "made of 3 rows"),
    (added, "sum to 2|lies beyond"),
    (lambda x, n, rng: row_by_row(x, n, np.random.default_rng(0)), "the rng does not decide"),
    (lambda x, n, rng: row_by_row(x, n, np.random.default_rng()), "the rng does not decide"),
    (lambda x, n, rng: row_by_row(x, n + 1, rng), "the shape is"),
    (lambda x, n, rng: row_by_row(x, n, rng).reshape(n, -1, 1), "the shape is"),
    (lambda x, n, rng: print(end=""), "Does every way through it end with a `return`"),
]

# --- q5


def by_pandas_5(before, after, seconds_before, seconds_after):
    apart = pd.Series(after) - pd.Series(before)
    return seconds_after < seconds_before and not apart.mean() + 2 * apart.sem() < 0


def by_sums(before, after, seconds_before, seconds_after):
    apart, n = [b - a for a, b in zip(before, after, strict=True)], len(before)
    mean = sum(apart) / n
    error = (sum((each - mean) ** 2 for each in apart) / (n - 1) / n) ** 0.5
    return np.bool_(mean >= -2 * error and seconds_before > seconds_after)


def in_order_5(before, after, seconds_before, seconds_after):
    if seconds_after >= seconds_before:
        return False
    apart = np.subtract(before, after)
    return not np.mean(apart) > 2 * np.std(apart) / np.sqrt(len(apart))


def with_numpy(before, after, seconds_before, seconds_after):
    quick = np.less(seconds_after, seconds_before)
    worse = (before - after).mean() > 2 * (before - after).std(ddof=1) * len(before) ** -0.5
    return np.logical_and(quick, ~worse)


def by_variance(before, after, seconds_before, seconds_after):
    apart = np.asarray(after, "float64") - before
    fall = max(0.0, -apart.mean())
    return bool(fall**2 <= 4 * apart.var(ddof=1) / len(apart)) if seconds_after < seconds_before else False


def mean_alone(before, after, seconds_before, seconds_after):
    return seconds_after < seconds_before and after.mean() >= before.mean()


def one_error(before, after, seconds_before, seconds_after):
    apart = after - before
    return seconds_after < seconds_before and apart.mean() > -20 * apart.std() / np.sqrt(len(apart))


RIGHT_5 = [by_pandas_5, by_sums, in_order_5, with_numpy, by_variance]
MISTAKES_5 = [
    (lambda before, after, first, second: second < first, "but how good is it"),
    (lambda before, after, first, second: by_sums(before, after, 2, 1), "did it take less time"),
    (mean_alone, "A fall within two standard errors may be chance"),
    (lambda before, after, first, second: by_sums(after, before, first, second), "the sign the wrong way round|Worth it is"),
    (lambda before, after, first, second: by_sums(before, after, second, first), "Worth it is"),
    (one_error, "Worth it is|how good is it"),
    (lambda before, after, first, second: not by_sums(before, after, first, second), "Worth it is"),
    (lambda before, after, first, second: True, "Worth it is"),
    (lambda before, after, first, second: (after - before).mean(), "where True or False is due"),
    (lambda before, after, first, second: print(end=""), "Does every way through it end with a `return`"),
]

# --- q6


def trained(layers, x, y, epochs=20, rate=0.01):
    keras.utils.set_random_seed(1)
    classes = y.shape[1] > 1
    last = keras.layers.Dense(y.shape[1], activation="softmax" if classes else None)
    model = keras.Sequential([keras.Input(x.shape[1:]), *layers, last])
    model.compile(keras.optimizers.Adam(rate), "categorical_crossentropy" if classes else "mse", steps_per_execution=12)
    model.fit(x, y, epochs=epochs, batch_size=25, verbose=0)
    return model


def dense(units, activation="relu"):
    return keras.layers.Dense(units, activation=activation)


def functional(x, y):
    keras.utils.set_random_seed(2)
    entry = keras.Input(x.shape[1:])
    hidden = dense(96)(dense(96)(keras.layers.Flatten()(entry)))
    end = keras.layers.Dense(y.shape[1], activation="softmax" if y.shape[1] > 1 else "linear")(hidden)
    model = keras.Model(entry, end)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.CategoricalCrossentropy() if y.shape[1] > 1 else "mse")
    model.fit(x, y, epochs=20, batch_size=25, verbose=0)
    return model


def half_of_it(x, y):
    return trained([keras.layers.Flatten(), dense(32)], x[:2], y[:2], epochs=2)


def linear(x, y):
    return trained([keras.layers.Flatten()], x, y, epochs=5)


def logits(x, y):
    keras.utils.set_random_seed(1)
    layers = [keras.Input(x.shape[1:]), keras.layers.Flatten(), keras.layers.Dense(y.shape[1])]
    return keras.Sequential(layers)


RIGHT_6 = [
    lambda x, y: trained([keras.layers.Flatten(), dense(64), dense(64)], x, y),
    lambda x, y: trained([keras.layers.Flatten(), dense(48, "tanh"), dense(48, "tanh"), dense(48)], x, y),
    lambda x, y: trained([keras.layers.Flatten(), keras.layers.BatchNormalization(), dense(64), dense(64)], x, y),
    lambda x, y, epochs=25: trained([keras.layers.Flatten(), dense(100, "silu"), dense(50, "silu")], x, y, epochs),
    functional,
]
MISTAKES_6 = [
    (linear, "0.85 is due"),
    (half_of_it, "0.85 is due"),
    (logits, "do not sum to 1"),
    (lambda x, y: trained([keras.layers.Flatten(), dense(6000)], x, y, epochs=1), "weights; 20,000 are allowed"),
    (lambda x, y: trained([keras.layers.Flatten(), dense(8)], x, np.concatenate([y, y], axis=1), epochs=1), "with the shape"),
    (lambda x, y: Ridge().fit(x.reshape(len(x), -1), y), "a Ridge where a Keras model is due"),
    (lambda x, y: keras.Sequential([keras.Input((99,)), keras.layers.Dense(y.shape[1])]), "Your model raised"),
    (lambda x, y: linear(x, y).predict(x, verbose=0), "where a Keras model is due"),
    (lambda x, y: print(end=""), "nothing .None."),
]

ALL = [
    (e18.q1, RIGHT_1, MISTAKES_1), (e18.q2, RIGHT_2, MISTAKES_2), (e18.q3, RIGHT_3, MISTAKES_3),
    (e18.q4, RIGHT_4, MISTAKES_4), (e18.q5, RIGHT_5, MISTAKES_5), (e18.q6, RIGHT_6, MISTAKES_6),
]
DEAR = {"e18.q6"}
EQUIVALENT = {
    "e18.q1": {
        "6: round → int": "where a fifth is no whole number, either neighbour will do",
        **{f"10: np.array({part}) → {part}": "a list is read as an array" for part in ("train", "val", "test")},
    },
    "e18.q2": {"7: max(longest, clock() - began) → max(clock() - began, longest)": "the larger of two, in either order"},
    "e18.q3": {
        "9: losses[chosen] >= best → losses[chosen] > best": "a voice that changes nothing changes nothing",
        "7: tasks.loss_of(said[[*team, k]].mean(axis=0), y) → tasks.loss_of(y, said[[*team, k]].mean(axis=0))":
            "of one-hot rows and of numbers it is the same either way",
    },
    "e18.q5": dict.fromkeys(["3: apart.std(ddof=1) → apart.std()", "3: 1 → 2", "3: 1 → 0"], "the same to three digits"),
    "e18.q6": dict.fromkeys(
        [
            "8: model.fit(x, y, epochs=20, batch_size=25, verbose=0) → model.fit(x, y, epochs=20, verbose=0)",
            "8: model.fit(x, y, epochs=20, batch_size=25, verbose=0) → model.fit(x, y, epochs=20, batch_size=25)",
            "7: 'categorical_crossentropy' if y.shape[1] > 1 else 'mse' → 'mse'", "7: y.shape[1] > 1 → y.shape[1] < 1",
            "7: 1 → 2", "5: 64 → 65", "5: 64 → 63", "7: 0.01 → 0.015", "8: 20 → 21", "8: 20 → 19", "8: 25 → 26", "8: 25 → 24",
            "8: 0 → 1", "8: 0 → -1",
        ],
        "another network, or another training, that reaches what is asked for",
    ),
}
