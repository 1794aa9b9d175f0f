"""Answers to the exercises of notebook 03: right ones that are not the reference, and likely mistakes."""

import keras
import numpy as np

from lib.exercises import e03


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


def forgets_return(hp):
    compiled(optimizer=keras.optimizers.Adam(hp.Float("learning_rate", 1e-4, 1e-1, sampling="log")))


def evenly(hp):
    return compiled(optimizer=keras.optimizers.Adam(hp.Float("learning_rate", 1e-4, 1e-1)))


def ignores(hp):
    hp.Float("learning_rate", 1e-4, 1e-1, sampling="log")
    return compiled()


def misspells(hp):
    return compiled(optimizer=keras.optimizers.Adam(hp.Float("larning_rate", 1e-4, 1e-1, sampling="log")))


def chooses(hp):
    return compiled(optimizer=keras.optimizers.Adam(hp.Choice("learning_rate", [1e-2, 1e-3])))


def other_range(hp):
    return compiled(optimizer=keras.optimizers.Adam(hp.Float("learning_rate", 1e-5, 1e-1, sampling="log")))


def not_compiled(hp):
    hp.Float("learning_rate", 1e-4, 1e-1, sampling="log")
    return keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten()])


MISTAKES_1 = [
    (forgets_return, "returns nothing"),
    (evenly, "same chance"),
    (ignores, "your optimizer trains with"),
    (misspells, "no hyperparameter 'learning_rate'.*larning_rate"),
    (chooses, "hp.Choice"),
    (other_range, "runs from 1e-05"),
    (not_compiled, "not compiled"),
    (lambda hp: 3, "returns a int"),
]

# --- q2


def by_difference(rounds):
    trials, epochs = np.array(rounds).T
    return int(trials @ np.diff(epochs, prepend=0))


MISTAKES_2 = [
    (lambda rounds: sum(trials * epochs for trials, epochs in rounds), "began at epoch 0"),
    (lambda rounds: rounds[-1][1], "those of one trial"),
    (lambda rounds: 7, "Take one round at a time"),
    (lambda rounds: print(end=""), "returns nothing"),
]

# --- q3


def picture_by_picture(accuracy, trials, pictures, rng):
    return max(np.mean(rng.random(pictures) < accuracy) for _ in range(trials))


MISTAKES_3 = [
    (lambda a, t, p, rng: rng.binomial(p, a, size=t).max(), "An accuracy is a share"),
    (lambda a, t, p, rng: rng.binomial(p, a, size=t) / p, "the winner has one"),
    (lambda a, t, p, rng: (rng.binomial(p, a, size=t) / p).mean(), "Is it the best"),
    (lambda a, t, p, rng: rng.binomial(p, a) / p, "Is it the best"),
    (lambda a, t, p, rng: np.random.default_rng().binomial(p, a, size=t).max() / p, "Draw from the `rng`"),
    (lambda a, t, p, rng: rng.binomial(100, a, size=t).max() / 100, "10,000 pictures"),
    (lambda a, t, p, rng: rng.binomial(p, a, size=t + 5).max() / p, "nothing to choose"),
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


def unconditional(hp):
    rate = hp.Float("rate", 0.1, 0.5)
    return compiled(*([keras.layers.Dropout(rate)] if hp.Boolean("dropout") else []))


def always_there(hp):
    hp.Boolean("dropout")
    with hp.conditional_scope("dropout", [True]):
        rate = hp.Float("rate", 0.1, 0.5) or 0.1
    return compiled(keras.layers.Dropout(rate))


def fixed_rate(hp):
    layers = []
    if hp.Boolean("dropout"):
        with hp.conditional_scope("dropout", [True]):
            hp.Float("rate", 0.1, 0.5)
            layers = [keras.layers.Dropout(0.3)]
    return compiled(*layers)


def no_layer(hp):
    if hp.Boolean("dropout"):
        with hp.conditional_scope("dropout", [True]):
            hp.Float("rate", 0.1, 0.5)
    return compiled()


MISTAKES_4 = [
    (unconditional, "under hp.conditional_scope"),
    (always_there, "still has a Dropout layer"),
    (fixed_rate, "the layer drops 0.3"),
    (no_layer, "has no Dropout layer"),
    (lambda hp: compiled(), "no hyperparameter 'dropout'"),
]


RIGHT = [
    (e03.q1, functional),
    (e03.q2, by_difference),
    (e03.q3, picture_by_picture),
    (e03.q4, drawn_first),
    (e03.q4, by_parent),
]


MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in ((e03.q1, MISTAKES_1), (e03.q2, MISTAKES_2), (e03.q3, MISTAKES_3), (e03.q4, MISTAKES_4))
    for answer, message in mistakes
]
