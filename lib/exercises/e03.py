"""Exercises of notebook 03: search spaces, brackets, and a score that flatters."""

import numpy as np

from lib.exercises.core import Exercise, Wrong, wrong_if
from lib.exercises.old import compare, there


def _space(build, **values):
    """Build with default values, and again with those given, as a tuner does; return the last model and the HyperParameters."""
    import keras
    import keras_tuner

    hp = keras_tuner.HyperParameters()
    model = build(hp)
    wrong_if(model is None, "Your function returns nothing. Does it end with `return model`?")
    wrong_if(
        not isinstance(model, keras.Model),
        f"Your function returns a {type(model).__name__}; a tuner needs the compiled Keras model.",
    )
    if not values:
        return model, hp
    hp.values.update(values)
    return build(hp), hp


def _entry(hp, name):
    """Return the entry `name` of the search space, or say which names there are."""
    for entry in hp.space:
        if entry.name == name:
            return entry
    there = ", ".join(sorted({entry.name for entry in hp.space})) or "nothing"
    raise Wrong(f"There is no hyperparameter {name!r} in your search space, which has: {there}.")


# --- q1: a learning rate drawn from a logarithmic scale


def _check_q1(build):
    _, hp = _space(build)
    rate = _entry(hp, "learning_rate")
    wrong_if(
        type(rate).__name__ != "Float",
        f"`learning_rate` is an hp.{type(rate).__name__}: it can take only the values you listed. Use hp.Float.",
    )
    wrong_if(
        not np.allclose([rate.min_value, rate.max_value], [1e-4, 1e-1]),
        f"`learning_rate` runs from {rate.min_value:g} to {rate.max_value:g}; the exercise asks for 0.0001 to 0.1.",
    )
    wrong_if(
        rate.sampling != "log",
        "Drawn evenly, nine in ten learning rates lie above 0.01. "
        "Which argument of hp.Float gives each power of ten the same chance?",
    )
    for value in (2e-4, 3e-2):
        model, _ = _space(build, learning_rate=value)
        wrong_if(
            getattr(model, "optimizer", None) is None,
            "Your model is not compiled, so nothing uses the learning rate. Call model.compile(optimizer=..., loss=...).",
        )
        used = float(np.asarray(model.optimizer.learning_rate))
        wrong_if(
            not np.isclose(used, value, rtol=1e-3),
            f"The tuner chose {value:g}, but your optimizer trains with {used:g}. Does Adam get what hp.Float returned?",
        )
    return "Each power of ten gets the same share of the trials, and the optimizer uses the value chosen."


def _build_log(hp):
    import keras

    learning_rate = hp.Float("learning_rate", 1e-4, 1e-1, sampling="log")
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss=loss, metrics=["accuracy"])
    return model


q1 = Exercise(
    _check_q1,
    [
        "hp.Float(name, min_value, max_value) draws evenly. Its argument `sampling` changes that.",
        'hp.Float("learning_rate", 1e-4, 1e-1, sampling="log") returns the current value: hand it to keras.optimizers.Adam.',
    ],
    _build_log,
)


# --- q2: what a bracket costs


def _check_q2(cost):
    for rounds in ([(9, 2), (3, 4), (1, 10)], [(4, 10)], [(6, 4), (2, 10)], [(27, 1), (9, 3), (3, 9), (1, 27)]):
        answer = there(cost(rounds))
        before = [0] + [epochs for _, epochs in rounds[:-1]]
        new = [(trials, epochs - start) for (trials, epochs), start in zip(rounds, before, strict=True)]
        counted = f"For {rounds} you count {answer} epochs"
        mistakes = [
            (
                sum(trials * epochs for trials, epochs in rounds),
                f"{counted}, as if every round began at epoch 0. A promoted trial goes on from its last epoch.",
            ),
            (sum(epochs for _, epochs in new), f"{counted}, those of one trial. A round trains all of its trials."),
        ]
        otherwise = f"For {rounds} you say {answer}. Take one round at a time: "
        otherwise += "how many trials, and how many epochs does each of them train in it?"
        compare(answer, sum(trials * epochs for trials, epochs in new), mistakes, otherwise)
    return "A promoted trial only pays for the epochs it has not trained yet."


def _bracket_epochs(rounds):
    total, before = 0, 0
    for trials, epochs in rounds:
        total += trials * (epochs - before)
        before = epochs
    return total


