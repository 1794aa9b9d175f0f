"""The networks that lessons share: their sizes, losses and types by arithmetic, and nothing but plain values decides."""

import cloudpickle
import keras
import numpy as np
import pytest
from kit.notebooks import NOTEBOOKS, code_cells, source
from sklearn.datasets import load_digits

from lib.models import for_keras_wrapper, make_model, make_regressor, make_small

RNG = np.random.default_rng(1)
PICTURES = RNG.random((20, 28, 28)).astype("float32")
ROWS = RNG.random((20, 5)).astype("float32")
LABELS = RNG.integers(0, 3, 20)
ONE_HOT = np.eye(3)[LABELS]

# function, its arguments, x, y, weights by hand, shape of the answer
CASES = {
    "pictures": (make_model, (7, 1e-3), PICTURES, LABELS, (784 + 1) * 7 + (7 + 1) * 10, (20, 10)),
    "table": (make_small, (5, 3), ROWS, LABELS, (5 + 1) * 32 + (32 + 1) * 3, (20, 3)),
    "weak": (make_small, (5, 3, 2, "tanh", 0.02), ROWS, LABELS, (5 + 1) * 2 + (2 + 1) * 3, (20, 3)),
    "number": (make_regressor, (5, 4), ROWS, ROWS.sum(axis=1), (5 + 1) * 4 + (4 + 1) * 1, (20, 1)),
    "wrapped": (for_keras_wrapper, (ROWS, ONE_HOT), ROWS, ONE_HOT, (5 + 1) * 3, (20, 3)),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    return request.param


def loss_by_hand(make, answers, y):
    """The loss as the docstring of each function has it, in float64."""
    if make is make_regressor:
        return np.mean((answers[:, 0] - y) ** 2)
    if make is make_model:
        answers = np.exp(answers) / np.exp(answers).sum(axis=1, keepdims=True)
    labels = y.argmax(axis=1) if y.ndim == 2 else y
    return -np.log(answers[np.arange(len(y)), labels]).mean()


def test_size_and_types(case):
    make, values, x, _, weights, shape = case
    model = make(*values)
    answers = np.asarray(model(x))
    assert model.count_params() == weights
    assert answers.shape == shape and answers.dtype == np.float32
    assert {weight.dtype for weight in model.weights} == {"float32"}
    sum_to_one = np.allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert sum_to_one == (make in (make_small, for_keras_wrapper)), "probabilities, or logits"


def test_its_loss_is_the_one_it_says_and_it_learns(case):
    make, values, x, y, *_ = case
    model, other = make(*values), make(*values)
    before = other.get_weights()
    answers = np.asarray(model(x), "float64")
    first, *metrics = np.atleast_1d(model.train_on_batch(x, y))  # measured before the step
    assert first == pytest.approx(loss_by_hand(make, answers, y), rel=1e-4)
    assert len(metrics) == (make is make_model)
    if metrics:
        assert metrics[0] == pytest.approx(np.mean(answers.argmax(axis=1) == y))
    for _ in range(5):
        model.train_on_batch(x, y)
    assert loss_by_hand(make, np.asarray(model(x), "float64"), y) < first
    assert all(np.array_equal(a, b) for a, b in zip(before, other.get_weights(), strict=True)), "the other is untouched"


def test_width_learning_rate_and_activation_are_those_asked_for():
    assert float(make_model(2, 0.5).optimizer.learning_rate) == 0.5
    assert make_regressor(5).layers[0].units == make_small(5, 3).layers[0].units == 32
    assert make_regressor(5).steps_per_execution == make_small(5, 3).steps_per_execution == 8
    small = make_small(5, 3, 2, "tanh", 0.25)
    assert float(small.optimizer.learning_rate) == 0.25 and small.layers[0].activation is keras.activations.tanh
    assert make_small(5, 3).layers[0].activation is keras.activations.relu


def test_nothing_but_the_values_and_the_seed_decides(case):
    make, values, *_ = case
    keras.utils.set_random_seed(3)
    model = make(*values)
    make(*values)  # what has been built before is no matter
    keras.utils.set_random_seed(3)
    again = make(*values)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), again.get_weights(), strict=True))
    assert cloudpickle.loads(cloudpickle.dumps(make)) is make, "a worker imports it, and no state travels"


@pytest.mark.lesson("01")
def test_it_is_the_model_that_lesson_01_builds():
    (cell,) = [cell for cell in code_cells(NOTEBOOKS[1]) if cell["id"] == "model"]
    lesson = {"keras": keras}
    exec(source(cell), lesson)
    configs = []
    for make in (lesson["make_model"], make_model):
        keras.backend.clear_session()  # names are counted from the beginning
        model = make(units=16, learning_rate=1e-2)
        configs.append((model.get_config(), model.get_compile_config()))
    assert configs[0] == configs[1]


def test_keras_own_wrapper_takes_it():
    digits, digit = load_digits(return_X_y=True)
    theirs = keras.wrappers.SKLearnClassifier(for_keras_wrapper).fit(digits[:300] / 16, digit[:300], verbose=0)
    assert theirs.model_.count_params() == (64 + 1) * 10
    assert set(theirs.classes_) == set(range(10))
