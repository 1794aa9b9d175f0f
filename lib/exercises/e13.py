"""Exercises of notebook 13: spacing, loss scales, a mixed model built right, and a sum that does not stall."""

import numpy as np

from lib.exercises import kinds
from lib.exercises.core import Exercise, over_cases, wrong_if


def _alike(answer, right):
    """Say whether two numbers are the same, however small they are."""
    return bool(np.isclose(answer, right, rtol=1e-6, atol=0))


# --- q1: the distance to the next number


def _check_q1(spacing):
    values = [1.0, 2.0, 0.5, 1.5, 1.999, 3.0, 1000.0, 2048.0, 0.1, 0.75, 2.0**-9, 1e-6, 3e5]
    cases = [(value, bits) for value in values for bits in (10, 7, 23, 2)]
    factor = "Which power of two is the largest that is not above the number?"
    mistakes = [
        (lambda value, bits: 2.0**-bits, "That is the spacing just above 1. Twice as far out it is twice as wide."),
        (
            lambda value, bits: value * 2.0**-bits,
            "The spacing does not grow with the number itself: it is the same from one power of two to the next.",
        ),
        (lambda value, bits: _spacing(value, bits) / 2, f"That is half of it. {factor}"),
        (lambda value, bits: _spacing(value, bits) * 2, f"That is twice as much. {factor}"),
        (lambda value, bits: 2.0 ** np.ceil(np.log2(value) - bits), factor),
        (lambda value, bits: 2.0 ** np.round(np.log2(value)) / 2**bits, f"A logarithm is rounded here. {factor}"),
        (lambda value, bits: value + _spacing(value, bits), "That is the next number itself. The distance to it is due."),
        (lambda value, bits: _spacing(value, 10), "`mantissa_bits` is left out: that is the spacing for 10 of them."),
        (lambda value, bits: _spacing(value, 23), "`mantissa_bits` is left out: that is the spacing of float32."),
    ]
    why = "From a power of two to the next lie 2 to the `mantissa_bits` numbers, evenly."
    over_cases(spacing, cases, _spacing, why, mistakes, _alike)
    return "Each doubling of the number doubles the spacing: that is why a small step gets lost on a large number."


def _spacing(value, mantissa_bits):
    power_below = 2.0 ** np.floor(np.log2(value))
    return power_below / 2**mantissa_bits


q1 = Exercise(
    _check_q1,
    [
        "Between 1 and 2 there are 2**mantissa_bits numbers, evenly spaced. Between 2 and 4 there are just as many.",
        "Which is the largest power of two that is not above `value`? np.log2 and np.floor find it.",
        "power_below = 2.0 ** ...\nreturn power_below / ...",
    ],
    _spacing,
    due=kinds.number,
)


# --- q2: the largest loss scale without an overflow


def _check_q2(best_scale):
    rng = np.random.default_rng(13)
    cases = [
        (np.array([1.0]),),
        (np.array([65504.0]),),
        (np.array([65503.5]),),  # from 65,504 to 65,520 numbers still round to float16's largest: either answer will do
        (np.array([-2.0, 1.0]),),
        (np.array([65504.0 / 8, 0.0]),),
        (np.array([-3e-5, 1e-9]),),
        (np.array([1e5, 1.0]),),
        ((rng.normal(size=(4, 5)) * 1e-6).astype("float32"),),
        (-np.abs(rng.normal(size=50)) * 1e3,),
        (rng.normal(size=(2, 3, 4)) * 1e-12,),
    ]
    tops = {
        "A large negative gradient overflows with it. What counts is the distance from 0.": np.max,
        "The gradient farthest from 0 counts, and not their mean.": lambda g: np.abs(g).mean(),
        "The gradient farthest from 0 counts, and not the smallest.": lambda g: np.abs(g).min(),
        "The first gradient decides here. The one farthest from 0 counts.": lambda g: np.abs(g).ravel()[0],
    }
    mistakes = [(lambda g, top=top: 2.0 ** np.floor(np.log2(65504 / top(g))), words) for words, top in tops.items()]
    mistakes += [
        (lambda g: 65504 / np.abs(g).max(), "That is no power of two. Only a power of two leaves the mantissas as they are."),
        (lambda g: _best_scale(g) * 2, "The largest gradient becomes too large for float16 with it."),
        (lambda g: _best_scale(g) / 2, "Twice that scale would still fit."),
        (lambda g: 2.0 ** np.ceil(np.log2(65504 / np.abs(g).max())), "It becomes too large for float16: round the power down."),
        (lambda g: np.log2(_best_scale(g)), "That is the exponent. The power of two itself is due."),
        (lambda g: max(_best_scale(g), 1.0), "Gradients that are too large need a scale below 1."),
    ]
    why = "It is the largest power of two with which the gradient farthest from 0 does not pass 65,504."
    over_cases(best_scale, cases, _best_scale, why, mistakes, _alike)
    return "As far to the right as it goes. Keras' dynamic scale finds the same place by trying, without seeing the maximum."


