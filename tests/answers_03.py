"""Answers to the exercises of notebook 03: right ones that are not the reference, and likely mistakes."""

import math
import random

import keras
import numpy as np

from lib.exercises import e03
from lib.models import make_model


def compiled(*layers, optimizer="adam"):
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), *layers, keras.layers.Dense(10)])
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


# --- q1


def functional(hp):
    rate = hp.Float("learning_rate", min_value=0.0001, max_value=0.1, sampling="log", default=0.001)
    hp.Int("units", 32, 64, step=32)
    inputs = keras.Input((28, 28))
    model = keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Flatten()(inputs)))
    model.compile(keras.optimizers.SGD(learning_rate=rate), "mse")
    return model


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.parts = [keras.layers.Flatten(), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(10)]

    def call(self, pictures):
        for part in self.parts:
            pictures = part(pictures)
        return keras.ops.softmax(pictures)


def subclassed(hp):
    model = Subclassed()
    model.compile(keras.optimizers.RMSprop(log_rate(hp)), "sparse_categorical_crossentropy")
    return model


def without_input(hp, width=16):
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(width), keras.layers.Dense(10, "softmax")])
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Nadam(log_rate(hp)))
    return model


def convolutional(hp):
    layers = [keras.Input((28, 28, 1)), keras.layers.Conv2D(2, 3), keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(10)]
    model = keras.Sequential(layers)
    schedule = keras.optimizers.schedules.ExponentialDecay(log_rate(hp), 100, 0.9)
    model.compile(keras.optimizers.Adam(schedule), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def set_afterwards(hp, *more, **others):
    model = compiled()
    model.optimizer.learning_rate = log_rate(hp)
    return model


def log_rate(hp):
    return hp.Float("learning_rate", 1e-4, 1e-1, sampling="log")


def forgets_return(hp):
    compiled(optimizer=keras.optimizers.Adam(log_rate(hp)))


def with_rate(rate):
    return compiled(optimizer=keras.optimizers.Adam(rate))


def ignores(hp):
    log_rate(hp)
    return compiled()


def not_compiled(hp):
    log_rate(hp)
    return keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten()])


def without_loss(hp):
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10)])
    model.compile(keras.optimizers.Adam(log_rate(hp)))
    return model


def other_pictures(hp):
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(log_rate(hp)), "binary_crossentropy")
    return model


def one_output(hp):
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(log_rate(hp)), "mse")
    return model


def not_flat(hp):
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Dense(10)])
    model.compile(keras.optimizers.Adam(log_rate(hp)), "mse")
    return model


def one_for_all():
    model = make_model(8, 1e-3)

    def build(hp):
        model.optimizer.learning_rate = log_rate(hp)
        return model

    return build


RIGHT_1 = [functional, subclassed, without_input, convolutional, set_afterwards, lambda hp: make_model(8, log_rate(hp))]
MISTAKES_1 = [
    (forgets_return, "returned nothing.*Does every way"),
    (lambda hp: with_rate(hp.Float("learning_rate", 1e-4, 1e-1)), "same chance"),
    (lambda hp: with_rate(hp.Float("learning_rate", 1e-4, 1e-1, sampling="reverse_log")), "same chance"),
    (lambda hp: with_rate(hp.Float("learning_rate", 1e-4, 1e-1, step=1000, sampling="log")), "takes few values"),
    (ignores, "your optimizer trains with"),
    (lambda hp: with_rate(min(log_rate(hp), 0.01)), "chose 0.03, but your optimizer trains with 0.01"),
    (lambda hp: with_rate(hp.Float("larning_rate", 1e-4, 1e-1, sampling="log")), "which has: larning_rate"),
    (lambda hp: with_rate(hp.Choice("learning_rate", [1e-2, 1e-3])), "hp.Choice"),
    (lambda hp: with_rate(10.0 ** hp.Int("learning_rate", -4, -1)), "hp.Int; the exercise asks for an hp.Float"),
    (lambda hp: with_rate(hp.Float("learning_rate", 1e-5, 1e-1, sampling="log")), "runs from 1e-05"),
    (not_compiled, "not compiled"),
    (without_loss, "not compiled.*loss="),
    (other_pictures, "Your model raised ValueError.*Does it take pictures of this shape"),
    (one_output, r"has the shape \(2, 1\); ten classes"),
    (not_flat, r"has the shape \(2, 28, 10\); ten classes"),
    (one_for_all(), "the same model again"),
    (lambda hp: 3, "the int 3 where a Keras model is due"),
    (lambda hp: make_model, "function make_model itself"),
]