q2 = Exercise(
    _check_q2,
    [
        "In the round (3, 4) after (9, 2), three trials that have trained 2 epochs go on until they have trained 4.",
        "Keep the epochs of the round before in a variable, and add trials * (epochs - before) for each round.",
    ],
    _bracket_epochs,
)


# --- q3: why the best validation score flatters


def _check_q3(winner):
    def draw(seed, times, trials, pictures):
        rng = np.random.default_rng(seed)
        return [winner(0.8, trials, pictures, rng) for _ in range(times)]

    first = there(draw(1, 1, 5, 100)[0])
    wrong_if(np.ndim(first), f"Your function returns {np.size(first)} scores; the winner has one.")
    wrong_if(
        not 0 <= float(first) <= 1,
        f"Your function returns {float(first):g}. An accuracy is a share: divide the right answers by the pictures.",
    )
    wrong_if(
        draw(1, 20, 5, 100) != draw(1, 20, 5, 100),
        "The same rng gives another score the second time. Draw from the `rng` you are given, and nothing else.",
    )
    one, many = np.mean(draw(3, 400, 1, 100)), np.mean(draw(3, 400, 50, 100))
    wrong_if(
        abs(one - 0.8) > 0.01,
        f"With one trial your winner scores {one:.3f} on average; there is nothing to choose, so it should be 0.8.",
    )
    wrong_if(
        many < 0.87,
        f"With 50 trials your winner scores {many:.3f} on average. Is it the best of the scores that you return?",
    )
    wrong_if(
        abs(np.mean(draw(3, 400, 50, 10_000)) - 0.809) > 0.004,
        "With 10,000 pictures the winner should score about 0.809. "
        "Does each trial draw its own right answers, picture by picture?",
    )
    return (
        f"No model is better than 0.8, and yet the best of 50 scores {many:.2f} on 100 pictures: that is luck, chosen."
    )


def _winner(accuracy, trials, pictures, rng):
    right_answers = rng.binomial(pictures, accuracy, size=trials)
    return right_answers.max() / pictures


q3 = Exercise(
    _check_q3,
    [
        "rng.binomial(n, p, size=k) says k times how many of n pictures were right, when each is right with probability p.",
        "Draw `trials` counts for `pictures` pictures, take the largest, and divide it by `pictures`.",
    ],
    _winner,
)


# --- q4: a hyperparameter that exists only under a condition


def _dropout_rates(model):
    return [layer.rate for layer in model._flatten_layers() if type(layer).__name__ == "Dropout"]


def _check_q4(build):
    _, hp = _space(build)
    switch = type(_entry(hp, "dropout")).__name__
    wrong_if(switch != "Boolean", f"`dropout` is an hp.{switch}; a switch is an hp.Boolean.")
    without, _ = _space(build, dropout=False)
    wrong_if(
        _dropout_rates(without),
        "With dropout=False your model still has a Dropout layer. Add the layer only when the switch is on.",
    )
    _, on = _space(build, dropout=True)
    wrong_if(
        not _entry(on, "rate").conditions,
        "`rate` is drawn even when dropout is off, and a tuner wastes trials on it. Put it under hp.conditional_scope.",
    )
    for value in (0.2, 0.4):
        rates = _dropout_rates(_space(build, dropout=True, rate=value)[0])
        wrong_if(not rates, "With dropout=True your model has no Dropout layer.")
        wrong_if(
            not np.allclose(rates, value),
            f"The tuner chose the rate {value:g}, but the layer drops {rates[0]:g}. Does Dropout get what hp.Float returned?",
        )
    return "The rate exists only where it means something, and no trial is wasted on it."


def _build_conditional(hp):
    import keras

    layers = [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(64, activation="relu")]
    if hp.Boolean("dropout"):
        with hp.conditional_scope("dropout", [True]):
            layers.append(keras.layers.Dropout(hp.Float("rate", 0.1, 0.5, step=0.1)))
    model = keras.Sequential([*layers, keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return model


q4 = Exercise(
    _check_q4,
    [
        'hp.Boolean("dropout") returns True or False: add the layer inside an `if`.',
        (
            'Inside the `if`, open `with hp.conditional_scope("dropout", [True]):` and draw hp.Float("rate", 0.1, 0.5, '
            'step=0.1) there.'
        ),
    ],
    _build_conditional,
)