def _best_scale(gradients):
    room = 65504 / np.abs(gradients).max()
    return 2.0 ** np.floor(np.log2(room))


q2 = Exercise(
    _check_q2,
    [
        "Only the gradient farthest from 0 matters. By which factor could it grow until it is 65,504?",
        "Round that factor down to a power of two: np.log2, np.floor, and back again.",
        "room = 65504 / ...\nreturn 2.0 ** ...",
    ],
    _best_scale,
    due=kinds.number,
)


# --- q3: the dynamic loss scale


def _scales(finite, scale, growth, halved=0, doubled=0):
    """Simulate with a mistake: `halved` or `doubled` say what the count becomes then, None for left as it is."""
    scales, good = [], 0
    for step_was_finite in finite:
        good += step_was_finite
        if not step_was_finite:
            scale, good = scale / 2, good if halved is None else halved
        elif good >= growth:
            scale, good = scale * 2, good if doubled is None else doubled
        scales.append(scale)
    return scales


def _check_q3(dynamic_scales):
    rng = np.random.default_rng(13)
    T, F = True, False
    few = [[T], [F], [T, T], [T, T, T, T, T], [F, F, T], [T, F, T, T, T, T], [T, T, F, T, T, F, F, T, T, T, T, T]]
    cases = [(finite, 8.0, growth) for finite in few for growth in (2, 1, 3)]
    cases += [((rng.random(60) < 0.8).tolist(), 2.0**15, growth) for growth in (2, 3, 5)] + [([], 8.0, 2)]
    cases += [([F], 1.0, 2), ([F, F, T, T, T, F], 1.0, 2), ([T] * 30, 2.0**15, 1)]  # below 1, and far above float16's numbers
    anew = "After a {} the count of finite steps begins anew; yours goes on."
    mistakes = [
        (lambda f, s, g: [s, *_dynamic_scales(f, s, g)[:-1]], "That is the scale *before* each step. Note it after."),
        (lambda f, s, g: [s, *_dynamic_scales(f, s, g)], "One scale for each step is due, without the first one."),
        (lambda f, s, g: _scales(f, s, g, halved=None), anew.format("halving")),
        (lambda f, s, g: _scales(f, s, g, doubled=None), anew.format("doubling")),
        (lambda f, s, g: _dynamic_scales(f, s, g + 1), "That doubles one step too late: `growth` finite steps are enough."),
        (lambda f, s, g: _dynamic_scales([True] * len(f), s, g), "The scale is never halved."),
        (lambda f, s, g: [s / 2 ** f[:i].count(False) for i in range(1, len(f) + 1)], "The scale is never doubled."),
        (lambda f, s, g: _dynamic_scales([not one for one in f], s, g), "It is halved after finite steps: the wrong way round."),
        (lambda f, s, g: _dynamic_scales(f, s, g)[-1:], "That is the last scale alone. The scale after each step is due."),
    ]
    why = "Not finite: halve, and count from 0. The `growth`-th finite step in a row: double, and count from 0."
    over_cases(dynamic_scales, cases, _dynamic_scales, why, mistakes)
    return (
        "Fast down, slowly up: an overflow costs a whole step, and a scale that is a little low costs almost nothing."
    )


def _dynamic_scales(finite, scale, growth):
    scales, in_a_row = [], 0
    for step_was_finite in finite:
        in_a_row = in_a_row + 1 if step_was_finite else 0
        if not step_was_finite:
            scale = scale / 2
        elif in_a_row == growth:
            scale, in_a_row = scale * 2, 0
        scales.append(scale)
    return scales


