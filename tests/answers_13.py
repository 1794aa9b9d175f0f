"""Answers to the exercises of notebook 13: right ones that are not the reference, and likely mistakes."""

import keras
import numpy as np

from lib import precision
from lib.exercises import e13


def layers(*, hidden=None, last=None, softmax="softmax"):
    return [
        keras.Input((28, 28)),
        keras.layers.Flatten(),
        keras.layers.Dense(16, activation="relu", dtype=hidden),
        keras.layers.Dense(10, activation=softmax, dtype=last),
    ]


# --- q1


def by_counting(value, mantissa_bits):
    power = 1.0
    while power > value:
        power /= 2
    while 2 * power <= value:
        power *= 2
    return power * 2.0**-mantissa_bits


MISTAKES_1 = [
    (lambda value, bits: 2.0**-bits, "just above 1"),
    (lambda value, bits: value / 2**bits, "does not grow with the number itself"),
    (lambda value, bits: 2.0 ** np.ceil(np.log2(value)) / 2**bits, "factor of 2"),
    (lambda value, bits: 42.0, "evenly"),
    (lambda value, bits: print(end=""), "returns nothing"),
]

# --- q2


def by_doubling(gradients):
    scale = 2.0**-60
    while np.abs(gradients).max() * scale * 2 <= 65504:
        scale *= 2
    return scale


MISTAKES_2 = [
    (lambda g: 65504 / np.abs(g).max(), "no power of two"),
    (lambda g: 2.0 ** np.floor(np.log2(65504 / max(g.max(), 1e-30))), "absolute value"),
    (lambda g: 2.0 ** np.ceil(np.log2(65504 / np.abs(g).max())), "too large for float16"),
    (lambda g: 2.0 ** (np.floor(np.log2(65504 / np.abs(g).max())) - 1), "Twice the scale"),
    (lambda g: print(end=""), "returns nothing"),
]

# --- q3


def with_countdown(finite, scale, growth):
    left, scales = growth, []
    for ok in finite:
        left -= 1
        if not ok:
            scale, left = scale * 0.5, growth
        if left == 0:
            scale, left = scale * 2.0, growth
        scales += [scale]
    return np.array(scales)


def before_the_step(finite, scale, growth):
    return [scale, *e13._dynamic_scales(finite, scale, growth)[:-1]]


def counts_on(finite, scale, growth):
    return e13._scales(finite, scale, growth, after_halving=False)


def never_halves(finite, scale, growth):
    return e13._dynamic_scales([True] * len(finite), scale, growth)


def one_too_late(finite, scale, growth):
    return e13._dynamic_scales(finite, scale, growth + 1)


MISTAKES_3 = [
    (before_the_step, "before"),
    (counts_on, "begins anew"),
    (never_halves, "is halved to"),
    (one_too_late, "in a row"),
    (lambda finite, scale, growth: scale, "return a list"),
    (lambda finite, scale, growth: print(end=""), "returns nothing"),
]

# --- q4


def functional():
    with precision.policy("mixed_bfloat16"):
        inputs = keras.Input((28, 28))
        x = keras.layers.Dense(10)(keras.layers.Flatten()(inputs))
        return keras.Model(inputs, keras.layers.Softmax(dtype="float32")(x))


def by_layers():
    return keras.Sequential(layers(hidden="mixed_bfloat16", last="float32"))


def restored_by_hand():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = by_layers()
    keras.config.set_dtype_policy(before)
    return model


def leaves_the_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    return keras.Sequential(layers(last="float32"))


def half_softmax():
    with precision.policy("mixed_bfloat16"):
        return keras.Sequential(layers())


def cast_too_late():
    with precision.policy("mixed_bfloat16"):
        return keras.Sequential([*layers(), keras.layers.Activation("linear", dtype="float32")])


def not_mixed():
    with precision.policy("bfloat16"):
        return keras.Sequential(layers(last="float32"))


def no_softmax():
    with precision.policy("mixed_bfloat16"):
        return keras.Sequential(layers(last="float32", softmax=None))


def plain():
    return keras.Sequential(layers())


def other_shape():
    return keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])


def forgets_return():
    half_softmax()


MISTAKES_4 = [
    (leaves_the_policy, "leave the global policy"),
    (half_softmax, "probabilities are bfloat16"),
    (cast_too_late, "cast afterwards"),
    (not_mixed, "mixed"),
    (no_softmax, "Is there a softmax"),
    (plain, "No layer with weights computes in bfloat16"),
    (other_shape, "28 × 28 to 10"),
    (lambda: 3, "returns a int"),
    (forgets_return, "returns nothing"),
]


RIGHT = [
    (e13.q1, by_counting),
    (e13.q1, lambda value, bits: 2.0 ** (np.frexp(value)[1] - 1 - bits)),
    (e13.q2, by_doubling),
    (e13.q3, with_countdown),
    (e13.q4, functional),
    (e13.q4, by_layers),
    (e13.q4, restored_by_hand),
]


MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in ((e13.q1, MISTAKES_1), (e13.q2, MISTAKES_2), (e13.q3, MISTAKES_3), (e13.q4, MISTAKES_4))
    for answer, message in mistakes
]
