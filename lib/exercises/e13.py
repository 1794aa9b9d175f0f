"""Exercises of notebook 13: spacing, loss scales, and a mixed model built right."""

import functools

import numpy as np

from lib.exercises.core import Exercise, wrong_if
from lib.exercises.old import compare, number, there

# --- q1: the distance to the next number


def _check_q1(spacing):
    for value, bits in ((1.0, 10), (1.5, 7), (2.0, 10), (1000.0, 7), (0.1, 10), (0.75, 23), (2.0**-9, 2), (2048.0, 10)):
        answer = number(spacing(value, bits))
        right = 2.0 ** (np.frexp(value)[1] - 1 - bits)
        said, asked = f"For {value:g} you say {answer:g}", f"For {value:g} with {bits} bits you say {answer:g}"
        factor = f"{asked}, wrong by a factor of 2. Which power of two is the largest that is not above {value:g}?"
        mistakes = [
            (2.0**-bits, f"{said}: that is the spacing just above 1. Twice as far out it is twice as wide."),
            (
                value * 2.0**-bits,
                f"{said}. The spacing does not grow with the number itself: "
                "it is the same from one power of two to the next.",
            ),
            (right / 2, factor),
            (right * 2, factor),
        ]
        otherwise = f"{asked}; it is {right:g}. Between two powers of two lie 2 to the {bits} numbers, evenly."
        compare(answer, right, mistakes, otherwise, functools.partial(np.isclose, rtol=1e-6, atol=0))
    return "Each doubling of the number doubles the spacing: that is why a small step gets lost on a large number."


def _spacing(value, mantissa_bits):
    power_below = 2.0 ** np.floor(np.log2(value))
    return power_below / 2**mantissa_bits


q1 = Exercise(
    _check_q1,
    [
        "Between 1 and 2 there are 2**mantissa_bits numbers, evenly spaced. Between 2 and 4 there are just as many.",
        "Find the largest power of two that is not above `value`, 2 ** floor(log2(value)), and divide it by 2**mantissa_bits.",
    ],
    _spacing,
)


# --- q2: the largest loss scale without an overflow

LARGEST = 65504.0


def _check_q2(best_scale):
    rng = np.random.default_rng(13)
    cases = [
        np.array([1.0]),
        np.array([-3e-5, 1e-9]),
        rng.normal(size=(4, 5)) * 1e-6,
        -np.abs(rng.normal(size=50)) * 1e3,
        np.array([65504.0]),
        np.array([65504.0 / 8, 0.0]),
        np.array([1e5, 1.0]),
    ]
    for gradients in cases:
        answer, largest = number(best_scale(gradients.copy())), float(np.abs(gradients).max())
        wrong_if(
            not answer > 0 or np.log2(answer) % 1 != 0,
            f"You return {answer:g}, which is no power of two. Only a power of two leaves the mantissas as they are.",
        )
        scaled = largest * answer
        wrong_if(
            gradients.max() * answer <= LARGEST < scaled,
            "A large negative gradient overflows with your scale. Did you take the absolute value?",
        )
        wrong_if(
            scaled > LARGEST,
            f"With your scale {answer:g} a gradient of {largest:g} becomes {scaled:g}, which is too large for float16.",
        )
        wrong_if(
            scaled * 2 <= LARGEST,
            f"With your scale {answer:g} the largest gradient becomes {scaled:g}. Twice the scale would still fit.",
        )
    return "As far to the right as it goes. Keras' dynamic scale finds the same place by trying, without seeing the maximum."


def _best_scale(gradients):
    room = 65504 / np.abs(gradients).max()
    return 2.0 ** np.floor(np.log2(room))


q2 = Exercise(
    _check_q2,
    [
        "Only the gradient farthest from 0 matters. By which factor could it grow until it is 65,504?",
        "Round that factor down to a power of two: 2.0 ** np.floor(np.log2(factor)).",
    ],
    _best_scale,
)


# --- q3: the dynamic loss scale


def _scales(finite, scale, growth, after_halving=True):
    """Simulate; the switch leaves out a rule, to recognise a likely mistake."""
    scales, good = [], 0
    for step_was_finite in finite:
        good += step_was_finite
        if not step_was_finite:
            scale = scale / 2
            good = 0 if after_halving else good
        elif good % growth == 0:
            scale = scale * 2
        scales.append(scale)
    return scales


