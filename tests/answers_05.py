"""Answers to the exercises of notebook 05: right ones that are not the reference, and likely mistakes."""

import functools
import math
import operator

import keras
import keras_tuner
import numpy as np
import pandas as pd

from lib.exercises import e05

# --- q1


def named(entry):
    return type(entry).__name__


def listed(space, fixed=1):
    return [fixed if named(entry) == "Fixed" else len(list(entry.values)) for entry in space]


def size(entry):
    if isinstance(entry, keras_tuner.engine.hyperparameters.Float) and entry.step is None:
        return math.inf
    if isinstance(entry, keras_tuner.engine.hyperparameters.Int) and entry.step is None:
        return len(range(entry.min_value, entry.max_value + 1))
    return len(list(entry.values))


def by_logarithm(space):
    sizes = [size(entry) for entry in space]
    return math.inf if math.inf in sizes else round(math.exp(sum(map(math.log, sizes))))


def early(space):
    product = 1
    for entry in space:
        if named(entry) == "Float" and not entry.step:
            return float("inf")
        is_int = named(entry) == "Int" and not entry.step
        product = product * (1 + entry.max_value - entry.min_value if is_int else sum(1 for _ in entry.values))
    return product


def by_config(space):
    found = 1
    for entry in space:
        config = entry.get_config()
        if config.get("step", 0) is None:
            found *= np.inf if named(entry) == "Float" else config["max_value"] - config["min_value"] + 1
        else:
            found *= len([*entry.values])
    return found


def without_ends(space):
    return math.prod(
        len(range(e.min_value, e.max_value, e.step or 1)) if named(e) == "Int" else size(e) for e in space
    )


def int_sample(space):
    return math.inf if math.inf in map(size, space) else math.prod(listed(space))


def by_difference(space):
    return math.prod(e.max_value - e.min_value + 1 if named(e) == "Int" else size(e) for e in space)


RIGHT_1 = [
    by_logarithm, early, by_config, lambda space: math.prod(map(size, space)),
    lambda space: np.prod([float(size(entry)) for entry in space]),
    lambda space: functools.reduce(operator.mul, map(size, space)),
    lambda space: pd.Series([size(entry) for entry in space]).prod(),
]
MISTAKES_1 = [
    (lambda space: sum(map(size, space)), "the sum"),
    (lambda space: math.prod(0 if named(e) == "Fixed" else size(e) for e in space), "An hp.Fixed has one value"),
    (lambda space: math.prod(listed(space)), "a Float can take any value, so it is math.inf"),
    (int_sample, "a sample of ten. Any whole number"),
    (lambda space: math.prod(1000 if named(e) == "Float" and e.step is None else size(e) for e in space), "inf is due"),
    (without_ends, "Count both ends"),
    (by_difference, "Every entry multiplies"),
    (lambda space: math.inf if any(named(e) == "Float" for e in space) else math.prod(map(size, space)), "and 3.0 is due"),
    (lambda space: len(space), "Every entry multiplies"),
    (lambda space: print(end=""), r"nothing \(None\) where a number is due"),
    (lambda space: [size(entry) for entry in space], "a list of length 1 where a number is due"),
]

# --- q2


def chosen_first(hp, model, x, y, **more):
    more["batch_size"] = hp.Choice("batch_size", [40, 10, 20], default=10)
    return model.fit(x, y, **more)


def by_default(hp, model, *args, **kwargs):
    size = hp.Choice("batch_size", [10, 20, 40])
    return keras_tuner.HyperModel().fit(hp, model, *args, batch_size=size, **kwargs)


def doubling(hp, model, x, y, validation_data=None, **more):
    size = hp.Int("batch_size", 10, 40, step=2, sampling="log")
    history = model.fit(x=x, y=y, batch_size=size, validation_data=validation_data, **more)
    return history


def by_position(hp, model, x, y, callbacks=(), **more):
    return model.fit(x, y, hp.Choice("batch_size", (10, 20, 40)), callbacks=list(callbacks), **more)


def all_by_position(hp, model, x, y, epochs, verbose, callbacks, **more):
    return model.fit(x, y, hp.Choice("batch_size", [10, 20, 40]), epochs, verbose, callbacks, **more)


def its_own_history(hp, model, x, y, *, epochs=1, **more):
    model.fit(x, y, batch_size=hp.Choice("batch_size", [10, 20, 40]), epochs=epochs, **more)
    return model.history


