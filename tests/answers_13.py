"""Answers to the exercises of notebook 13: right ones that are not the reference, and likely mistakes."""

import functools
import heapq
import math
from decimal import Decimal

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


def rounded_log(value, bits):
    return 2.0 ** np.round(np.log2(value)) / 2**bits


RIGHT_1 = [
    by_counting,
    lambda value, bits: 2.0 ** (np.frexp(value)[1] - 1 - bits),
    lambda value, mantissa_bits: math.ldexp(1.0, math.frexp(value)[1] - 1 - mantissa_bits),
    lambda value, bits, *more: np.float32(2.0) ** np.float32(math.floor(math.log2(value)) - bits),
    lambda value, bits: Decimal(2) ** (math.floor(math.log2(value)) - bits),
    lambda value, bits: np.exp2(np.floor(np.log2(value)) - bits),
]
MISTAKES_1 = [
    (lambda value, bits: 2.0**-bits, "just above 1"),
    (lambda value, bits: value / 2**bits, "does not grow with the number itself"),
    (lambda value, bits: 2.0 ** np.ceil(np.log2(value)) / 2**bits, "largest that is not above"),
    (rounded_log, "A logarithm is rounded"),
    (lambda value, bits: by_counting(value, bits - 1), "twice as much"),
    (lambda value, bits: by_counting(value, bits + 1), "half of it"),
    (lambda value, bits: value + by_counting(value, bits), "the next number itself"),
    (lambda value, bits: float(np.spacing(np.float32(value))), "left out.*float32"),
    (lambda value, bits: by_counting(value, 10), "left out.*10 of them"),
    (lambda value, bits: 2.0 ** int(np.log2(value)) / 2**bits, "evenly"),
    (lambda value, bits: 2.0 ** np.floor(np.log(value)) / 2**bits, "evenly"),
    (lambda value, bits: 42.0, "evenly"),
    (lambda value, bits: print(end=""), "nothing .None."),
]

# --- q2


def by_doubling(gradients):
    scale = 2.0**-60
    while np.abs(gradients).max() * scale * 2 <= 65504:
        scale *= 2
    return scale


def by_the_exponent(gradients):
    _, exponent = np.frexp(65504 / np.max(np.abs(gradients)))
    return np.ldexp(1.0, int(exponent) - 1)


def from_candidates(gradients):
    return max(2.0**power for power in range(-40, 90) if (np.abs(gradients * 2.0**power) <= 65504).all())


def gradient_by_gradient(gradients):
    return min(2.0 ** math.floor(math.log2(65504 / abs(g))) for g in gradients.ravel().tolist() if g)


def with_keras(gradients):
    top = float(keras.ops.max(keras.ops.abs(keras.ops.cast(gradients, "float64"))))
    return 2 ** math.floor(math.log2(float(np.finfo("float16").max) / top))


def finite_in_float16(gradients):
    with np.errstate(over="ignore"):
        return max(2.0**power for power in range(-40, 90) if np.isfinite(np.float16(gradients * 2.0**power)).all())


def scale_of(top):
    return lambda g: 2.0 ** np.floor(np.log2(65504 / max(top(g), 1e-30)))