def _check_q3(dynamic_scales):
    rng = np.random.default_rng(13)
    cases = [([True] * 7, 8.0, 3), ([False, False, True], 8.0, 2), ([True, False, True, True, True, True], 8.0, 2)]
    cases += [((rng.random(60) < 0.8).tolist(), 2.0**15, growth) for growth in (2, 3, 5)]
    for finite, scale, growth in cases:
        answer = there(dynamic_scales(list(finite), scale, growth))
        wrong_if(
            np.ndim(answer) != 1 or len(answer) != len(finite),
            f"For {len(finite)} steps return a list of {len(finite)} scales, one after each step.",
        )
        answer, right = [float(value) for value in answer], _scales(finite, scale, growth)
        if answer == right:
            continue
        place = next(i for i, pair in enumerate(zip(answer, right, strict=True)) if pair[0] != pair[1])
        said, due = f"{answer[place]:g}", f"{right[place]:g}"
        otherwise = (
            f"With growth={growth} your scale after step {place + 1} is {said}; it should be {due}. "
            "How many finite steps in a row were there, since the last change?"
        )
        if not finite[place]:
            otherwise = f"Step {place + 1} of {finite[:8]}... was not finite: the scale is halved to {due}, not {said}."
        mistakes = [
            (
                [scale, *right[:-1]],
                "Your list has the scale *before* each step. Note it after the step has changed it.",
            ),
            (
                _scales(finite, scale, growth, after_halving=False),
                "After a halving the count of finite steps begins anew; yours goes on.",
            ),
        ]
        compare(answer, right, mistakes, otherwise)
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
        (
            "Not finite: scale / 2 and the count is 0. Finite: "
            "count + 1, and if it is `growth`, scale * 2 and the count is 0. Then append the scale."
        ),
    ],
    _dynamic_scales,
)


# --- q4: a mixed model, built right


def _check_q4(build_mixed):
    import keras

    before = keras.config.dtype_policy()
    try:
        model = build_mixed()
        after = keras.config.dtype_policy()
    finally:
        keras.config.set_dtype_policy(before)
    wrong_if(model is None, "Your function returns nothing. Does it end with `return model`?")
    wrong_if(not isinstance(model, keras.Model), f"Your function returns a {type(model).__name__}, not a Keras model.")
    wrong_if(
        after.name != before.name,
        f"You leave the global policy at {after.name}; it was {before.name}. `precision.policy` restores it.",
    )
    wrong_if(
        tuple(model.input_shape)[1:3] != (28, 28) or model.output_shape[-1] != 10,
        f"Your model goes from {model.input_shape[1:]} to {model.output_shape[1:]}; from 28 × 28 to 10 was asked for.",
    )
    _check_layers([layer for layer in model._flatten_layers(include_self=False) if layer.count_params()])
    x = np.random.default_rng(13).normal(size=(64, *model.input_shape[1:])).astype("float32")
    _check_probabilities(model(10 * x))
    return "Its layers work in bfloat16, its weights and its probabilities are float32, and nobody else notices."


def _check_layers(weighty):
    """Check the dtypes of the layers that have weights."""
    kept = ", ".join(sorted({layer.variable_dtype for layer in weighty} - {"float32"}))
    wrong_if(kept, f"Your weights are kept in {kept}. A *mixed* policy keeps them in float32.")
    computed = sorted({layer.compute_dtype for layer in weighty})
    found = ", ".join(computed) or "no layer with weights"
    wrong_if(
        "bfloat16" not in computed,
        f"No layer with weights computes in bfloat16; I found {found}. Build the layers inside the policy.",
    )


def _check_probabilities(probabilities):
    import keras

    dtype = keras.backend.standardize_dtype(probabilities.dtype)
    wrong_if(dtype != "float32", f'The probabilities are {dtype}. Give the layer with the softmax dtype="float32".')
    sums = keras.ops.convert_to_numpy(probabilities).sum(axis=-1)
    missed = abs(sums - 1)
    wrong_if(
        missed.max() > 1e-2, f"One row of your output adds up to {sums[missed.argmax()]:.3g}. Is there a softmax at the end?"
    )
    wrong_if(
        missed.max() > 1e-5,
        "Your output is called float32, but its rows miss 1: the softmax itself ran in bfloat16 and was cast afterwards.",
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
        'Build the layers inside `with precision.policy("mixed_bfloat16"):`. It puts the old policy back by itself.',
        'The last layer: keras.layers.Dense(10, activation="softmax", dtype="float32").',
    ],
    _build_mixed,
)
