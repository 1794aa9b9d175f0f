"""Exercises of notebook 03: search spaces, brackets, a score that flatters, and a tournament of one's own."""

import math
import random

import numpy as np

from lib.exercises import kinds
from lib.exercises.core import Exercise, Wrong, over_cases, wrong_if

PICTURES = "2 pictures of shape (28, 28)"


def _space():
    import keras_tuner

    return keras_tuner.HyperParameters()


def _built(build, hp, **values):
    """Return the answer's model for some values, set as a tuner sets them."""
    hp.values.update(values)
    hp.ensure_active_values()
    return build(hp)


def _entry(hp, name):
    """Return the entry `name` of the search space, or say which names there are."""
    for entry in hp.space:
        if entry.name == name:
            return entry
    there = ", ".join(sorted({entry.name for entry in hp.space})) or "nothing"
    raise Wrong(f"There is no hyperparameter {name!r} in your search space, which has: {there}.")


def _range(entry, low, high):
    """Raise Wrong unless an entry is a Float of this range."""
    kind = type(entry).__name__
    wrong_if(kind == "Choice", f"`{entry.name}` is an hp.Choice: it can take only the values you listed. Use hp.Float.")
    wrong_if(kind != "Float", f"`{entry.name}` is an hp.{kind}; the exercise asks for an hp.Float.")
    wrong_if(
        not np.allclose([entry.min_value, entry.max_value], [low, high]),
        f"`{entry.name}` runs from {entry.min_value:g} to {entry.max_value:g}; the exercise asks for {low:g} to {high:g}.",
    )


def _fits(build, model, training=False):
    """Return a model's scores of two pictures, or raise Wrong unless it is compiled, and gives ten for each."""
    wrong_if(
        not model.compiled or getattr(model, "loss", None) is None,
        "Your model is not compiled, so it cannot train. Call model.compile(optimizer=..., loss=...).",
    )
    pictures = np.random.default_rng(0).random((2, 28, 28), np.float32)
    try:
        with build.told(PICTURES, using="Your model"):
            scores = np.asarray(model(pictures, training=training))
    except Wrong as wrong:
        raise Wrong(f"{wrong} Does it take pictures of this shape?") from None
    wrong_if(
        scores.shape != (2, 10),
        f"For {PICTURES} your model's output has the shape {scores.shape}; ten classes for each are due, (2, 10).",
    )
    return scores


# --- q1: a learning rate drawn from a logarithmic scale


def _check_q1(build):
    hp = _space()
    first = build(hp)
    rate = _entry(hp, "learning_rate")
    _range(rate, 1e-4, 1e-1)
    wrong_if(
        rate.sampling != "log",
        "Drawn evenly, nine in ten learning rates lie above 0.01. "
        "Which argument of hp.Float gives each power of ten the same chance?",
    )
    wrong_if(rate.step is not None, f"With step={rate.step} `learning_rate` takes few values; any value of its range is due.")
    _fits(build, first)
    for value in (2e-4, 3e-2):
        model = _built(build, hp, learning_rate=value)
        wrong_if(model is first, "Your function returns the same model again, trained as it is. Build a new one in every call.")
        _fits(build, model)
        with build.told("model.optimizer.learning_rate", using="Your model"):
            used = float(np.asarray(model.optimizer.learning_rate))
        wrong_if(
            not np.isclose(used, value, rtol=1e-3),
            f"The tuner chose {value:g}, but your optimizer trains with {used:g}. Does it get what hp.Float returned?",
        )
    return "Each power of ten gets the same share of the trials, and the optimizer uses the value chosen."


def _build_log(hp):
    from lib.models import make_model

    return make_model(32, hp.Float("learning_rate", 1e-4, 1e-1, sampling="log"))