RIGHT_2 = [by_doubling, by_the_exponent, from_candidates, gradient_by_gradient, with_keras, finite_in_float16]
MISTAKES_2 = [
    (lambda g: 65504 / np.abs(g).max(), "no power of two"),
    (scale_of(np.max), "What counts is the distance from 0|farthest from 0 does not pass"),
    (lambda g: 2.0 ** np.ceil(np.log2(65504 / np.abs(g).max())), "round the power down"),
    (lambda g: by_doubling(g) / 2, "Twice that scale"),
    (lambda g: by_doubling(g) * 2, "too large for float16"),
    (lambda g: np.log2(by_doubling(g)), "the exponent"),
    (scale_of(lambda g: np.abs(g).mean()), "not their mean"),
    (lambda g: max(1.0, by_doubling(g)), "a scale below 1"),
    (lambda g: 2.0**15, "farthest from 0 does not pass"),
    (lambda g: 2.0 ** np.floor(np.log2(65536 / np.abs(g).max())), "farthest from 0 does not pass"),
    (lambda g: 2.0 ** np.floor(np.log2(65504 / np.abs(g))), "an array of shape"),
    (lambda g: print(end=""), "nothing .None."),
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


def with_a_generator(finite, scale, growth):
    def walk(scale, count=0):
        for ok in finite:
            count = count + 1 if ok else 0
            scale *= 0.5 if not ok else 2 if count == growth else 1
            count %= growth
            yield np.float32(scale)

    return tuple(walk(scale))


def with_powers(finite, scale, growth):
    powers, since = [], 0
    for ok in finite:
        since = since + 1 if ok else 0
        powers.append(-1 if not ok else int(since > 0 and since % growth == 0))
    return (scale * 2.0 ** np.cumsum(powers)).tolist()


def recursively(finite, scale, growth, count=0):
    if not finite:
        return []
    ok, *rest = finite
    if not ok:
        return [scale / 2, *recursively(rest, scale / 2, growth)]
    grown = count + 1 == growth
    return [scale * (1 + grown), *recursively(rest, scale * (1 + grown), growth, 0 if grown else count + 1)]


def by_looking_back(finite, scale, growth):
    scales, begin = [], 0
    for i, ok in enumerate(finite):
        if not ok:
            scale, begin = scale / 2, i + 1
        elif i + 1 - begin == growth:
            scale, begin = 2 * scale, i + 1
        scales.append(float(scale))
    return scales


def before_the_step(finite, scale, growth):
    return [scale, *with_countdown(finite, scale, growth)[:-1]]


def counts_on(finite, scale, growth):
    scales, count = [], 0
    for ok in finite:
        count += ok
        if not ok:
            scale /= 2
        elif count >= growth:
            scale, count = scale * 2, 0
        scales.append(scale)
    return scales


def doubles_on(finite, scale, growth):
    scales, count = [], 0
    for ok in finite:
        count = count + 1 if ok else 0
        scale = scale / 2 if not ok else scale * 2 if count >= growth else scale
        scales.append(scale)
    return scales


def all_in_all(finite, scale, growth):
    scales = []
    for i, ok in enumerate(finite):
        scale = scale / 2 if not ok else scale * 2 if sum(finite[: i + 1]) % growth == 0 else scale
        scales.append(scale)
    return scales


RIGHT_3 = [with_countdown, with_a_generator, with_powers, recursively, by_looking_back]
MISTAKES_3 = [
    (lambda finite, scale, growth: [max(1, one) for one in with_countdown(finite, scale, growth)], "Not finite: halve"),
    (lambda finite, scale, growth: [min(2.0**24, one) for one in with_countdown(finite, scale, growth)], "Not finite: halve"),
    (before_the_step, r"\*before\* each step"),
    (counts_on, "After a halving the count"),
    (doubles_on, "After a doubling the count"),
    (lambda finite, scale, growth: with_countdown([True] * len(finite), scale, growth), "never halved"),
    (lambda finite, scale, growth: with_countdown(finite, scale, growth + 1), "one step too late"),
    (lambda finite, scale, growth: with_countdown(finite, scale, 10**9), "never doubled"),
    (lambda finite, scale, growth: with_countdown([not ok for ok in finite], scale, growth), "wrong way round"),
    (lambda finite, scale, growth: [scale, *with_countdown(finite, scale, growth)], "One scale for each step"),
    (all_in_all, "After a halving the count|-th finite step in a row"),
    (lambda finite, scale, growth: with_countdown(finite, scale, 2), "-th finite step in a row"),
    (lambda finite, scale, growth: scale, "where a list of items"),
    (lambda finite, scale, growth: print(end=""), "nothing .None."),
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


@precision.policy("mixed_bfloat16")
def decorated(units=32):
    small = {"activation": "relu", "padding": "same", "strides": 2}
    inner = [keras.layers.Conv2D(4, 3, **small), keras.layers.BatchNormalization(), keras.layers.Flatten()]
    last = [keras.layers.Dense(10), keras.layers.Activation("softmax", dtype="float32")]
    return keras.Sequential([keras.Input((28, 28, 1)), *inner, keras.layers.Dense(units), *last])


class Own(keras.Model):
    def __init__(self, last="float32"):
        super().__init__()
        self.flat, self.hidden = keras.layers.Flatten(), keras.layers.Dense(16, activation="relu")
        self.last = keras.layers.Dense(10, activation="softmax", dtype=last)

    def call(self, x):
        return self.last(self.hidden(self.flat(x)))


def subclassed():
    with precision.policy("mixed_bfloat16"):
        return Own()


def subclassed_and_built():
    with precision.policy("mixed_bfloat16"):
        model = Own()
    model.build((None, 28, 28))
    return model


def nested():
    with precision.policy("mixed_bfloat16"):
        body = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(16, activation="relu")])
        entry = keras.Input((28, 28))
        return keras.Model(entry, keras.layers.Softmax(dtype="float32")(keras.layers.Dense(10)(body(entry))))


def leaves_the_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    return keras.Sequential(layers(last="float32"))


def to_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = keras.Sequential(layers(last="float32"))
    keras.config.set_dtype_policy("float32")
    return model


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


def other_policy():
    with precision.policy("mixed_float16"):
        return keras.Sequential(layers(last="float32"))


def no_flatten():
    with precision.policy("mixed_bfloat16"):
        last = keras.layers.Dense(10, activation="softmax", dtype="float32")
        return keras.Sequential([keras.Input((28, 28)), keras.layers.Dense(16), last])


def one_layer_only():
    first = [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(64, dtype="float32")]
    return keras.Sequential([*first, *layers(hidden="mixed_bfloat16", last="float32")[2:]])


