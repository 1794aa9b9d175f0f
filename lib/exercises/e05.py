"""Exercises of notebook 05: the size of a space, a HyperModel's `fit`, a cost, inner against outer scores, a race over folds."""

import inspect
import math

import numpy as np

from lib.exercises import kinds
from lib.exercises.core import Exercise, Wrong, over_cases, wrong_if

# --- q1: how large a space is


def _spaces():
    """Return the entries of some spaces."""
    import keras_tuner

    hp = keras_tuner.HyperParameters()
    hp.Choice("activation", ["relu", "selu"])
    hp.Choice("rate", [0.1, 0.01, 0.001])
    hp.Choice("only", [5])
    hp.Boolean("norm")
    hp.Fixed("pixels", 784)
    hp.Int("blocks", 2, 8)
    hp.Int("one", 3, 3)
    hp.Int("by_4", 1, 10, step=4)
    hp.Int("by_32", 32, 512, step=32)
    hp.Int("doubling", 8, 64, step=2, sampling="log")
    hp.Int("log", 32, 512, sampling="log")
    hp.Float("dropout", 0.0, 0.5, step=0.25)
    hp.Float("times_10", 1e-4, 1e-1, step=10, sampling="log")
    hp.Float("free", 1e-4, 1e-2, sampling="log")
    hp.Float("even", 0.0, 0.5)
    at = {entry.name: entry for entry in hp.space}
    together = [
        "activation", "norm", "pixels", "blocks", "by_4", "one", "only", "log", "free", "dropout", "even", "doubling", "times_10",
        "activation blocks norm", "by_32 dropout", "rate pixels", "doubling rate by_4", "log norm", "times_10 pixels activation",
        "activation free", "even blocks", "free pixels log", "dropout log one", "activation only by_4 norm",
    ]
    return [([at[name] for name in names.split()],) for names in together]


def _check_q1(combinations):
    def product(size):
        return lambda space: math.prod(map(size, space))

    def listed(entry):
        return len(list(entry.values))

    def cut(entry):
        return len(range(entry.min_value, entry.max_value, entry.step or 1)) if type(entry).__name__ == "Int" else _size(entry)

    fixed = "An hp.Fixed has one value, and one times the others changes nothing."
    mistakes = [
        (lambda space: sum(map(_size, space)), "That is the sum. Every value goes together with every value of the others."),
        (product(lambda e: 0 if type(e).__name__ == "Fixed" else _size(e)), fixed),
        (
            product(lambda e: listed(e) if type(e).__name__ == "Int" else _size(e)),
            "Of an Int on a logarithmic scale without a step, `values` is a sample of ten. Any whole number of its range "
            "can be drawn.",
        ),
        (
            product(listed),
            "Of an entry without a step, `values` is a sample of ten: a Float can take any value, so it is math.inf, and "
            "an Int any whole number of its range.",
        ),
        (
            product(lambda e: listed(e) if type(e).__name__ == "Float" else _size(e)),
            "A Float without a step can take any value, so it is math.inf.",
        ),
        (product(cut), "Count both ends of an Int: max_value can be drawn too."),
    ]
    why = "Every entry multiplies by the number of values that it can take; both ends of an Int count."
    over_cases(combinations, _spaces(), _combinations, why, mistakes)
    return "Every entry multiplies, an hp.Fixed by one, and a Float without a step by infinitely many."


def _size(entry):
    if getattr(entry, "step", 1) is None:
        return entry.max_value - entry.min_value + 1 if type(entry).__name__ == "Int" else math.inf
    return len(list(entry.values))


def _combinations(space):
    product = 1
    for entry in space:
        kind = type(entry).__name__
        if kind == "Float" and entry.step is None:
            return math.inf
        if kind == "Int" and entry.step is None:  # `values` is a sample
            product *= entry.max_value - entry.min_value + 1
        else:
            product *= len(list(entry.values))
    return product


q1 = Exercise(
    _check_q1,
    [
        "len(list(entry.values)) is how many values an entry has, an hp.Fixed one. `type(entry).__name__` is its kind.",
        "Where an entry has a `step` and it is None, `values` is only a sample: then look at min_value and max_value.",
        "product = 1; for entry in space: product *= ..., which is math.inf for a Float without a step, max_value - ... for "
        "an Int without one, and len(...) for all others.",
    ],
    _combinations,
    due=kinds.number,
)


# --- q2: the fit of a HyperModel