q1 = Exercise(
    _check_q1,
    [
        "hp.Float(name, min_value, max_value) draws evenly. Its argument `sampling` changes that.",
        "hp.Float returns the current value. Hand it on to the optimizer of your model; `make_model` of the lesson does so.",
        'learning_rate = hp.Float("learning_rate", ..., ..., sampling=...); then return make_model(32, ...)',
    ],
    _build_log,
    due=kinds.model,
    seconds=60,
)


# --- q2: what a bracket costs


def _check_q2(cost):
    rng = np.random.default_rng(2)
    cases = [([(1, 1)],), ([(4, 10)],), ([(3, 1), (1, 2)],), ([(6, 4), (2, 10)],), ([(12, 2), (4, 4), (2, 10)],)]
    for rounds in (1, 2, 3, 3, 4, 4, 5):
        trials, epochs = sorted(rng.integers(1, 40, rounds), reverse=True), np.cumsum(rng.integers(1, 12, rounds))
        cases.append(([(int(t), int(e)) for t, e in zip(trials, epochs, strict=True)],))
    mistakes = [
        (
            lambda rounds: sum(trials * epochs for trials, epochs in rounds),
            "That is as if every round began at epoch 0. A promoted trial goes on from its last epoch.",
        ),
        (lambda rounds: rounds[-1][1], "Those are the epochs of one trial. A round trains all of its trials."),
        (lambda rounds: rounds[0][0] * rounds[-1][1], "That is as if every trial went on to the end."),
        (lambda rounds: _bracket_epochs(rounds[1:]), "The first round is left out."),
        (lambda rounds: _bracket_epochs(rounds[:-1]), "The last round is left out."),
    ]
    why = "Take one round at a time: how many trials, and how many epochs does each of them train in it?"
    over_cases(cost, cases, _bracket_epochs, why, mistakes)
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
        "In the round (4, 4) after (12, 2), four trials that have trained 2 epochs go on until they have trained 4.",
        "Keep the epochs of the round before in a variable, 0 at first.",
        "total, before = 0, 0; then for trials, epochs in rounds: total += ..., and before = ...",
    ],
    _bracket_epochs,
    due=kinds.whole,
)


# --- q3: why the best validation score flatters


def _check_q3(winner):
    first, second = (_scores(winner, (0.6, 4, 20), 5) for _ in range(2))
    wrong_if(
        first != second, "The same rng gives another score the second time. Draw from the `rng` you are given, and nothing else."
    )
    for case in ((1.0, 3, 4), (0.0, 2, 4), (0.5, 1, 2), (0.8, 1, 40), (0.8, 2, 30), (0.9, 5, 10), (0.6, 12, 40)):
        _is_binomial(winner, case, np.array(_scores(winner, case, 200)))
    return "No model is better than another, and yet the best of many scores more than it is worth: that is luck, chosen."


def _scores(winner, case, times):
    """Return so many of the answer's scores, drawn one after the other."""
    rng = np.random.default_rng(3)
    before = _global_state()
    scores = [winner(*case, rng) for _ in range(times)]
    words = "Your answer draws from a global generator. Draw from the `rng` you are given, and nothing else."
    wrong_if(_global_state() != before, words)
    return scores


def _global_state():
    state = np.random.get_state()
    return state[1].tobytes(), state[2], random.getstate()