# --- q2


def by_difference(rounds):
    trials, epochs = np.array(rounds).T
    return int(trials @ np.diff(epochs, prepend=0))


def from_the_end(rounds):
    total = 0
    while len(rounds) > 1:
        trials, epochs = rounds.pop()
        total += trials * (epochs - rounds[-1][1])
    return total + rounds[0][0] * rounds[0][1]


def from_the_start(rounds):
    trials, before = rounds.pop(0)
    total = trials * before
    while rounds:
        trials, epochs = rounds.pop(0)
        total, before = total + trials * (epochs - before), epochs
    return total


def epoch_by_epoch(rounds):
    total = 0
    for epoch in range(rounds[-1][1]):
        total += next(trials for trials, until in rounds if epoch < until)
    return float(total)


def pairwise(rounds, start=(0, 0)):
    return sum(t * (e - before) for (t, e), (_, before) in zip(rounds, [start, *rounds], strict=False))


def recursive(rounds, before=0):
    return rounds[0][0] * (rounds[0][1] - before) + recursive(rounds[1:], rounds[0][1]) if rounds else np.int64(0)


RIGHT_2 = [by_difference, from_the_end, from_the_start, epoch_by_epoch, pairwise, recursive]
MISTAKES_2 = [
    (lambda rounds: sum(trials * epochs for trials, epochs in rounds), "began at epoch 0"),
    (lambda rounds: rounds[-1][1], "of one trial"),
    (lambda rounds: rounds[0][0] * rounds[-1][1], "every trial went on to the end"),
    (lambda rounds: by_difference(rounds[1:]) if len(rounds) > 1 else 0, "The first round is left out"),
    (lambda rounds: by_difference(rounds[:-1]) if len(rounds) > 1 else 0, "The last round is left out"),
    (lambda rounds: 44, "Take one round at a time"),
    (lambda rounds: sum(t for t, _ in rounds) * rounds[-1][1], "Take one round at a time"),
    (lambda rounds: sum((t2 - t1) * e for (t1, _), (t2, e) in zip([(0, 0), *rounds], rounds, strict=False)), "Take one round"),
    (lambda rounds: print(end=""), "returned nothing"),
    (lambda rounds: [t * e for t, e in rounds], "a list of length 1 where a whole number is due"),
]

# --- q3


def picture_by_picture(accuracy, trials, pictures, rng):
    return max(np.mean(rng.random(pictures) < accuracy) for _ in range(trials))


def slowly(accuracy, trials, pictures, rng):
    best = 0
    for _ in range(trials):
        right = 0
        for _ in range(pictures):
            right += int(rng.choice([0, 1], p=[1 - accuracy, accuracy]))
        best = max(best, right / pictures)
    return best


def generator_of_ones_own(accuracy, trials, pictures, rng):
    own = np.random.default_rng(rng.integers(2**63))
    return np.float32(sorted(own.binomial(pictures, accuracy) / pictures for _ in range(trials))[-1])


def table(accuracy, trials, pictures, rng, **more):
    return (rng.random((trials, pictures)) < accuracy).mean(axis=1).max()


def by_quantile(accuracy, trials, pictures, rng):
    chances = [math.comb(pictures, k) * accuracy**k * (1 - accuracy) ** (pictures - k) for k in range(pictures + 1)]
    return min(np.searchsorted(np.cumsum(chances) ** trials, rng.random()), pictures) / pictures


