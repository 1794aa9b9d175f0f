"""References of notebook 13's exercises, against what numpy and Keras say themselves."""

import answers_13
import keras
import numpy as np
import pytest

from lib.exercises import e13

pytestmark = pytest.mark.lesson("13")


def test_the_spacing_of_the_reference_is_numpys():
    for value in (0.3, 1.0, 7.9, 8.0, 1e4):
        assert e13._spacing(value, 10) == np.spacing(np.float16(value))
        assert e13._spacing(value, 23) == np.spacing(np.float32(value))


def test_the_scales_of_the_reference_are_keras_own():
    finite = [True, True, False, True, True, True, True, False, True]
    variable = keras.Variable(np.zeros(2, "float32"))
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), initial_scale=8.0, dynamic_growth_steps=2)
    scales = []
    for ok in finite:
        optimizer.apply([keras.ops.full((2,), 1.0 if ok else np.inf)], [variable])
        scales.append(float(optimizer.dynamic_scale))
    assert e13._dynamic_scales(finite, 8.0, 2) == scales


def test_no_answer_leaves_another_policy_behind():
    for exercise, answer in ((row[0], answer) for row in answers_13.ALL for answer, _ in row[2]):
        exercise.judge(answer)
        assert keras.config.dtype_policy().name == "float32"
