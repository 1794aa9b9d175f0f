"""Answers to the exercises of notebook 05: right ones that are not the reference, and likely mistakes."""

import math

import numpy as np

from lib.exercises import e05

# --- q1


def sizes(space, fixed=1):
    return [fixed if type(entry).__name__ == "Fixed" else len(list(entry.values)) for entry in space]


def by_logarithm(space):
    free = [e for e in space if type(e).__name__ == "Float" and getattr(e, "step", None) is None]
    return math.inf if free else round(math.exp(sum(math.log(size) for size in sizes(space))))


def without_ends(space):
    return math.prod(
        (e.max_value - e.min_value) // (e.step or 1) if type(e).__name__ == "Int" else s
        for e, s in zip(space, sizes(space), strict=True)
    )


MISTAKES_1 = [
    (lambda space: sum(sizes(space)), "the sum"),
    (lambda space: math.prod(sizes(space, fixed=0)), "An hp.Fixed has one value"),
    (lambda space: math.prod(sizes(space)), "math.inf"),
    (without_ends, "Count both ends"),
    (lambda space: print(end=""), "returns nothing"),
]

# --- q2


def chosen_first(hp, model, x, y, **more):
    more["batch_size"] = hp.Choice("batch_size", [40, 10, 20], default=10)
    return model.fit(x, y, **more)


def forgets_return(hp, model, x, y, **more):
    model.fit(x, y, batch_size=hp.Choice("batch_size", [10, 20, 40]), **more)


def drops_more(hp, model, x, y, **more):
    return model.fit(x, y, batch_size=hp.Choice("batch_size", [10, 20, 40]), epochs=2, verbose=0)


def only_callbacks(hp, model, x, y, callbacks, **more):
    return model.fit(x, y, batch_size=hp.Choice("batch_size", [10, 20, 40]), callbacks=callbacks, verbose=0)


def no_validation(hp, model, x, y, validation_data, **more):
    return model.fit(x, y, batch_size=hp.Choice("batch_size", [10, 20, 40]), **more)


def not_used(hp, model, x, y, **more):
    hp.Choice("batch_size", [10, 20, 40])
    return model.fit(x, y, batch_size=10, **more)


def misspelt(hp, model, x, y, **more):
    return model.fit(x, y, batch_size=hp.Choice("batchsize", [10, 20, 40]), **more)


def without_more(hp, model, x, y):
    return model.fit(x, y, batch_size=hp.Choice("batch_size", [10, 20, 40]), verbose=0)


def last_loss(hp, model, x, y, **more):
    return model.fit(x, y, batch_size=hp.Choice("batch_size", [10, 20, 40]), **more).history


MISTAKES_2 = [
    (forgets_return, "returns nothing"),
    (drops_more, "hand \\*\\*more on"),
    (only_callbacks, "asked for 2 epochs"),
    (no_validation, "Nothing was validated"),
    (not_used, "20 rows|2 steps an epoch"),
    (misspelt, "no hyperparameter called 'batch_size'"),
    (lambda hp, model, x, y, **more: model.fit(x, y, batch_size=hp.Int("batch_size", 10, 40), **more), "10, 20 and 40"),
    (last_loss, "returns a dict"),
    (without_more, "end with \\*\\*more"),
]

# --- q3


def by_matrix(y, probability, thresholds, miss, alarm):
    positive = probability >= np.array(thresholds)[:, None]
    costs = (miss * ((y == 1) & ~positive) + alarm * ((y == 0) & positive)).sum(axis=1)
    return min(zip(costs, thresholds, strict=True))[1]


def costs_of(y, probability, thresholds, miss, alarm):
    return [e05._price(y, probability, t, miss, alarm) for t in thresholds]


MISTAKES_3 = [
    (lambda y, p, t, miss, alarm: by_matrix(y, p, t, alarm, miss), "the wrong way round"),
    (lambda y, p, t, miss, alarm: t[int(np.argmax(costs_of(y, p, t, miss, alarm)))], "the highest"),
    (lambda y, p, t, miss, alarm: min(costs_of(y, p, t, miss, alarm)), "none of the thresholds"),
    (lambda y, p, t, miss, alarm: int(np.argmin(costs_of(y, p, t, miss, alarm))) + 1, "none of the thresholds"),
    (lambda y, p, t, miss, alarm: print(end=""), "returns nothing"),
    (lambda y, p, t, miss, alarm: by_matrix(y, p, np.array(t) + 1e-6, miss, alarm) - 1e-6, "compare with >="),
]

# --- q4


def by_sign(inner, outer, direction):
    return {"max": 1, "min": -1}[direction] * float(np.mean(np.subtract(inner, outer)))


MISTAKES_4 = [
    (lambda inner, outer, direction: np.mean(inner - outer), "a lower score is the better one"),
    (lambda inner, outer, direction: abs(np.mean(inner - outer)), "unlucky"),
    (lambda inner, outer, direction: inner - outer, "about their mean"),
    (lambda inner, outer, direction: np.max(inner) - np.max(outer) + 1, "Take the mean of each"),
    (lambda inner, outer, direction: print(end=""), "returns nothing"),
]


RIGHT = [
    (e05.q1, by_logarithm),
    (e05.q2, chosen_first),
    (e05.q3, by_matrix),
    (e05.q4, by_sign),
]

MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in ((e05.q1, MISTAKES_1), (e05.q2, MISTAKES_2), (e05.q3, MISTAKES_3), (e05.q4, MISTAKES_4))
    for answer, message in mistakes
]