def _is_binomial(winner, case, scores):
    """Raise Wrong unless the scores are distributed as the best of `trials` counts of right answers, divided by `pictures`.

    The measure is the largest distance of the two distribution functions (Kolmogorov and Smirnov): 0.18 for 200 scores, which
    a right answer exceeds less than once in 100,000 times.
    """
    accuracy, trials, pictures = case
    call, counts = winner.shown(*case, np.random.default_rng()), np.round(scores * pictures)
    with np.errstate(invalid="ignore"):  # of an infinite score
        bad = scores[~((np.abs(scores * pictures - counts) < 1e-3) & (scores <= 1) & (scores >= 0))]
    if len(bad):
        hint = "An accuracy is a share: divide the right answers by the pictures." if max(bad) > 1 else (
            f"Each model gets a whole number of the {pictures} pictures right. Return the largest of these, as a share.")
        raise Wrong(f"Your answer is not right for {call}: it gives {bad[0]:g}. {hint}")
    chances = [math.comb(pictures, k) * accuracy**k * (1 - accuracy) ** (pictures - k) for k in range(pictures + 1)]
    due = np.cumsum(chances) ** trials
    found = np.array([(counts <= k).mean() for k in range(pictures + 1)])
    if np.abs(found - due).max() > 0.18:
        mean = 1 - due[:-1].sum() / pictures
        words = "There is nothing to choose from one trial." if trials == 1 else (
            f"Is it the best of {trials} scores, for each of which {pictures} pictures are drawn anew?")
        gives = f"on average of 200 calls it gives {scores.mean():.3f}, and {mean:.3f} is due"
        same = "" if abs(scores.mean() - mean) > 0.01 else ", spread otherwise"
        raise Wrong(f"Your answer is not right for {call}: {gives}{same}. {words}")


def _winner(accuracy, trials, pictures, rng):
    right_answers = rng.binomial(pictures, accuracy, size=trials)
    return right_answers.max() / pictures


q3 = Exercise(
    _check_q3,
    [
        "rng.binomial(n, p, size=k) says k times how many of n pictures were right, when each is right with probability p.",
        "Draw `trials` counts for `pictures` pictures, and take the largest.",
        "right_answers = rng.binomial(..., ..., size=...); then return right_answers...() / ...",
    ],
    _winner,
    due=kinds.number,
)


# --- q4: a hyperparameter that exists only under a condition


def _check_q4(build):
    hp = _space()
    _switched(build, hp)
    switch = type(_entry(hp, "dropout")).__name__
    wrong_if(switch != "Boolean", f"`dropout` is an hp.{switch}; a switch is an hp.Boolean.")
    _switched(build, hp, dropout=True)
    _range(_entry(hp, "rate"), 0.1, 0.5)
    hp.values["dropout"] = False
    wrong_if(
        hp.is_active("rate"),
        "`rate` is drawn even when dropout is off, and a tuner wastes trials on it. Put it under hp.conditional_scope.",
    )
    hp.values["dropout"] = True
    wrong_if(not hp.is_active("rate"), "With dropout=True your `rate` is not drawn. Which value opens your conditional scope?")
    for value in (0.1, 0.5, 0.2, 0.4) if _entry(hp, "rate").step else (0.1, 0.5, 0.237, 0.381):
        model = _switched(build, hp, dropout=True, rate=value)
        rates = _dropout_rates(model)
        wrong_if(not rates, "With dropout=True your model has no Dropout layer.")
        others = [rate for rate in rates if not np.isclose(rate, value)]
        wrong_if(others, (
            f"The tuner chose the rate {value:g}, but {'the' if len(rates) == 1 else 'a'} layer drops {sum(others[:1]):g}. "
            "Does Dropout get what hp.Float returned?"))
    once, again = (_fits(build, model, training=True) for _ in range(2))
    wrong_if(np.allclose(once, again), "With dropout=True your model has a Dropout layer, and does not use it.")
    _check_off(build, hp)
    return "The rate exists only where it means something, and no trial is wasted on it."


def _switched(build, hp, **values):
    """Return the answer's model for some values; where it met the None of a closed scope, say so."""
    try:
        return _built(build, hp, **values)
    except Wrong as wrong:
        none = "hp.Float gives None while its scope is closed. Which value of `dropout` opens it, and is the rate used only then?"
        met = "answer raised" in str(wrong) and "None" in str(wrong)
        raise Wrong(f"{wrong} {none}" if met else wrong) from None


def _check_off(build, hp):
    """Raise Wrong unless the model has no Dropout layer while the switch is off."""
    for space in (hp, _space()):
        model = _switched(build, space, dropout=False)
        _fits(build, model)
        wrong_if(
            _dropout_rates(model),
            "With dropout=False your model still has a Dropout layer. Add the layer only when the switch is on.",
        )