def seeds_the_global(accuracy, trials, pictures, rng):
    np.random.seed(0)
    return np.random.binomial(pictures, accuracy, trials).max() / pictures


RIGHT_3 = [
    picture_by_picture, slowly, generator_of_ones_own, table, by_quantile,
    lambda a, t, p, rng: 1 - rng.binomial(p, 1 - a, t).min() / p,
]
MISTAKES_3 = [
    (lambda a, t, p, rng: rng.binomial(p, a, size=t).max(), "An accuracy is a share"),
    (lambda a, t, p, rng: 100 * rng.binomial(p, a, size=t).max() / p, "An accuracy is a share"),
    (lambda a, t, p, rng: rng.binomial(p, a, size=t) / p, r"shape \(4,\) where a number is due"),
    (lambda a, t, p, rng: rng.binomial(p, a, size=(1, t)).max(axis=1) / p, r"array of shape \(1,\) where a number is due"),
    (lambda a, t, p, rng: (rng.binomial(p, a, size=t) / p).mean(), "Return the largest of these|Is it the best"),
    (lambda a, t, p, rng: rng.binomial(p, a) / p, "Is it the best of 2 scores"),
    (lambda a, t, p, rng: np.random.default_rng().binomial(p, a, size=t).max() / p, "Draw from the `rng`"),
    (lambda a, t, p, rng: np.random.default_rng(0).binomial(p, a, size=t).max() / p, "on average of 200 calls"),
    (seeds_the_global, "global generator"),
    (lambda a, t, p, rng: max(sum(random.random() < a for _ in range(p)) for _ in range(t)) / p, "global generator"),
    (lambda a, t, p, rng: rng.binomial(100, a, size=t).max() / 100, "whole number of the 2 pictures"),
    (lambda a, t, p, rng: rng.binomial(p, 0.8, size=t).max() / p, "on average of 200 calls"),
    (lambda a, t, p, rng: rng.binomial(p, a, size=t + 5).max() / p, "nothing to choose"),
    (lambda a, t, p, rng: rng.binomial(p, a, size=30).max() / p, "nothing to choose"),
    (lambda a, t, p, rng: rng.binomial(p, a, size=t).min() / p, "Is it the best of 2 scores"),
    (lambda a, t, p, rng: a, "on average of 200 calls|whole number of the"),
    (lambda a, t, p, rng: rng.normal(a, (a * (1 - a) / p) ** 0.5, t).max(), "whole number of the 2|An accuracy is a share"),
    (lambda a, t, p, rng: round(a * p) / p, "on average of 200 calls"),
]

# --- q4


def drawn_first(hp):
    on = hp.Boolean("dropout", default=True)
    with hp.conditional_scope("dropout", [True]):
        rate = hp.Float("rate", 0.1, 0.5)
    return compiled(*([keras.layers.Dropout(rate)] if on else []))


def by_parent(hp):
    layers = []
    if hp.Boolean("dropout"):
        layers = [keras.layers.Dropout(hp.Float("rate", 0.1, 0.5, parent_name="dropout", parent_values=[True]))]
    return compiled(*layers)


def documented(hp):
    on, layers = hp.Boolean("dropout"), [keras.layers.Dense(8)]
    with hp.conditional_scope("dropout", [True]):
        if on:
            layers.append(keras.layers.Dropout(hp.Float("rate", 0.1, 0.5, step=0.1)))
    return compiled(*layers)


class Dropping(Subclassed):
    def __init__(self, rate):
        super().__init__()
        dropout = [keras.layers.Dropout(rate)] if rate else []
        self.parts = [keras.layers.Flatten(), *dropout, keras.layers.Dense(10)]


def subclassed_too(hp):
    rate = None
    if hp.Boolean("dropout"):
        with hp.conditional_scope("dropout", True):
            rate = hp.Float("rate", 0.1, 0.5, default=0.3)
    model = Dropping(rate)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def functional_too(hp):
    inputs = keras.Input((28, 28))
    x = keras.layers.Dense(hp.Choice("units", [16, 32]))(keras.layers.Flatten()(inputs))
    hp.Boolean("dropout")
    with hp.conditional_scope("dropout", [True]):
        if hp.get("dropout"):
            x = keras.layers.Dropout(hp.Float("rate", 0.1, 0.5))(x)
    model = keras.Model(inputs, keras.layers.Dense(10)(x))
    model.compile(loss="mse")
    return model