q3 = Exercise(
    _check_q3,
    [
        "Keep two variables: the scale, and how many finite steps there were in a row. Go through the steps with a `for`.",
        "Two things can happen at a step: a halving, or one more finite step, which may be the one that doubles.",
        (
            "for step_was_finite in finite:\n    if not step_was_finite:\n        scale, count = ...\n"
            "    else:\n        count = ...\n        if count == growth:\n            scale, count = ...\n    scales.append(...)"
        ),
    ],
    _dynamic_scales,
    due=kinds.items(kinds.number),
)


# --- q4: a mixed model, built right


def _check_q4(build_mixed):
    import keras

    from lib import precision

    before = keras.config.dtype_policy()
    for policy in (before.name, "mixed_float16", before.name):  # a second policy: what is found is put back, whatever it is
        try:
            with precision.policy(policy):
                model = build_mixed()
                after = keras.config.dtype_policy().name
        finally:
            keras.config.set_dtype_policy(before)
        wrong_if(after != policy, f"The global policy was {policy}, and you leave it at {after}. Put back what was there.")
    x = _input_of(model)
    with build_mixed.told(f"pictures of shape {x.shape[1:]}", using="Your model"):
        said = model(10 * x)
    wrong_if(
        tuple(said.shape) != (len(x), 10),
        f"For {len(x)} pictures your model returns the shape {tuple(said.shape)}; ({len(x)}, 10) is due.",
    )
    _check_layers([layer for layer in model._flatten_layers(include_self=False) if layer.weights])
    _check_probabilities(said)
    return "Its layers work in bfloat16, its weights and its probabilities are float32, and nobody else notices."


def _input_of(model):
    """Return pictures in the shape that a model takes: (28, 28), or (28, 28, 1)."""
    shape = getattr(model, "input_shape", None)  # a model of one's own class has none
    taken = tuple(shape[1:]) if isinstance(shape, tuple) else (28, 28)
    fits = len(taken) in (2, 3) and all(n in (None, due) for n, due in zip(taken, (28, 28, 1), strict=False))
    wrong_if(not fits, f"Your model takes the shape {taken}; pictures of 28 × 28 were asked for.")
    return np.random.default_rng(13).normal(size=(64, 28, 28, 1)[: len(taken) + 1]).astype("float32")


def _check_layers(weighty):
    """Check the dtypes of the layers that have weights of their own, and no further layers in them."""
    weighty = [layer for layer in weighty if not list(layer._flatten_layers(include_self=False))]
    kept = ", ".join(sorted({layer.variable_dtype for layer in weighty} - {"float32"}))
    wrong_if(kept, f"Your weights are kept in {kept}. A *mixed* policy keeps them in float32.")
    computed = [layer.compute_dtype for layer in weighty if "Normalization" not in type(layer).__name__]
    found = ", ".join(sorted(set(computed))) or "no layer with weights"
    wrong_if(
        "bfloat16" not in computed,
        f"No layer with weights computes in bfloat16; there is {found}. Build the layers inside the policy.",
    )
    slow = len(computed) - computed.count("bfloat16")
    wrong_if(slow > 1, f"{slow} of {len(computed)} layers with weights do not compute in bfloat16. Only the last one need not.")


def _check_probabilities(probabilities):
    import keras

    dtype = keras.backend.standardize_dtype(probabilities.dtype)
    wrong_if(dtype != "float32", f'The probabilities are {dtype}. Give the layer with the softmax dtype="float32".')
    rows = keras.ops.convert_to_numpy(probabilities)
    sums = rows.sum(axis=-1)
    missed = abs(sums - 1)
    wrong_if(
        not (missed <= 1e-2).all() or rows.min() < 0,
        f"One row of your output adds up to {sums[missed.argmax()]:.3g}. Is there a softmax at the end?",
    )
    wrong_if(
        missed.max() > 1e-5,
        "Your output is called float32, but its rows miss 1: the softmax itself ran in 16 bits and was cast afterwards.",
    )


def _build_mixed():
    import keras

    from lib import precision

    with precision.policy("mixed_bfloat16"):
        return keras.Sequential(
            [
                keras.Input((28, 28)),
                keras.layers.Flatten(),
                keras.layers.Dense(64, activation="relu"),
                keras.layers.Dense(10, activation="softmax", dtype="float32"),
            ]
        )