def _dropout_rates(model):
    import keras

    return [layer.rate for layer in model._flatten_layers() if isinstance(layer, keras.layers.Dropout)]


def _build_dropout(hp):
    import keras

    layers, on = [keras.Input((28, 28)), keras.layers.Flatten()], hp.Boolean("dropout")
    with hp.conditional_scope("dropout", [True]):
        if on:
            layers.append(keras.layers.Dropout(hp.Float("rate", 0.1, 0.5)))
    model = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


q4 = Exercise(
    _check_q4,
    [
        'hp.Boolean("dropout") returns True or False: add the layer inside an `if`.',
        "hp.conditional_scope(name, values) opens a scope, with `with`. What is drawn in it exists only for these values.",
        'on = hp.Boolean("dropout"); then with hp.conditional_scope("dropout", [...]): if on: layers.append(...)',
    ],
    _build_dropout,
    due=kinds.model,
    seconds=60,
)


# --- q5: the open task, a tournament of one's own


def _trainings(seed, candidates, epochs, budget):
    """Make up the trainings of some candidates, on a budget of epochs.

    Returns:
        A function that trains a candidate up to an epoch, and the scores of all after the last epoch, an array.
    """
    rng = np.random.default_rng(seed)
    height = rng.normal(0.8, 0.05, candidates).clip(0, 0.97)
    slowness = 2 * np.exp(rng.normal(0, 0.7, candidates))
    shape = 1 - 0.6 * np.exp(-np.arange(1, epochs + 1) / slowness[:, None])
    curves = (height[:, None] * shape + rng.normal(0, 0.008, (candidates, epochs))).clip(0, 1)
    trained = [0] * candidates

    def train(candidate, until):
        if candidate not in range(candidates) or until not in range(1, epochs + 1):
            raise ValueError(f"candidates are 0 to {candidates - 1}, and epochs 1 to {epochs}: not {candidate}, {until}")
        price, left = max(0, int(until) - trained[int(candidate)]), budget - sum(trained)
        if price > left:
            raise RuntimeError(f"the budget is spent: {price} more epochs are asked for, and {left} are left")
        trained[int(candidate)] += price
        return float(curves[int(candidate), int(until) - 1])

    return train, curves[:, -1]


def _check_q5(find):
    candidates, epochs, budget, searches, good = 81, 27, 243, 100, 0
    for seed in range(500, 500 + searches):
        train, last = _trainings(seed, candidates, epochs, budget)
        found = find(train, candidates, epochs, budget)
        wrong_if(not 0 <= found < candidates, f"Your answer returned {found}; the candidates are numbered 0 to {candidates - 1}.")
        good += (last > last[found]).sum() < 5
    wrong_if(good < 85, (
        f"In {good} of {searches} made-up searches your candidate is among the five best; 85 are due. "
        + ("Chance alone finds about 6." if good < 15 else "Where do your epochs go: to many candidates, or to the good ones?")
    ))
    return f"One of the five best in {good} of {searches} searches. All to the end would have cost nine times the budget."


def _find(train, candidates, epochs, budget):
    left, until = list(range(candidates)), 1
    while len(left) > 1:
        scores = {candidate: train(candidate, until) for candidate in left}
        left = sorted(left, key=scores.get)[-(len(left) // 3) :]
        until *= 3
    return left[0]


q5 = Exercise(
    _check_q5,
    [
        "243 epochs are three for each candidate, or nine candidates to the end. Section 4 has a way between the two.",
        "A first round trains all 81 candidates for one epoch. How many go on, and until which epoch?",
        "left, until = list(range(candidates)), 1; then while len(left) > 1: train all that are left until there, keep the "
        "best ... of them, and set until to ...",
    ],
    _find,
    due=kinds.whole,
)