def fits(more=lambda more: more, size=lambda hp: hp.Choice("batch_size", [10, 20, 40]), use=None, back=lambda history: history):
    def fit(hp, model, x, y, **given):
        chosen = size(hp)
        return back(model.fit(x, y, batch_size=use or chosen, **more(dict(given))))

    return fit


def without(*names):
    return fits(lambda more: {name: value for name, value in more.items() if name not in names})


def keeps(*names):
    return fits(lambda more: {name: value for name, value in more.items() if name in names} | {"verbose": 0})


def without_more(hp, model, x, y):
    return model.fit(x, y, batch_size=hp.Choice("batch_size", [10, 20, 40]), verbose=0)


def three_named(hp, model, x, y, epochs, callbacks, validation_data, **more):
    size = hp.Choice("batch_size", [10, 20, 40])
    return model.fit(
        x, y, batch_size=size, epochs=epochs, callbacks=callbacks, validation_data=validation_data, verbose=0
    )


def twice(hp, model, x, y, **more):
    model.fit(x, y, verbose=0)
    return fits()(hp, model, x, y, **more)


def tunes_more(hp, model, x, y, **more):
    hp.Choice("epochs", [1, 2, 3])
    return model.fit(x, y, batch_size=hp.Choice("batch_size", [10, 20, 40]), **more)


def forty_by_default(hp, model, x, y, **more):
    return keras.Model.fit(model, x, y, batch_size=hp.Choice("batch_size", [40, 20, 10]), **more)


RIGHT_2 = [forty_by_default, chosen_first, by_default, doubling, by_position, all_by_position, its_own_history]
MISTAKES_2 = [
    (fits(back=lambda history: None), r"returned nothing \(None\) where a History"),
    (fits(back=lambda history: history.history), "a dict of length 2 where a History"),
    (fits(back=lambda history: history.history["loss"][-1]), "where a History"),
    (without("callbacks"), "hand \\*\\*more on"),
    (keeps("callbacks"), "initial_epoch=1, .*Your fit trained 1"),
    (three_named, "initial_epoch=1, .*Your fit trained 3"),
    (without("initial_epoch"), "initial_epoch=1, .*Your fit trained 3"),
    (without("validation_data"), "Nothing was validated"),
    (without("sample_weight"), "a sample_weight too"),
    (without("shuffle"), "shuffle=False"),
    (fits(lambda more: more | {"verbose": 0}), "asked for verbose=2, and your fit trains with 0"),
    (fits(lambda more: more | {"shuffle": False}), "asked for shuffle=True, and your fit trains with False"),
    (without("verbose"), "asked for verbose=2, and your fit trains with None"),
    (twice, "train once"),
    (fits(use=10), "20 rows|2 steps an epoch"),
    (fits(size=lambda hp: 20), "no hyperparameter called 'batch_size'"),
    (fits(size=lambda hp: hp.Choice("batchsize", [10, 20, 40])), "no hyperparameter called 'batch_size'"),
    (fits(size=lambda hp: hp.Int("batch_size", 10, 40)), "10, 20 and 40"),
    (fits(size=lambda hp: hp.Choice("batch_size", [10, 20])), "10, 20 and 40"),
    (without_more, "let your arguments end with \\*\\*more"),
    (tunes_more, "asks hp for 'epochs' too"),
]

# --- q3


def by_matrix(y, probability, thresholds, miss, alarm):
    positive = probability >= np.array(thresholds)[:, None]
    costs = (miss * ((y == 1) & ~positive) + alarm * ((y == 0) & positive)).sum(axis=1)
    return min(zip(costs, thresholds, strict=True))[1]


def costs_of(y, probability, thresholds, miss, alarm):
    return [e05._price(y, probability, t, miss, alarm) for t in thresholds]


def patient_by_patient(y, probability, thresholds, miss, alarm):
    best, lowest = None, float("inf")
    for threshold in sorted(thresholds, reverse=True):
        cost = 0
        for label, chance in zip(y, probability, strict=True):
            if chance >= threshold and label == 0:
                cost += alarm
            elif chance < threshold and label == 1:
                cost += miss
        if cost < lowest:
            best, lowest = threshold, cost
    return best


def by_confusion(y, probability, thresholds, miss, alarm):
    from sklearn.metrics import confusion_matrix

    def cost(threshold):
        (_, false), (missed, _) = confusion_matrix(y, probability >= threshold, labels=[0, 1])
        return miss * missed + alarm * false

    return min(thresholds, key=cost)