q4 = Exercise(
    _check_q4,
    [
        "Which policy of bfloat16 keeps the weights in float32? A model takes the one that holds while it is built.",
        "`with precision.policy(...):` puts the old policy back by itself. One layer needs a dtype of its own.",
        'with precision.policy(...):\n    return keras.Sequential([..., keras.layers.Dense(10, activation="softmax", ...)])',
    ],
    _build_mixed,
    due=kinds.model,
    seconds=60,
)


# --- q5: a sum that does not stall

OFF = 0.005  # of the exact sum
STEPS = 4  # additions and subtractions for each number


class Half:
    """A float16 that knows +, -, and comparisons with others of its kind, and counts the first two in `steps`, a list."""

    __slots__ = ("_number", "_steps")

    def __init__(self, number, steps):
        self._number, self._steps = np.float16(number), steps

    def _with(self, other, change):
        if not isinstance(other, Half):
            if not isinstance(other, int | float) or other != 0:
                return NotImplemented
            other = Half(0, self._steps)
        self._steps.append(1)
        with np.errstate(all="ignore"):
            return Half(change(self._number, other._number), self._steps)

    def __add__(self, other):
        return self._with(other, np.add)

    def __sub__(self, other):
        return self._with(other, np.subtract)

    __radd__ = __add__

    def __rsub__(self, other):
        return self._with(other, lambda own, zero: zero - own)

    def __neg__(self):
        return Half(-self._number, self._steps)

    def __abs__(self):
        return Half(abs(self._number), self._steps)

    def __lt__(self, other):
        return bool(self._number < (other._number if isinstance(other, Half) else other))

    def __gt__(self, other):
        return bool(self._number > (other._number if isinstance(other, Half) else other))

    def __repr__(self):
        return f"{self._number:.4g}"


def _draws():
    """Make numbers to add, from few to many: all the same, of one size, of all sizes, in any order."""
    rng = np.random.default_rng(13)
    yield from ([1.5], [2048.0, 1.0, 1.0], [1.0] * 5, rng.uniform(1, 2, 100))
    yield from (np.full(2500, 1.0), np.full(4096, 1e-4), rng.uniform(0, 1, 3000), 10 ** rng.uniform(-4, 0, 4001))
    yield from (np.sort(rng.uniform(0.1, 9, 4500))[::-1], np.append(1000.0, np.full(5000, 0.3)))


def _check_q5(total):
    worst = 0
    for draw in _draws():
        steps = []
        numbers = [Half(number, steps) for number in draw]
        found = float(total(numbers)._number)
        exact = sum(float(number._number) for number in numbers)
        drawn = f"{len(numbers)} numbers from {min(draw):.3g} to {max(draw):.3g}"
        told = f"The sum of {drawn} is {exact:.5g}, and yours {found:.5g}."
        allowed = STEPS * len(numbers)
        wrong_if(
            len(steps) > allowed,
            f"For {drawn} you add and subtract {len(steps)} times; {allowed} are allowed, {STEPS} for each number.",
        )
        off = abs(found / exact - 1)
        stalled = found in [float(_one_by_one(order)) for order in (draw, sorted(draw), draw[::-1])]
        wrong_if(
            not off <= OFF,
            f"{told} {'One after the other they stall' if stalled else f'It is off by {off:.2%}'}; {OFF:.1%} are allowed.",
        )
        worst = max(worst, off)
    return f"Off by {worst:.2%} at most, with 16 bits in every step. NumPy's sum works in pairs for the same reason."


def _one_by_one(numbers):
    found = np.float16(0)
    for number in np.asarray(numbers, np.float16):
        found = np.float16(found + number)
    return found


def _total(numbers):
    if len(numbers) == 1:
        return numbers[0]
    middle = len(numbers) // 2
    return _total(numbers[:middle]) + _total(numbers[middle:])


q5 = Exercise(
    _check_q5,
    [
        "A sum stalls where a large number meets a small one. In which order do only numbers of about the same size meet?",
        "The sum of the first half and that of the second are of one size. Or keep what an addition has lost for the next one.",
        "if len(numbers) == 1:\n    return ...\nmiddle = ...\nreturn total(...) + ...",
    ],
    _total,
    due=kinds.instance("one of these 16-bit numbers, or a sum of them,", Half),
)
