"""Exercises of notebook 05: the size of a space, a HyperModel's `fit`, a cost, and inner against outer scores."""

import inspect
import math

import numpy as np

from lib.exercises.core import Exercise, Wrong, wrong_if
from lib.exercises.old import compare, there

# --- q1: how large a space is


def _spaces():
    """Yield some spaces, each in words and with its number of combinations, worked out by hand."""
    import keras_tuner

    def several(hp):
        hp.Choice("activation", ["relu", "selu"])
        hp.Int("blocks", 2, 8)
        hp.Boolean("norm")

    def steps(hp):
        hp.Int("units", 32, 512, step=32)
        hp.Float("dropout", 0.0, 0.5, step=0.25)

    def fixed(hp):
        hp.Choice("rate", [0.1, 0.01, 0.001])
        hp.Fixed("pixels", 784)

    def doubling(hp):
        hp.Int("units", 8, 64, step=2, sampling="log")

    def endless(hp):
        hp.Choice("units", [16, 32])
        hp.Float("rate", 1e-4, 1e-2, sampling="log")

    cases = {
        "Choice of 2, Int from 2 to 8, Boolean": (several, 2 * 7 * 2),
        "Int from 32 to 512 by 32, Float from 0 to 0.5 by 0.25": (steps, 16 * 3),
        "Choice of 3, Fixed": (fixed, 3),
        "Int from 8 to 64, doubling": (doubling, 4),
        "Choice of 2, Float without a step": (endless, math.inf),
    }
    for words, (fill, right) in cases.items():
        hp = keras_tuner.HyperParameters()
        fill(hp)
        yield words, hp.space, right


def _check_q1(combinations):
    for words, space, right in _spaces():
        answer = combinations(space)
        wrong_if(answer is None, f"For the space with {words} your function returns nothing.")
        said = f"For {words} you say {answer}"
        wrong_if(
            answer != right and math.isinf(right),
            f"{said}: a Float without a step can take any value, so it is math.inf.",
        )
        mistakes = [(0, f"{said}. An hp.Fixed has one value, and one times the others changes nothing.")]
        if len(space) > 1:
            total = sum(len(list(entry.values)) for entry in space)
            mistakes.append((total, f"{said}, the sum. Every value goes together with every value of the others."))
        compare(answer, right, mistakes, f"{said}; it is {right}. How many values has each entry? Count both ends.")
    return "Every entry multiplies, an hp.Fixed by one, and a Float without a step by infinitely many."


def _combinations(space):
    product = 1
    for entry in space:
        if type(entry).__name__ == "Float" and entry.step is None:
            return math.inf
        product *= len(list(entry.values))
    return product


q1 = Exercise(
    _check_q1,
    [
        "len(list(entry.values)) is how many values an entry has, an hp.Fixed one. `type(entry).__name__` is its kind.",
        "A Float without a step shows a sample in `values`: where a Float's `step` is None, return math.inf. Else multiply.",
    ],
    _combinations,
)


# --- q2: the fit of a HyperModel


def _watched(fit, batch_size):
    """Train a tiny model with the given batch size; return what fit returned, and what a callback saw."""
    import keras
    import keras_tuner

    class Watch(keras.callbacks.Callback):
        steps, epochs = 0, 0

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1

        def on_epoch_end(self, epoch, logs=None):
            self.epochs, self.logs = self.epochs + 1, logs

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    hp = keras_tuner.HyperParameters()
    if batch_size:
        hp.values["batch_size"] = batch_size
    watch, data = Watch(), (np.zeros((40, 2), "float32"), np.zeros((40, 1), "float32"))
    more = {"epochs": 2, "verbose": 0, "callbacks": [watch], "validation_data": data}
    if all(one.kind is not one.VAR_KEYWORD for one in inspect.signature(fit).parameters.values()):
        fit(hp, model, *data)  # an error of its own comes first
        raise Wrong("A tuner also gives callbacks, epochs and validation data, by name: let your arguments end with **more.")
    return fit(hp, model, *data, **more), hp, watch


def _check_q2(fit):
    import keras

    result, hp, watch = _watched(fit, None)
    entry = next((entry for entry in hp.space if entry.name == "batch_size"), None)
    wrong_if(entry is None, "Your fit reads no hyperparameter called 'batch_size'. Ask hp for it.")
    wrong_if(
        sorted(getattr(entry, "values", [])) != [10, 20, 40], "`batch_size` should take one of three values: 10, 20 and 40."
    )
    wrong_if(
        not watch.epochs,
        "The callbacks of the tuner were never called, and nobody would keep the best weights: hand **more on.",
    )
    for batch_size in (20, 40):
        result, _, watch = _watched(fit, batch_size)
        wrong_if(
            watch.epochs != 2,
            f"The search asked for 2 epochs, and your fit trained {watch.epochs}. Hand **more on to model.fit.",
        )
        steps = watch.steps / watch.epochs
        wrong_if(
            steps != 40 / batch_size,
            f"With batch_size={batch_size}, 40 rows are {40 // batch_size} steps an epoch, not {steps:.0f}. "
            "Does model.fit get it?",
        )
        wrong_if(
            "val_loss" not in watch.logs,
            "Nothing was validated, so there is no val_ objective: hand validation_data on, with the rest of **more.",
        )
    wrong_if(result is None, "Your fit returns nothing, and the tuner has no score. Return what model.fit returns.")
    wrong_if(
        not isinstance(result, keras.callbacks.History),
        f"Your fit returns a {type(result).__name__}; return what model.fit returns, its History.",
    )
    return "The batch size is tuned, and all that the search and the tuner gave is handed on."