def plain():
    return keras.Sequential(layers(hidden="float32", last="float32"))


def other_shape():
    return keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])


def forgets_return():
    half_softmax()


RIGHT_4 = [functional, by_layers, restored_by_hand, decorated, subclassed, subclassed_and_built, nested]
MISTAKES_4 = [
    (leaves_the_policy, "was float32, and you leave it at mixed_bfloat16"),
    (to_float32, "was mixed_float16, and you leave it at float32"),
    (half_softmax, "probabilities are bfloat16"),
    (cast_too_late, "cast afterwards"),
    (not_mixed, "mixed"),
    (no_softmax, "Is there a softmax"),
    (other_policy, "there is float16, float32"),
    (no_flatten, r"returns the shape \(64, 28, 10\)"),
    (one_layer_only, "2 of 3 layers with weights"),
    (plain, "No layer with weights computes in bfloat16"),
    (other_shape, "28 × 28 were asked for"),
    (lambda: 3, "the int 3 where a Keras model is due"),
    (lambda: Own, "the class Own where a Keras model is due"),
    (forgets_return, "nothing .None."),
]

# --- q5


def halves(numbers):
    if len(numbers) == 1:
        return numbers[0]
    middle = len(numbers) // 2
    return halves(numbers[:middle]) + halves(numbers[middle:])


def kahan(numbers):
    found, lost = numbers[0], numbers[0] - numbers[0]
    for number in numbers[1:]:
        number = number - lost
        after = found + number
        lost = (after - found) - number
        found = after
    return found


def as_a_counter(numbers):
    """Keep one sum for each number of numbers in it, as the digits of a binary counter."""
    sums = []
    for number in numbers:
        place = 0
        while place < len(sums) and sums[place] is not None:
            number, sums[place] = number + sums[place], None
            place += 1
        sums[place : place + 1] = [number]
    return functools.reduce(lambda a, b: a + b, [one for one in sums if one is not None])


def as_a_queue(numbers):
    queue = list(numbers)
    for place in range(0, 2 * (len(numbers) - 1), 2):
        queue.append(queue[place] + queue[place + 1])
    return queue[-1]


def with_numpy(numbers):
    found = np.array(numbers, object)
    while len(found) > 1:
        if len(found) % 2:
            found = np.append(found, [found[0] - found[0]])
        found = found[: len(found) // 2] + found[len(found) // 2 :]
    return found[0]


def kahan_from_0(numbers):
    found = lost = 0
    for number in numbers:
        due = number - lost
        after = found + due
        found, lost = after, (after - found) - due
    return found


def smallest_two(numbers):
    heap = sorted(numbers)
    while len(heap) > 1:
        heapq.heappush(heap, heapq.heappop(heap) + heapq.heappop(heap))
    return heap[0]


def sorted_first(numbers):
    return sum(sorted(numbers))


def extrapolated(numbers):
    found = kahan(numbers[:10])
    return found + found


def four_parts(numbers):
    return sum(sum(numbers[i::4]) for i in range(4) if numbers[i::4])


def twice(numbers):
    for _ in range(5):
        found = kahan(numbers)
    return found


RIGHT_5 = [halves, kahan, kahan_from_0, as_a_counter, as_a_queue, with_numpy, smallest_two]
MISTAKES_5 = [
    (lambda numbers: sum(numbers), "One after the other they stall"),
    (lambda numbers: functools.reduce(lambda a, b: a + b, numbers), "One after the other they stall"),
    (sorted_first, "One after the other they stall"),
    (four_parts, "off by"),
    (extrapolated, "off by"),
    (lambda numbers: numbers[0], "off by"),
    (lambda numbers: halves(numbers[:-1] or numbers), "off by"),
    (twice, "4 for each number"),
    (lambda numbers: sum(map(float, numbers)), "raised TypeError"),
    (lambda numbers: np.float16(len(numbers)), "where one of these 16-bit numbers"),
    (lambda numbers: math.fsum(numbers), "raised TypeError"),
    (lambda numbers: print(end=""), "nothing .None."),
]


ALL = [
    (e13.q1, RIGHT_1, MISTAKES_1), (e13.q2, RIGHT_2, MISTAKES_2), (e13.q3, RIGHT_3, MISTAKES_3),
    (e13.q4, RIGHT_4, MISTAKES_4), (e13.q5, RIGHT_5, MISTAKES_5),
]
EQUIVALENT = {
    "e13.q2": {"2: 65504 → 65505": "what is a little larger than 65,504 rounds to it, so no float16 overflows"},
    "e13.q5": {"3: 0 → -1": "the first of one is the last of one"},
    "e13.q4": dict.fromkeys(
        ["11: keras.layers.Dense(64, activation='relu') → keras.layers.Dense(64)", "11: 64 → 65", "11: 64 → 63"],
        "another classifier, as well mixed",
    ),
}