def unconditional(hp):
    rate = hp.Float("rate", 0.1, 0.5)
    return compiled(*([keras.layers.Dropout(rate)] if hp.Boolean("dropout") else []))


def only_an_if(hp):
    return compiled(*([keras.layers.Dropout(hp.Float("rate", 0.1, 0.5))] if hp.Boolean("dropout") else []))


def always_there(hp):
    hp.Boolean("dropout")
    with hp.conditional_scope("dropout", [True]):
        rate = hp.Float("rate", 0.1, 0.5) or 0.1
    return compiled(keras.layers.Dropout(rate))


def dropout_of_none(hp):
    hp.Boolean("dropout")
    with hp.conditional_scope("dropout", [True]):
        rate = hp.Float("rate", 0.1, 0.5)
    return compiled(keras.layers.Dropout(rate))


def in_scope(hp, layer, low=0.1, high=0.5, values=(True,), draw="Float"):
    layers = []
    if hp.Boolean("dropout"):
        with hp.conditional_scope("dropout", list(values)):
            layers = [layer(getattr(hp, draw)("rate", low, high))]
    return compiled(*layers)


def no_layer(hp):
    in_scope(hp, keras.layers.Dropout)
    return compiled()


def unused(hp):
    model = Subclassed()
    if hp.Boolean("dropout"):
        with hp.conditional_scope("dropout", [True]):
            model.unused = keras.layers.Dropout(hp.Float("rate", 0.1, 0.5))
    model.compile("adam", "mse")
    return model


def a_choice(hp):
    if hp.Choice("dropout", [0, 1]):
        with hp.conditional_scope("dropout", [1]):
            return compiled(keras.layers.Dropout(hp.Float("rate", 0.1, 0.5)))
    return compiled()


def of_rates(hp):
    if hp.Boolean("dropout"):
        with hp.conditional_scope("dropout", [True]):
            return compiled(keras.layers.Dropout(hp.Choice("rate", [0.1, 0.3, 0.5])))
    return compiled()


def only_when_on(hp):
    if hp.Boolean("dropout"):
        with hp.conditional_scope("dropout", [True]):
            return compiled(keras.layers.Dropout(hp.Float("rate", 0.1, 0.5)))


RIGHT_4 = [drawn_first, by_parent, documented, subclassed_too, functional_too]
MISTAKES_4 = [
    (unconditional, "under hp.conditional_scope"),
    (only_an_if, "under hp.conditional_scope"),
    (always_there, "still has a Dropout layer"),
    (dropout_of_none, "raised TypeError.*hp.Float gives None while its scope is closed"),
    (only_when_on, "returned nothing"),
    (lambda hp: in_scope(hp, lambda rate: keras.layers.Dropout(0.3)), "the layer drops 0.3"),
    (lambda hp: in_scope(hp, lambda rate: keras.layers.Dropout(1 - rate)), "the layer drops 0.9"),
    (lambda hp: in_scope(hp, lambda rate: keras.layers.Dropout(round(rate, 1))), "chose the rate 0.237, but the layer drops 0.2"),
    (lambda hp: in_scope(hp, keras.layers.Dropout, 0.0, 0.9), "runs from 0 to 0.9"),
    (lambda hp: in_scope(hp, keras.layers.Dropout, 0.1, 0.4), "runs from 0.1 to 0.4"),
    (lambda hp: in_scope(hp, keras.layers.Dropout, values=[False]), "Which value of `dropout` opens it"),
    (no_layer, "has no Dropout layer"),
    (unused, "does not use it"),
    (a_choice, "hp.Choice; a switch is an hp.Boolean"),
    (of_rates, "hp.Choice: it can take only"),
    (lambda hp: compiled(), "no hyperparameter 'dropout'"),
]