def _fit(hp, model, x, y, **more):
    return model.fit(x, y, batch_size=hp.Choice("batch_size", [10, 20, 40]), **more)


q2 = Exercise(
    _check_q2,
    [
        'hp.Choice("batch_size", [10, 20, 40]) returns the current value.',
        (
            "End with: return model.fit(x, y, batch_size=..., **more). "
            "In **more are epochs, validation data and the tuner's callbacks."
        ),
    ],
    _fit,
)


# --- q3: the cheapest threshold


def _price(y, probability, threshold, miss, alarm):
    positive = probability >= threshold
    return miss * np.sum((y == 1) & ~positive) + alarm * np.sum((y == 0) & positive)


def _check_q3(cheapest):
    thresholds = [0.1, 0.3, 0.5, 0.7, 0.9]
    for seed, (miss, alarm) in enumerate([(1, 1), (5, 1), (20, 1), (1, 20)]):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 2, 60)
        probability = np.clip(0.25 + 0.5 * y + rng.normal(0, 0.25, 60), 0, 1).round(1)
        answer = there(cheapest(y, probability, thresholds, miss, alarm))
        wrong_if(
            not any(np.isclose(answer, t) for t in thresholds),
            f"You return {answer:g}, which is none of the thresholds. Is it the cost, or a position?",
        )
        prices = [_price(y, probability, t, miss, alarm) for t in thresholds]
        price = _price(y, probability, answer, miss, alarm)
        if np.isclose(price, min(prices)):
            continue
        swapped = min(_price(y, probability, t, alarm, miss) for t in thresholds)
        wrong_if(
            np.isclose(_price(y, probability, answer, alarm, miss), swapped),
            "You count what is missed and what is a false alarm the wrong way round.",
        )
        wrong_if(np.isclose(price, max(prices)), f"At {answer:g} the cost is the highest of all. Look for the lowest.")
        raise Wrong(f"With miss={miss} and alarm={alarm}, {answer:g} costs more than another threshold. Do both kinds count?")
    wrong_if(
        not np.isclose(cheapest(np.array([1, 0]), np.array([0.5, 0.3]), [0.3, 0.5], 1, 1), 0.5),
        "A probability that equals the threshold counts as positive: compare with >=.",
    )
    return "Where a miss is dear the threshold goes down, where an alarm is dear it goes up."


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
        "Collect miss * missed + alarm * alarms for each threshold, and return thresholds[np.argmin(costs)].",
    ],
    _cheapest,
)


# --- q4: inner against outer


def _check_q4(flattery):
    cases = [
        ([0.9, 0.8], [0.85, 0.79], "max", "higher"),
        ([0.2, 0.4], [0.3, 0.5], "min", "lower"),
        ([0.7, 0.9, 0.8], [0.9, 0.8, 0.82], "max", "higher"),
        ([0.5], [0.45], "min", "lower"),
    ]
    for inner, outer, direction, better in cases:
        answer = there(flattery(np.array(inner), np.array(outer), direction))
        wrong_if(np.ndim(answer), f"You return {np.size(answer)} numbers; the question is about their mean.")
        right = (np.mean(inner) - np.mean(outer)) * (1 if direction == "max" else -1)
        told = f"For inner {inner}, outer {outer} and direction {direction!r} you say {answer:.3f}."
        turned = f"{told} With {direction!r} a {better} score is the better one: which of the two looks better?"
        unlucky = f"{told} A search may also have been unlucky: then the answer is negative."
        mistakes = [(-right, turned if direction == "min" or right > 0 else unlucky), (abs(right), unlucky)]
        compare(answer, right, mistakes, f"{told} Take the mean of each, and how far they are apart.", np.isclose)
    return "Positive where the inner scores looked better than they were, in either direction."


def _flattery(inner, outer, direction):
    difference = np.mean(inner) - np.mean(outer)
    return difference if direction == "max" else -difference


q4 = Exercise(
    _check_q4,
    [
        'With "max", a search has flattered when the inner mean is higher than the outer one.',
        'Compute np.mean(inner) - np.mean(outer), and turn the sign round where the direction is "min".',
    ],
    _flattery,
)