def by_keys(y, probability, thresholds, miss, alarm):
    costs = pd.Series(costs_of(y, probability, thresholds, miss, alarm), index=thresholds)
    thresholds.clear()
    return costs.idxmin()


def last_of_equals(y, probability, thresholds, miss, alarm):
    costs = costs_of(y, probability, thresholds, miss, alarm)
    return np.float32(thresholds[len(costs) - 1 - int(np.argmin(costs[::-1]))])


def above(y, p, t, miss, alarm):
    return by_matrix(y, np.where(np.isin(p, t), p - 1e-9, p), t, miss, alarm)


def means(y, probability, thresholds, miss, alarm):
    def cost(t):
        positive = probability >= t
        ill, well = y == 1, y == 0
        return miss * np.mean(~positive[ill]) * ill.any() + alarm * np.mean(positive[well]) * well.any()

    return min(thresholds, key=cost)


RIGHT_3 = [by_matrix, patient_by_patient, by_confusion, by_keys, last_of_equals]
MISTAKES_3 = [
    (lambda y, p, t, miss, alarm: by_matrix(y, p, t, alarm, miss), "the wrong way round"),
    (lambda y, p, t, miss, alarm: t[int(np.argmax(costs_of(y, p, t, miss, alarm)))], "the threshold with the highest cost"),
    (lambda y, p, t, miss, alarm: min(costs_of(y, p, t, miss, alarm)), "the lowest cost itself"),
    (lambda y, p, t, miss, alarm: int(np.argmin(costs_of(y, p, t, miss, alarm))), "a position in the list"),
    (lambda y, p, t, miss, alarm: by_matrix(y, p, t, 1, 1), "each kind has its own cost"),
    (lambda y, p, t, miss, alarm: by_matrix(y, p, t, 1, 0), "only what is missed"),
    (lambda y, p, t, miss, alarm: by_matrix(y, p, t, 0, 1), "only false alarms"),
    (above, "compare with >="),
    (means, "the threshold with the least is due"),
    (lambda y, p, t, miss, alarm: alarm / (miss + alarm), "the threshold with the least is due"),
    (lambda y, p, t, miss, alarm: sorted(t)[int(np.argmin(costs_of(y, p, t, miss, alarm)))], "with the least is due"),
    (lambda y, p, t, miss, alarm: t[0], "the threshold with the least is due"),
    (lambda y, p, t, miss, alarm: print(end=""), r"nothing \(None\) where one of the thresholds"),
    (costs_of, "a list of length"),
]

# --- q4


def by_sign(inner, outer, direction):
    return {"max": 1, "min": -1}[direction] * float(np.mean(np.subtract(inner, outer)))


def by_loop(inner, outer, direction):
    total = 0
    for a, b in zip(inner, outer, strict=True):
        total += a - b if direction == "max" else b - a
    return total / len(inner)


RIGHT_4 = [
    by_sign,
    by_loop,
    lambda inner, outer, direction: np.float32(by_sign(inner.astype("float32"), outer.astype("float32"), direction)),
    lambda inner, outer, direction: np.mean(inner - outer if direction == "max" else outer - inner),
    lambda inner, outer, direction: sum(inner - outer) / len(outer) * (-1) ** (direction == "min"),
    lambda inner, outer, direction: keras.ops.mean(inner - outer) * (1 if direction == "max" else -1),
]
MISTAKES_4 = [
    (lambda inner, outer, direction: np.mean(inner - outer), "With 'min' the lower score is the better one"),
    (lambda inner, outer, direction: -by_sign(inner, outer, direction), "The sign is wrong, in both"),
    (lambda inner, outer, direction: abs(np.mean(inner - outer)), "unlucky"),
    (lambda inner, outer, direction: max(by_sign(inner, outer, direction), 0), "unlucky"),
    (lambda inner, outer, direction: np.mean(outer) - np.mean(inner), "With 'max' the higher score"),
    (lambda inner, outer, direction: inner - outer, "array of shape .* where a number is due"),
    (lambda inner, outer, direction: list(inner - outer), "a list of length 1 where a number is due"),
    (lambda i, o, d: (np.median(i) - np.median(o)) * (1 if d == "max" else -1), "the medians"),
    (lambda inner, outer, direction: by_sign(inner, outer, direction) * len(inner), "the sum over all folds"),
    (lambda inner, outer, direction: np.max(inner) - np.max(outer) + 1, "in the objective's direction"),
    (lambda inner, outer, direction: round(by_sign(inner, outer, direction), 2), "in the objective's direction"),
    (lambda i, o, d: i.max() - o.mean() if d == "max" else o.mean() - i.min(), "in the objective's direction"),
    (lambda inner, outer, direction: by_sign(inner, outer, direction) / np.mean(outer), "in the objective's direction"),
    (lambda inner, outer, direction: print(end=""), r"returned nothing \(None\)"),
]