# --- q5


def tournament(train, candidates, epochs, budget, rounds=((81, 1), (30, 3), (9, 9), (2, 27))):
    order = range(candidates)
    for count, until in rounds:
        scores = {candidate: train(candidate, until) for candidate in order[:count]}
        order = sorted(scores, key=scores.get, reverse=True)
    return order[0]


def with_arrays(train, candidates, epochs, budget):
    left = np.arange(candidates)
    for until in (1, 3, 9, epochs):
        scores = np.array([train(c, until) for c in left])
        left = left[np.argsort(-scores)[: max(1, len(left) // 3)]]
    return left[0]


def while_it_lasts(train, candidates, epochs, budget):
    spent = candidates
    trained = dict.fromkeys(range(candidates), 1)
    scores = {c: train(c, 1) for c in trained}
    for share, until in ((3, 2), (3, 3), (9, 5), (9, 9), (27, 18), (27, 27)):
        for c in sorted(scores, key=lambda c: (trained[c], scores[c]))[-(candidates // share) :]:
            spent += until - trained[c]
            scores[c], trained[c] = train(c, until), until
    return max(scores, key=lambda c: (trained[c], scores[c])) if spent <= budget else 0


def in_quarters(train, candidates, epochs, budget):
    return tournament(train, candidates, epochs, budget, ((81, 1), (40, 2), (20, 4), (9, 8), (3, 16)))


def random_search(train, candidates, epochs, budget):
    return max(range(budget // epochs), key=lambda c: train(c, epochs))


RIGHT_5 = [
    tournament, with_arrays, while_it_lasts, in_quarters,
    lambda *args: tournament(*args, rounds=((81, 1), (27, 3), (10, 8), (4, 22))),
]
MISTAKES_5 = [
    (random_search, "to many candidates, or to the good ones"),
    (lambda train, n, *_: max(range(n), key=lambda c: train(c, 3)), "to many candidates"),
    (lambda train, n, *_: max(range(n // 3), key=lambda c: train(c, 9)), "to many candidates"),
    (lambda train, n, *_: max(range(n), key=lambda c: train(c, 1)), "85 are due"),
    (lambda train, n, *_: min(range(n), key=lambda c: train(c, 3)), "85 are due"),
    (lambda *args: 7, "Chance alone"),
    (lambda train, n, epochs, *_: max(range(n), key=lambda c: train(c, epochs)), "RuntimeError: the budget is spent: 27 more"),
    (lambda train, n, *_: max(range(n + 1), key=lambda c: train(c, 1)), "candidates are 0 to 80, and epochs 1 to 27: not 81"),
    (lambda train, n, *_: 81, "the candidates are numbered 0 to 80"),
    (lambda *args: tournament(*args, rounds=((81, 2), (3, 27))), "85 are due"),
    (lambda train, n, *_: [3, 4], "a list of length 2 where a whole number"),
]

ALL = [
    (e03.q1, RIGHT_1, MISTAKES_1), (e03.q2, RIGHT_2, MISTAKES_2), (e03.q3, RIGHT_3, MISTAKES_3), (e03.q4, RIGHT_4, MISTAKES_4),
    (e03.q5, RIGHT_5, MISTAKES_5),
]
EQUIVALENT = {
    "e03.q1": {
        "4: 32 → 33": "the width is left open",
        "4: 32 → 31": "the width is left open",
    },
    "e03.q4": {
        "8: keras.layers.Dense(10, activation='softmax') → keras.layers.Dense(10)": "any compiled model will do",
    },
    "e03.q5": {
        "2: list(range(candidates)) → range(candidates)": "it is only gone through, and counted",
        "3: 1 → 2": "of three are left 3 // 3, never two",
        "7: 0 → -1": "one is left",
        "6: 3 → 2": "another tournament that reaches the goal: 1, 2, 4 and 8 epochs",
        "5: 3 → 4": "another tournament that reaches the goal: 81, 20, 5 candidates",
    },
}