def _asked(fit, batch_size):
    """Let an answer train a tiny model, with everything that a tuner may give; return its model, hp, and what was seen."""
    import keras
    import keras_tuner

    class Watch(keras.callbacks.Callback):
        def __repr__(self):
            return "Watch()"

        def on_train_begin(self, logs=None):
            self.steps, self.epochs, self.logs = 0, [], {}

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1

        def on_epoch_end(self, epoch, logs=None):
            self.epochs.append(epoch)
            self.logs = logs

    class Model(keras.Sequential):
        def fit(self, *args, **kwargs):
            watch.given = dict(inspect.signature(super().fit).bind(*args, **kwargs).arguments)
            return super().fit(**watch.given | {"verbose": 0})

    model = Model([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    hp = keras_tuner.HyperParameters()
    if batch_size:
        hp.values["batch_size"] = batch_size
    rng, watch = np.random.default_rng(0), Watch()
    x, y, held = rng.random((40, 2)), rng.random((40, 1)), (np.ones((1, 2)), np.ones((1, 1)))
    more = {"epochs": 3, "initial_epoch": 1, "verbose": 2, "callbacks": [watch], "validation_data": held}
    more |= {"sample_weight": np.arange(40.0), "shuffle": batch_size == 40}  # one batch of all rows trains the same, shuffled
    watch.asked = watch.given = more
    if fit is not _fit:
        _takes_all(fit, (hp, model, x, y), more)
    fit(hp, model, x, y, **more)
    return model.get_weights(), hp, watch


def _takes_all(fit, given, more):
    """Raise Wrong if an answer cannot take what a tuner gives by name."""
    try:
        inspect.signature(fit.raw).bind(*given, **more)
    except TypeError:
        fit(*given)  # an error of its own comes first
        words = "A tuner also gives callbacks, epochs, validation data and more, by name: let your arguments end with **more."
        raise Wrong(words) from None


def _check_q2(fit):
    right = {batch_size: _asked(_fit, batch_size)[0] for batch_size in (10, 20, 40)}
    for batch_size in (None, 10, 20, 40):
        weights, hp, watch = _asked(fit, batch_size)
        entry = next((entry for entry in hp.space if entry.name == "batch_size"), None)
        wrong_if(entry is None, "Your fit asks hp for no hyperparameter called 'batch_size'.")
        more = sorted({entry.name for entry in hp.space} - {"batch_size"})
        wrong_if(more, f"Your fit asks hp for {', '.join(map(repr, more))} too, and a search tunes it. Only batch_size is due.")
        wrong_if(sorted(entry.values) != [10, 20, 40], "`batch_size` should take one of three values: 10, 20 and 40.")
        batch_size = hp.get("batch_size")
        wrong_if(
            not hasattr(watch, "epochs"),
            "The callbacks of the tuner were never called, and nobody would keep the best weights: hand **more on.",
        )
        asked = "The search asked for epochs=3 and initial_epoch=1, as Hyperband does: two more epochs."
        wrong_if(watch.epochs != [1, 2], f"{asked} Your fit trained {len(watch.epochs)}. Hand **more on to model.fit.")
        steps = watch.steps / 2
        words = f"With batch_size={batch_size}, 40 rows are {40 // batch_size} steps an epoch; your fit trains {steps:g}."
        wrong_if(steps != 40 / batch_size, f"{words} Does model.fit get it?")
        wrong_if(
            "val_loss" not in watch.logs,
            "Nothing was validated, so there is no val_ objective: hand validation_data on, with the rest of **more.",
        )
        wrong_if(
            not all(np.allclose(a, b, atol=1e-5) for a, b in zip(weights, right[batch_size], strict=True)),
            "The model that you leave is not the one that model.fit makes of x and y with these settings: the search asked for "
            "shuffle=False and a sample_weight too. Hand on all that **more holds, and train once.",
        )
        for name in ("verbose", "shuffle"):
            words = f"The search asked for {name}={watch.asked[name]}, and your fit trains with {watch.given.get(name)!r}."
            wrong_if(watch.given.get(name) != watch.asked[name], f"{words} Leave what **more holds as it is.")
    return "The batch size is tuned, and all that the search and the tuner gave is handed on."


def _fit(hp, model, x, y, **more):
    return model.fit(x, y, batch_size=hp.Choice("batch_size", [10, 20, 40]), **more)


def _history():
    import keras

    return keras.callbacks.History


q2 = Exercise(
    _check_q2,
    [
        'hp.Choice("batch_size", [10, 20, 40]) returns the current value.',
        "In **more are epochs, validation data, the tuner's callbacks, and whatever else was given to `search`: hand it on.",
        "return model.fit(x, y, batch_size=hp.Choice(...), ...)",
    ],
    _fit,
    due=kinds.instance("a History", _history),
    seconds=60,
)


# --- q3: the cheapest threshold


def _price(y, probability, threshold, miss, alarm):
    positive = probability >= threshold
    return miss * np.sum((y == 1) & ~positive) + alarm * np.sum((y == 0) & positive)


def _patients():
    """Return cases, each with one cheapest threshold: which of two equally cheap ones is returned is left open."""
    cases = [
        (np.array([1]), np.array([0.4]), [0.3, 0.5], 1, 1), (np.array([0]), np.array([0.4]), [0.3, 0.5], 1, 1),
        (np.array([1, 0]), np.array([0.5, 0.3]), [0.3, 0.5], 1, 1), (np.array([0, 0, 1]), np.array([0.2, 0.7, 0.6]), [0.5], 3, 1),
    ]
    rng = np.random.default_rng(0)
    for size in (4, 6, 10, 20, 60, 60, 60, 60, 60, 60):
        for miss, alarm in ((1, 1), (5, 1), (20, 1), (1, 20), (0.5, 2)):
            y = rng.integers(0, 2, size)
            probability = np.clip(0.25 + 0.5 * y + rng.normal(0, 0.25, size), 0, 1).round(1)
            thresholds = rng.permutation([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])[: 3 + size // 10].tolist()
            cases.append((y, probability, thresholds, miss, alarm))
    prices = [sorted(_price(y, p, t, *costs) for t in thresholds) for y, p, thresholds, *costs in cases]
    return [case for case, price in zip(cases, prices, strict=True) if len(price) == 1 or price[0] < price[1]]


def _check_q3(cheapest):
    def prices(y, p, thresholds, miss, alarm):
        return [_price(y, p, t, miss, alarm) for t in thresholds]

    def by(cost, words, sign=1):
        def rule(order):  # of the thresholds: it decides which of two equally cheap ones is meant
            return lambda y, p, thresholds, *costs: min(order(thresholds), key=lambda t: sign * cost(y, p, t, *costs))

        return [(rule(order), words) for order in (list, sorted, lambda thresholds: sorted(thresholds, reverse=True))]

    def above(y, probability, threshold, miss, alarm):
        return _price(y, np.where(probability == threshold, -1, probability), threshold, miss, alarm)

    mistakes = [
        *by(above, "A probability that equals the threshold raises the alarm: compare with >=."),
        *by(
            lambda y, p, t, miss, alarm: _price(y, p, t, alarm, miss),
            "You count what is missed and what is a false alarm the wrong way round.",
        ),
        *by(lambda y, p, t, miss, alarm: _price(y, p, t, 1, 1), "You count mistakes; each kind has its own cost."),
        *by(lambda y, p, t, miss, alarm: _price(y, p, t, 1, 0), "You count only what is missed. False alarms cost too."),
        *by(lambda y, p, t, miss, alarm: _price(y, p, t, 0, 1), "You count only false alarms. What is missed costs too."),
        *by(_price, "That is the threshold with the highest cost. Look for the lowest.", sign=-1),
        (lambda *case: min(prices(*case)), "That is the lowest cost itself. Return the threshold that has it."),
        (lambda *case: int(np.argmin(prices(*case))), "That is a position in the list. Return the threshold at that position."),
    ]
    why = "Add up miss for every 1 below a threshold and alarm for every 0 at or above it; the threshold with the least is due."
    over_cases(cheapest, _patients(), _cheapest, why, mistakes)
    return "Where a miss costs much the threshold goes down, where an alarm costs much it goes up."


def _cheapest(y, probability, thresholds, miss, alarm):
    costs = []
    for threshold in thresholds:
        positive = probability >= threshold
        missed, alarms = np.sum((y == 1) & ~positive), np.sum((y == 0) & positive)
        costs.append(miss * missed + alarm * alarms)
    return thresholds[int(np.argmin(costs))]


q3 = Exercise(
    _check_q3,
    [
        (
            "Missed are those with y == 1 and a probability below the threshold; "
            "false alarms those with y == 0 and one not below it."
        ),
        "One sum for each threshold, miss * missed + alarm * alarms; np.argmin says where the smallest stands.",
        "costs = [miss * np.sum(...) + alarm * np.sum(...) for t in thresholds]; return thresholds[...]",
    ],
    _cheapest,
    due=kinds.number.called("one of the thresholds, a number,"),
)


# --- q4: inner against outer


def _check_q4(flattery):
    pairs = [
        ([0.5], [0.5]), ([0.75], [0.5]), ([0.5], [0.75]), ([1.0, 0.75], [0.5, 0.5]), ([0.25, 0.5], [0.5, 1.0]),
        ([0.5, 0.5, 1.0], [0.25, 0.75, 0.25]), ([-3.0, -1.0, -0.5], [-2.0, -4.0, -1.0]), ([12.0, 8.0, 4.0], [8.0, 9.0, 19.0]),
    ]
    rng = np.random.default_rng(0)
    pairs += [rng.normal(0.8, 0.1, (2, size)).round(2) for size in (3, 4, 5, 8)]
    cases = [(np.array(inner), np.array(outer), direction) for inner, outer in pairs for direction in ("max", "min")]
    turned = "With 'min' the lower score is the better one: there inner scores look better where they are lower."
    mistakes = [
        (lambda inner, outer, direction: np.mean(inner) - np.mean(outer), turned),
        (lambda inner, outer, direction: -_flattery(inner, outer, direction), "The sign is wrong, in both directions."),
        (lambda inner, outer, direction: np.mean(outer) - np.mean(inner), "With 'max' the higher score is the better one."),
        (
            lambda inner, outer, direction: abs(np.mean(inner) - np.mean(outer)),
            "A search may also have been unlucky, its inner scores worse than the outer ones: then the answer is negative.",
        ),
        (
            lambda inner, outer, direction: max(_flattery(inner, outer, direction), 0),
            "A search may also have been unlucky, its inner scores worse than the outer ones: then the answer is negative.",
        ),
        (
            lambda inner, outer, direction: (np.median(inner) - np.median(outer)) * (1 if direction == "max" else -1),
            "That compares the medians; on average means the mean.",
        ),
        (
            lambda inner, outer, direction: np.sum(inner - outer) * (1 if direction == "max" else -1),
            "That is the sum over all folds; on average means the mean.",
        ),
    ]
    why = "It is how much better the mean of the inner scores is than the mean of the outer ones, in the objective's direction."

    def near(a, b):
        return bool(np.isclose(a, b, atol=1e-5))

    over_cases(flattery, cases, _flattery, why, mistakes, near)
    return "Positive where the inner scores looked better than they were, in either direction."


def _flattery(inner, outer, direction):
    difference = np.mean(inner) - np.mean(outer)
    return difference if direction == "max" else -difference


q4 = Exercise(
    _check_q4,
    [
        'With "max", a search has flattered when the inner mean is higher than the outer one.',
        "Which of the two means is subtracted from the other depends on the direction.",
        'difference = ...; return difference if direction == "max" else ...',
    ],
    _flattery,
    due=kinds.number,
)


# --- q5: a race over folds

CANDIDATES, FOLDS, BUDGET, TABLES, ENOUGH = 24, 8, 80, 100, 88


def _table(seed):
    """Draw scores, candidate by fold: some candidates are better, some folds are harder, and the rest is luck."""
    rng = np.random.default_rng(seed)
    skill, fold = rng.normal(0.85, 0.02, (CANDIDATES, 1)), rng.normal(0, 0.03, (1, FOLDS))
    return skill + fold + rng.normal(0, 0.02, (CANDIDATES, FOLDS))


def _check_q5(race):
    lost = []
    for seed in range(TABLES):
        table, asked = _table(seed), []

        def score(candidate, fold, table=table, asked=asked):
            asked.append((candidate, fold))
            whole = all(isinstance(one, int | np.integer) for one in asked[-1])
            if not whole or not (0 <= candidate < CANDIDATES and 0 <= fold < FOLDS):
                raise Wrong(f"You ask for score({candidate!r}, {fold!r}); candidates and folds are counted from 0.")
            return float(table[candidate, fold])

        chosen = race(score, CANDIDATES, FOLDS, BUDGET)
        wrong_if(len(asked) > BUDGET, f"You train {len(asked)} times; the budget is {BUDGET}. Every call of score is a training.")
        wrong_if(not 0 <= chosen < CANDIDATES, f"You choose {chosen}; the candidates are 0 to {CANDIDATES - 1}.")
        means = table.mean(axis=1)
        lost.append(means.max() - means[chosen])
    good = int(np.sum(np.array(lost) <= 0.005))
    wrong_if(
        good < ENOUGH,
        f"In {good} of {TABLES} tables your choice is within 0.005 of the best mean; {ENOUGH} are due. On average it is "
        f"{np.mean(lost):.4f} below. Where did the {len(asked)} trainings of the last table go? Those spent on hopeless "
        "candidates are missing at the top, and scores are fair only on the same folds.",
    )
    return f"In {good} of {TABLES} tables, with {len(asked)} of {CANDIDATES * FOLDS} trainings."


def _race(score, candidates, folds, budget):
    first = [score(candidate, 0) for candidate in range(candidates)]
    order = sorted(range(candidates), key=lambda candidate: first[candidate], reverse=True)
    finalists = order[: (budget - candidates) // (folds - 1)]
    return max(finalists, key=lambda candidate: first[candidate] + sum(score(candidate, fold) for fold in range(1, folds)))


q5 = Exercise(
    _check_q5,
    [
        "A full cross-validation of three candidates, or three folds of each: both leave too much to luck. Who can be given "
        "up after one fold, or two?",
        "Successive halving, as in lesson 03, goes over folds as well as over epochs: all on the first folds, the better ones "
        "on more, the best on all. Compare means over the same folds.",
        "alive = list(range(candidates)); for each fold: score those alive, sort them by ..., and keep the best ... of them, "
        "so that the calls add up to no more than budget",
    ],
    _race,
    due=kinds.whole.called("the number of a candidate, a whole number,"),
)