# --- q5


def by_thirds(score, candidates, folds, budget):
    scores, alive = {c: [] for c in range(candidates)}, list(range(candidates))
    for fold in range(folds):
        for candidate in alive:
            scores[candidate].append(score(candidate, fold))
        alive.sort(key=lambda candidate: -np.mean(scores[candidate]))
        alive = alive[: max(1, 2 * len(alive) // 3)]
    return alive[0]


def rungs(score, candidates, folds, budget):
    table, alive = np.zeros((candidates, folds)), np.arange(candidates)
    for since, until, kept in ((0, 1, 12), (1, 2, 6), (2, 4, 4), (4, 8, 1)):
        for candidate in alive:
            for fold in range(since, until):
                table[candidate, fold] = score(candidate, fold)
        alive = alive[table[alive, :until].mean(axis=1).argsort()[::-1][:kept]]
    return alive[0]


def two_folds_first(score, candidates, folds, budget):
    means = np.array([[score(c, fold) for fold in (0, 1)] for c in range(candidates)]).mean(axis=1)
    finalists = np.argsort(means)[::-1][: (budget - 2 * candidates) // (folds - 2)]
    return max(finalists, key=lambda c: 2 * means[c] + sum(score(c, fold) for fold in range(2, folds)))


def last_folds_first(score, candidates, folds, budget):
    return rungs(lambda candidate, fold: score(candidate, folds - 1 - fold), candidates, folds, budget)


def as_a_frame(score, candidates, folds, budget):
    first = pd.Series({c: score(c, 0) for c in range(candidates)})
    best = first.nlargest(7).index
    return pd.DataFrame({c: [score(c, fold) for fold in range(folds)] for c in best}).mean().idxmax()


def on_folds(number):
    def race(score, candidates, folds, budget):
        return int(np.argmax([np.mean([score(c, fold) for fold in range(number)]) for c in range(candidates)]))

    return race


def some_in_full(score, candidates, folds, budget):
    return max(range(budget // folds), key=lambda c: sum(score(c, fold) for fold in range(folds)))


def other_folds(score, candidates, folds, budget):
    return max(range(candidates), key=lambda c: sum(score(c, (c + n) % folds) for n in range(3)))


RIGHT_5 = [by_thirds, rungs, two_folds_first, last_folds_first, as_a_frame]
MISTAKES_5 = [
    (on_folds(1), "tables your choice is within"),
    (on_folds(3), "tables your choice is within"),
    (on_folds(8), "You train 192 times; the budget is 80"),
    (some_in_full, "tables your choice is within"),
    (other_folds, "fair only on the same folds"),
    (lambda score, candidates, folds, budget: -rungs(lambda c, f: -score(c, f), candidates, folds, budget), "tables|You choose"),
    (lambda score, candidates, folds, budget: 7, "0 trainings"),
    (lambda score, candidates, folds, budget: candidates, "You choose 24"),
    (lambda score, candidates, folds, budget: score(1, folds), r"You ask for score\(1, 8\)"),
    (lambda score, candidates, folds, budget: score(0, 0), "where the number of a candidate"),
]


ALL = [
    (e05.q1, RIGHT_1, MISTAKES_1), (e05.q2, RIGHT_2, MISTAKES_2), (e05.q3, RIGHT_3, MISTAKES_3), (e05.q4, RIGHT_4, MISTAKES_4),
    (e05.q5, RIGHT_5, MISTAKES_5),
]
EQUIVALENT = {
    "e05.q3": {"7: int(np.argmin(costs)) → np.argmin(costs)": "a list takes NumPy's whole number as its index"},
    "e05.q5": {
        "2: 0 → 1": "another fold for all of them first, and fold 1 counts twice for the finalists: another race that wins",
        "4: folds - 1 → folds + 1": "two finalists fewer: another race that wins, within the budget",
        "4: 1 → 0": "one finalist fewer: another race that wins, within the budget",
        "5: 1 → 2": "one fold is left out for all finalists alike: another race that wins, within the budget",
    },
}
DEAR = {"e05.q2"}
