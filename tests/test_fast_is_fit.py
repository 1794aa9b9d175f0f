"""`fast` is `fit`: every kind of training, step for step as plain Keras does it with `shuffle=False`, in one table.

A row is a model, what it is fitted on, and how far its history, its weights and its optimizer may lie from plain Keras';
`pytest -s` prints how far they do.
"""

import functools
import gc
import sys
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers, ops

from lib.tuning.fast import fast

ROUNDING, HALF = 2e-6, 2e-3
RNG = np.random.default_rng(5)
N = 43  # five batches of eight and a smaller one
X = RNG.normal(size=(N, 6)).astype("float32")
Y = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype("int32")
T = X[:, :1] - X[:, 1:2] ** 2
PICTURES = RNG.normal(size=(N, 6, 6, 1)).astype("float32")
SERIES = RNG.normal(size=(N, 5, 3)).astype("float32")
WORDS = RNG.integers(0, 9, size=(N, 5))
WEIGHTS = RNG.uniform(0.1, 3, N).astype("float32")
HELD = (X[:21], Y[:21])  # validation data: two batches and a smaller one


@pytest.fixture(scope="module", autouse=True)
def table():
    """Print what was measured, and forget the shared models."""
    rows = []
    yield rows
    lines = [f"{name:42} {found:8.1e} {allowed:8.0e}  {'ok' if found <= allowed else 'NO'}" for name, found, allowed in rows]
    print("", f"{'fast against fit':42} {'differs':>8} {'allowed':>8}", *lines, sep="\n")
    reused.cache_clear()
    keras.backend.clear_session()
    gc.collect()


# --- models


def compiled(model, **arguments):
    model.compile(**{"optimizer": keras.optimizers.SGD(0.05, momentum=0.9), "loss": "mse", **arguments})
    return model


def regression(*inner, shape=(6,), optimizer=None, kind=keras.Model, **arguments):
    """A model with one number as its output; `inner` are functions that make its layers, after the seed is set."""
    source = keras.Input(shape)
    last = source
    for make in inner or (lambda: layers.Dense(5, activation="tanh"),):
        last = make()(last)
    if optimizer:
        arguments["optimizer"] = optimizer()
    return compiled(kind(source, layers.Dense(1)(last)), **arguments)


def classes(*inner, **arguments):
    dense = [*(make() for make in inner), layers.Dense(5, activation="tanh"), layers.Dense(2)]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return compiled(keras.Sequential([keras.Input((6,)), *dense]), **{"loss": loss, "metrics": ["accuracy"], **arguments})


def two_inputs(pack):
    """Takes a tuple, list or dict of two inputs of one shape, which tf.data would stack."""
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    return compiled(keras.Model(pack(a, b), layers.Dense(1)(layers.Concatenate()([a, layers.Dense(2)(b)]))))


def two_outputs(pack):
    source = keras.Input((6,))
    outputs = pack(layers.Dense(1, name="a")(source), layers.Dense(1, name="b")(source))
    losses, shares, metrics = pack("mse", "mae"), pack(1.0, 0.3), pack(["mae"], ["mse"])
    return compiled(keras.Model(source, outputs), loss=losses, loss_weights=shares, metrics=metrics)


def pair(a, b):
    return a, b


def listed(a, b):
    return [a, b]


def named(a, b):
    return {"a": a, "b": b}


class OwnStep(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            error = self(x, training=True) - y
            loss = ops.mean(error**2) + 0.1 * ops.mean(ops.abs(error))
        self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
        return {"loss": loss, "largest": ops.max(ops.abs(error))}

    def test_step(self, data):
        return {"furthest": ops.max(ops.abs(self(data[0]) - data[1]))}


class OwnLoss(keras.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, y, y_pred, sample_weight, training) + ops.mean(ops.abs(y_pred))


class Activity(layers.Layer):
    """Adds a loss that is a sum over the batch."""

    def call(self, x):
        self.add_loss(0.01 * ops.sum(x**2))
        return x


def rmse(y, p):
    return ops.sqrt(ops.mean(ops.square(p - y)))


def without_mean(y, p):
    return ops.sqrt(1e-3 + ops.mean(ops.square(p - y)))


class Largest(keras.metrics.Metric):
    def __init__(self):
        super().__init__(name="largest")
        self.value = self.add_weight(initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.value.assign(ops.maximum(self.value, ops.max(y_pred)))

    def result(self):
        return self.value


def policy(name):
    def make():
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(name)
        try:
            return classes(lambda: layers.Dense(4))
        finally:
            keras.config.set_dtype_policy(before)

    return make


def stateful():
    source = keras.Input(batch_shape=(10, 5, 3))
    return compiled(keras.Model(source, layers.Dense(1)(layers.LSTM(3, stateful=True)(source))))


def by_step(rate=0.1):
    return lambda: keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(rate, 4, 0.7, staircase=True))


def average():
    return keras.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=4)


def accumulated():
    return keras.optimizers.SGD(0.05, gradient_accumulation_steps=3, clipnorm=0.5)


# --- callbacks; each is made anew for each fit


def stopping(folder):
    return [keras.callbacks.EarlyStopping("val_loss", patience=1, min_delta=10.0, restore_best_weights=True)]


def reducing(folder):
    return [keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=10.0, factor=0.3, verbose=0)]


def scheduling(folder):
    return [keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch))]


def saving(folder):
    return [keras.callbacks.ModelCheckpoint(folder / "{epoch}-{batch}.weights.h5", save_freq=4, save_weights_only=True)]


def backing_up(folder):
    return [keras.callbacks.BackupAndRestore(str(folder / "backup"), save_freq=5, delete_checkpoint=False)]


def swapping(folder):
    return [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]


def looking(folder):
    class Looking(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["elsewhere"] = self.model.evaluate(X[:9], T[:9], batch_size=4, verbose=0)
            logs["beside"] = self.model.test_on_batch(X[:9], T[:9])
            self.model.train_on_batch(X[:9], T[:9])

    return [Looking()]


HELD_T = (X[:21], T[:21])
LISTS = [X[:, :3], X[:, 3:]]
BOTH = named(T, X[:, 2:3])
# name: model, x, y, arguments of fit beside, tolerance
CELLS = {
    "dense": (classes, X, Y, {"validation_data": HELD}, ROUNDING),
    "convolution": (lambda: regression(lambda: layers.Conv2D(3, 3, activation="relu"), lambda: layers.MaxPooling2D(),
                                       layers.Flatten, shape=(6, 6, 1)), PICTURES, T, {}, ROUNDING),
    "BatchNormalization": (lambda: classes(layers.BatchNormalization), X, Y, {"validation_data": HELD}, ROUNDING),
    "Dropout": (lambda: classes(lambda: layers.Dropout(0.4)), X, Y, {"validation_data": HELD}, ROUNDING),
    "random pictures": (lambda: regression(lambda: layers.RandomFlip(seed=1), layers.Flatten, shape=(6, 6, 1)),
                        PICTURES, T, {}, ROUNDING),
    "noise": (lambda: classes(lambda: layers.GaussianNoise(0.4)), X, Y, {}, ROUNDING),
    "LSTM": (lambda: regression(lambda: layers.LSTM(4), shape=(5, 3)), SERIES, T, {"validation_split": 0.3}, ROUNDING),
    "SimpleRNN": (lambda: regression(lambda: layers.SimpleRNN(4), shape=(5, 3)), SERIES, T, {}, ROUNDING),
    "GRU": (lambda: regression(lambda: layers.GRU(4), shape=(5, 3)), SERIES, T, {}, ROUNDING),
    "masked words": (lambda: regression(lambda: layers.Embedding(9, 3, mask_zero=True), lambda: layers.LSTM(3), shape=(5,)),
                     WORDS, T, {"validation_data": (WORDS[:21], T[:21])}, ROUNDING),
    "masked loss": (lambda: regression(lambda: layers.Embedding(9, 3, mask_zero=True), shape=(5,)), WORDS, SERIES[..., :1],
                    {"validation_data": (WORDS[:21], SERIES[:21, :, :1])}, ROUNDING),
    "inputs in a tuple": (lambda: two_inputs(pair), tuple(LISTS), T, {"validation_data": (tuple(LISTS), T)}, ROUNDING),
    "inputs in a list": (lambda: two_inputs(listed), LISTS, T, {"validation_data": (LISTS, T)}, ROUNDING),
    "inputs in a list, split": (lambda: two_inputs(listed), LISTS, T, {"validation_split": 0.25}, ROUNDING),
    "inputs in a dict": (lambda: two_inputs(named), named(*LISTS), T, {"validation_data": (named(*LISTS), T)}, ROUNDING),
    "outputs in a list": (lambda: two_outputs(listed), X, listed(*BOTH.values()),
                          {"validation_data": [X, listed(*BOTH.values())]}, ROUNDING),
    "outputs in a dict": (lambda: two_outputs(named), X, BOTH, {"validation_split": 0.25}, ROUNDING),
    "outputs, weights": (lambda: two_outputs(named), X, BOTH, {"sample_weight": named(WEIGHTS, 2 * WEIGHTS)}, ROUNDING),
    "outputs, one weight": (lambda: two_outputs(named), X, BOTH, {"sample_weight": WEIGHTS}, ROUNDING),
    "own steps": (lambda: regression(kind=OwnStep), X, T, {"validation_data": HELD_T}, ROUNDING),
    "own compute_loss": (lambda: regression(kind=OwnLoss), X, T, {"validation_data": HELD_T}, ROUNDING),
    "own loss": (lambda: regression(loss=without_mean), X, T, {"validation_data": HELD_T}, ROUNDING),
    "summed loss": (lambda: regression(loss=keras.losses.MeanSquaredError("sum"), optimizer=lambda: keras.optimizers.SGD(1e-3)),
                    X, T, {"validation_data": HELD_T}, ROUNDING),
    "own metrics": (lambda: regression(metrics=[Largest(), rmse, "r2_score"]), X, T, {"validation_data": HELD_T}, ROUNDING),
    "sum in add_loss": (lambda: regression(Activity), X, T, {"validation_data": HELD_T}, ROUNDING),
    "no target": (lambda: regression(lambda: layers.Dense(3), Activity, loss=None), X, None,
                  {"validation_data": X[:21]}, ROUNDING),
    "sample_weight": (lambda: classes(weighted_metrics=["accuracy"]), X, Y,
                      {"sample_weight": WEIGHTS, "validation_data": (*HELD, WEIGHTS[:21])}, ROUNDING),
    "sample_weight, split": (classes, X, Y, {"sample_weight": WEIGHTS, "validation_split": 0.3}, ROUNDING),
    "class_weight": (classes, X, Y, {"class_weight": {0: 0.2, 1: 3.0}, "validation_split": 0.3}, ROUNDING),
    "uint8": (lambda: regression(lambda: layers.Rescaling(1 / 255)), (90 * abs(X)).astype("uint8"), T, {}, ROUNDING),
    "float16": (classes, X.astype("float16"), Y, {"validation_split": 0.3}, ROUNDING),
    "float64": (regression, X.astype("float64"), T.astype("float64"), {"validation_split": 0.3}, ROUNDING),
    "booleans": (classes, X > 0, Y > 0, {}, ROUNDING),
    "frames": (lambda: classes(), pd.DataFrame(X), pd.Series(Y), {"class_weight": {0: 0.2, 1: 3.0}, "validation_split": 0.3},
               ROUNDING),
    "tensors": (classes, tf.constant(X), tf.constant(Y), {"validation_split": 0.3}, ROUNDING),
    "mixed_float16": (policy("mixed_float16"), X, Y, {"validation_data": HELD}, HALF),
    "mixed_bfloat16": (policy("mixed_bfloat16"), X, Y, {"validation_data": HELD}, HALF),
    "validation in other batches": (lambda: regression(metrics=[rmse]), X, T,
                                    {"validation_data": HELD_T, "validation_batch_size": 6}, ROUNDING),
    "validation_steps": (lambda: regression(metrics=[rmse]), X, T,
                         {"validation_data": (X, T), "validation_steps": 2, "batch_size": 8}, ROUNDING),
    "validation_freq": (classes, X, Y, {"validation_data": HELD, "validation_freq": 2}, ROUNDING),
    "a dataset to validate": (lambda: regression(metrics=[rmse]), X, T,
                              {"validation_data": tf.data.Dataset.from_tensor_slices(HELD_T).batch(6)}, ROUNDING),
    "initial_epoch": (lambda: regression(optimizer=by_step()), X, T, {"initial_epoch": 1}, ROUNDING),
    "rates by step": (lambda: regression(optimizer=by_step()), X, T, {}, ROUNDING),
    "EMA": (lambda: regression(optimizer=average), X, T, {"validation_data": HELD_T}, ROUNDING),
    "gradients accumulated": (lambda: regression(optimizer=accumulated), X, T, {}, ROUNDING),
    "EMA swapped": (lambda: regression(optimizer=average), X, T, {"callbacks": swapping, "validation_data": HELD_T}, ROUNDING),
    "stops, restores": (regression, X, T, {"callbacks": stopping, "validation_split": 0.3}, ROUNDING),
    "reduces": (regression, X, T, {"callbacks": reducing}, ROUNDING),
    "schedules": (regression, X, T, {"callbacks": scheduling}, ROUNDING),
    "saves every 4 batches": (regression, X, T, {"callbacks": saving}, ROUNDING),
    "backs up every 5 batches": (lambda: regression(), X, T, {"callbacks": backing_up}, ROUNDING),
    "evaluates on the way": (regression, X, T, {"callbacks": looking, "validation_data": HELD_T}, ROUNDING),
    "a fixed batch": (stateful, SERIES[:40], T[:40],
                      {"batch_size": 10, "validation_data": (SERIES[:20], T[:20])}, ROUNDING),
    "one sample": (regression, X[:1], T[:1], {"validation_data": (X[:1], T[:1])}, ROUNDING),
    "no smaller batch": (classes, X[:40], Y[:40], {"validation_data": (X[:16], Y[:16])}, ROUNDING),
    "less than a batch to validate": (classes, X, Y, {"validation_data": (X[:5], Y[:5])}, ROUNDING),
    "batches of one": (regression, X[:7], T[:7], {"batch_size": 1, "validation_split": 0.3}, ROUNDING),
    "frozen": (lambda: regression(lambda: layers.Dense(4, trainable=False)), X, T, {}, ROUNDING),
}
GRAPH_ONLY = {"Dropout", "noise", "random pictures"}  # XLA draws other numbers
PLAIN = {"one sample"}  # with a warning
OF_ONE_OUTPUT = {"a_loss", "b_loss", "val_a_loss", "val_b_loss"}  # true means here, means of means in Keras


def state_of(model):
    return [*model.variables, *model.optimizer.variables]


@functools.cache
def reused(build, quick):
    """A model that several rows begin with, plain or fast, and the state it begins in."""
    keras.utils.set_random_seed(1)
    model = build()
    if quick is not None:
        fast(model, steps=2, jit_compile=quick)
    model.optimizer.build(model.trainable_variables)
    return model, [ops.convert_to_numpy(v).copy() for v in state_of(model)]


def fresh(build, quick):
    # One rank of data for a model: Keras' own train function fails where it has to trace for two.
    make = reused if build in (regression, classes) else reused.__wrapped__
    model, start = make(build, quick)
    for variable, value in zip(state_of(model), start, strict=True):
        variable.assign(value)
    keras.utils.set_random_seed(1)
    return model


def fitted(name, folder, quick):
    """Fit a model of a row; returns its history and all that it has learnt, by name, and the files that it wrote."""
    build, x, y, extra, _ = CELLS[name]
    model = fresh(build, quick)
    call = {"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0, **extra}
    if "callbacks" in call:
        folder.mkdir()
        call["callbacks"] = call["callbacks"](folder)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore" if name in PLAIN else "error", message="fast:.*")
        history = model.fit(x, y, **call).history
    state = {f"variable {i}": ops.convert_to_numpy(v) for i, v in enumerate(state_of(model))}
    return {**history, **state}, sorted(path.name for path in folder.rglob("*"))


def distance(found, expected):
    """The largest difference of two arrays, in units of 1 + what is expected; nan where only one of them is nan."""
    found = np.asarray(found, "float64")
    expected = np.asarray(expected, "float64")
    assert found.shape == expected.shape
    return np.max(np.abs(found - expected) / (1 + np.abs(expected)), initial=0.0)


def assert_same(name, folder, table, quick):
    tolerance = CELLS[name][-1]
    found, files = fitted(name, folder / "fast", quick)
    expected, saved = fitted(name, folder / "plain", None)
    assert list(found) == list(expected)
    assert files == saved
    distances = {key: distance(found[key], expected[key]) for key in expected.keys() - OF_ONE_OUTPUT}
    table.append((f"{name}, XLA" if quick else name, np.max([*distances.values()]), tolerance))
    assert table[-1][1] <= tolerance, distances


@pytest.mark.parametrize("name", CELLS)
def test_fast_is_fit(name, tmp_path, table):
    assert_same(name, tmp_path, table, quick=False)


@pytest.mark.long("fast is fit, compiled by XLA")
@pytest.mark.parametrize("name", [name for name in CELLS if name not in GRAPH_ONLY])
def test_fast_is_fit_compiled(name, tmp_path, table):
    assert_same(name, tmp_path, table, quick=True)


# --- more than one fit, and what changes in between


def twice(make, change=lambda model: None, second=(X, T), first=(X, T), quick=None, **extra):
    """Fit, change something, fit again; returns the losses of both and the state, of plain Keras or of `fast`."""
    keras.utils.set_random_seed(1)
    model = make()
    if quick is not None:
        fast(model, steps=2, jit_compile=quick)
    call = {"shuffle": False, "verbose": 0}
    if isinstance(first, tuple):
        call["batch_size"] = 8
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="fast:.*")
        losses = model.fit(*first, **call).history["loss"]
        change(model)
        losses = losses + model.fit(*second, **call, **extra).history["loss"]
    return [losses, *map(ops.convert_to_numpy, state_of(model))]


def freeze(model):
    model.layers[1].trainable = False


def drop_more(model):
    model.layers[1].rate = 0.9


def compile_anew(model):
    model.compile(keras.optimizers.Adam(0.01), "mae")


DATASET = [tf.data.Dataset.from_tensor_slices((X, T)).batch(8)]
# name: model, what changes between the fits, arguments of the second fit
PAIRS = {
    "two fits, goes on": (regression, lambda model: None, {"second": (X, T), "initial_epoch": 1, "epochs": 3}),
    "two fits, fewer samples": (regression, lambda model: None, {"second": (X[:30], T[:30]), "validation_data": HELD_T}),
    "two fits, compiled anew": (regression, compile_anew, {}),
    "two fits, frozen without compile": (regression, freeze, {}),
    "two fits, a rate of Dropout changed": (lambda: regression(lambda: layers.Dropout(0.2)), drop_more, {}),
    "two fits on a dataset": (regression, lambda model: None, {"first": DATASET, "second": DATASET}),
    "two fits on a dataset, frozen": (regression, freeze, {"first": DATASET, "second": DATASET}),
    "two fits on a dataset, compiled anew": (regression, compile_anew, {"first": DATASET, "second": DATASET}),
}


@pytest.mark.parametrize("name", PAIRS)
def test_two_fits_in_a_row(name, table):
    make, change, call = PAIRS[name]
    found = twice(make, change, quick=False, **call)
    expected = twice(make, change, **call)
    assert len(found) == len(expected)
    table.append((name, np.max([*map(distance, found, expected)]), ROUNDING))
    assert table[-1][1] <= ROUNDING


def test_one_sample_is_a_plain_fit_with_one_warning():
    model = fast(regression(), steps=2)
    with pytest.warns(UserWarning, match="do not fill a batch") as caught:
        model.fit(X[:1], T[:1], verbose=0)
        model.fit(X[:1], T[:1], verbose=0)
    assert sum("plain Keras" in str(w.message) for w in caught) == 1
    assert int(model.optimizer.iterations) == 2


# --- callbacks are told the numbers of batches


class Told(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.begun, self.ended, self.test = [], [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.begun.append(batch)

    def on_train_batch_end(self, batch, logs=None):
        self.ended.append(batch)

    def on_test_batch_end(self, batch, logs=None):
        self.test.append(batch)


@pytest.mark.parametrize(("steps", "begun", "ended", "test"), [
    (1, [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5], [0, 1, 2]),
    (4, [0, 4], [3, 5], [2]),
    (5, [0, 5], [4, 5], [2]),
    (100, [0], [5], [2]),
])
def test_callbacks_are_told_batches(steps, begun, ended, test):
    told = Told()
    model = fast(regression(), steps=steps, jit_compile=False)
    model.fit(X, T, batch_size=8, verbose=0, callbacks=[told], validation_data=HELD_T)
    assert (told.begun, told.ended, told.test) == (begun, ended, test)
    assert told.params["steps"] == 6


def test_tensorboard_writes_every_batch(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = keras.callbacks.TensorBoard(tmp_path, update_freq="batch")
    fast(regression(), jit_compile=False).fit(X, T, batch_size=8, verbose=0, epochs=2, callbacks=[board])
    events = EventAccumulator(str(tmp_path / "train"), {"tensors": 0})  # all of them
    events.Reload()
    assert [event.step for event in events.Tensors("batch_loss")] == list(range(1, 13))


# --- nothing is remembered


def loss_of(model, x, y=None):
    y = np.zeros(len(x), "float32") if y is None else y
    return model.fit(x, y, verbose=0).history["loss"][0]


def adding():
    model = keras.Sequential([keras.Input((6,)), layers.Dense(1, kernel_initializer="ones")])
    return fast(compiled(model, optimizer=keras.optimizers.SGD(0.0)), jit_compile=False)


def numpy_view():
    owner = np.ones((64, 6), "float32")
    view = owner[:]
    view.flags.writeable = False
    return lambda: view, lambda: owner.fill(0)


def numpy_owner():
    owner = np.ones((64, 6), "float32")
    early = owner[:]
    owner.flags.writeable = False
    return lambda: owner, lambda: early.fill(0)


def frame():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(np.ones((64, 6), "float32"), columns=list("abcdef"))

    def clear():
        table.iloc[:, :] = 0.0

    return lambda: table.to_numpy(), clear


def variable():
    value = tf.Variable(np.ones((64, 6), "float32"))
    return lambda: value.value(), lambda: value.assign(tf.zeros((64, 6)))


@pytest.mark.parametrize("make", [numpy_view, numpy_owner, frame, variable])
def test_data_changed_in_place_are_seen(make):
    x, clear = make()
    model = adding()
    assert loss_of(model, x()) == pytest.approx(36)
    clear()
    assert loss_of(model, x()) == 0


def test_targets_changed_in_place_are_seen():
    x = np.zeros((64, 6), "float32")
    y = np.ones(64, "float32")
    frozen = y[:]
    for array in (x, frozen):
        array.flags.writeable = False
    model = adding()
    assert loss_of(model, x, frozen) == 1
    y[:] = 3
    assert loss_of(model, x, frozen) == 9


@pytest.mark.parametrize("x", [np.zeros((64, 6), "float32"), tf.zeros((64, 6))], ids=["read-only", "tensor"])
def test_validation_is_on_the_labels_of_this_call(x):
    if isinstance(x, np.ndarray):
        x.flags.writeable = False
    model = adding()
    found = []
    for label in range(6):
        held = x, np.full(64, float(label), "float32")
        found += model.fit(X, T, verbose=0, validation_data=held).history["val_loss"]
        found += model.fit(x, held[1], verbose=0, validation_split=0.5).history["val_loss"]
    np.testing.assert_allclose(found, np.repeat(np.arange(6.0) ** 2, 2))


def resident_megabytes():
    psutil = pytest.importorskip("psutil")
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6


def test_twenty_fits_do_not_grow():
    size = 4  # megabytes of an array
    model = fast(regression(), jit_compile=False)
    used = {}
    for fits in range(1, 21):
        x = RNG.random((size * 1_000_000 // 24, 6), "float32")
        y = x[:, :1].copy()
        x.flags.writeable = False
        model.fit(x, y, batch_size=50_000, validation_data=(x[:], y.copy()), verbose=0)
        del x, y
        if fits in (1, 5, 10, 20):
            used[fits] = resident_megabytes()
    print("\nMB after", *(f"{fits}: {found:.0f}" for fits, found in used.items()))
    assert used[20] - used[5] < 3 * size, used


def test_shared_memory_is_not_copied(tmp_path):
    from lib.tuning.child import map_array
    from lib.tuning.fast import _resident

    np.save(tmp_path / "x.npy", X)
    array = map_array(tmp_path / "x.npy")
    tensor = _resident(array)
    assert np.shares_memory(np.asarray(memoryview(tensor)), array)
    assert _resident(array) is tensor
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


# --- what cannot go fast


HIDDEN = {
    "model_supports_jit": lambda patch: patch.delattr("keras.src.trainers.trainer.model_supports_jit"),
    "_symbolic_build": lambda patch: patch.delattr("keras.src.trainers.trainer.Trainer._symbolic_build"),
    "_symbolic_build, other arguments": lambda patch: patch.setattr(keras.Model, "_symbolic_build", lambda self: None),
    "_compile_config": lambda patch: patch.setattr(keras.Model, "compile", compiled_without_config(keras.Model.compile)),
    "CallbackList": lambda patch: patch.delattr(keras.callbacks, "CallbackList"),
    "tree.lists_to_tuples": lambda patch: patch.delattr(keras.tree, "lists_to_tuples"),
    "the data adapters": lambda patch: patch.setitem(
        sys.modules, "keras.src.trainers.data_adapters.array_data_adapter", None),
    "make_train_function keeps none": lambda patch: patch.setattr(
        keras.Model, "make_train_function", made_anew(keras.Model.make_train_function)),
    "make_test_function keeps none": lambda patch: patch.setattr(
        keras.Model, "make_test_function", made_anew(keras.Model.make_test_function)),
}


def made_anew(make):
    return lambda self, force=False: make(self, force=True)


def compiled_without_config(compile_):
    def compile_only(self, *args, **kwargs):
        compile_(self, *args, **kwargs)
        del self._compile_config

    return compile_only


HIDDEN_CALL = {"batch_size": 8, "shuffle": False, "verbose": 0, "validation_data": HELD_T}


@pytest.fixture(scope="module")
def as_in_keras():
    return fresh(regression, None).fit(X, T, **HIDDEN_CALL).history


@pytest.mark.parametrize("name", HIDDEN)
def test_where_keras_has_moved_it_is_a_plain_fit_with_one_warning(name, monkeypatch, as_in_keras):
    keras.utils.set_random_seed(1)
    HIDDEN[name](monkeypatch)
    model = fast(regression(), jit_compile=False)
    with pytest.warns(UserWarning, match="fast: this fit runs as plain Keras") as caught:
        history = model.fit(X, T, **HIDDEN_CALL).history
    assert sum("plain Keras" in str(w.message) for w in caught) == 1
    assert list(history) == list(as_in_keras)
    for key, values in as_in_keras.items():
        np.testing.assert_allclose(history[key], values, 1e-6)


def test_a_fit_of_its_own_gets_its_own_arguments():
    class Own(keras.Model):
        def fit(self, *args, loud=False, **kwargs):
            return loud, super().fit(*args, **kwargs)

    model = fast(regression(kind=Own))
    with pytest.warns(UserWarning, match="a fit of its own"):
        loud, history = model.fit(X, T, loud=True, verbose=0)
    assert loud
    assert history.history["loss"]


def test_a_train_function_of_its_own_is_called():
    class Own(keras.Model):
        def make_train_function(self, force=False):
            if self.train_function is None or force:
                self.train_function = lambda iterator: {"rows": len(next(iterator)[0])}

    with pytest.warns(UserWarning, match="makes a train_function of its own"):
        assert fast(regression(kind=Own)).fit(X, T, batch_size=43, verbose=0).history == {"rows": [43]}


def test_an_evaluate_of_its_own_gets_the_data():
    class Own(keras.Model):
        def evaluate(self, x=None, y=None, **kwargs):
            return {"rows": len(x)}

    history = fast(regression(kind=Own), jit_compile=False).fit(X, T, verbose=0, validation_data=HELD_T).history
    assert history["val_rows"] == [21]


@pytest.mark.parametrize("call", [
    {"shuffle": "batch"}, {"callbacks": keras.callbacks.CallbackList([], add_history=True)}, {"steps_per_epoch": 2},
], ids=list)
def test_what_keras_does_otherwise_is_left_to_it(call):
    keras.utils.set_random_seed(1)
    model = fast(regression())
    if "callbacks" in call:
        call["callbacks"].set_model(model)
    with pytest.warns(UserWarning, match="runs as plain Keras"):
        model.fit(X, T, verbose=0, batch_size=8, **call)
    assert int(model.optimizer.iterations) == call.get("steps_per_epoch", 6)


def test_limits_for_debugging_hold():
    model = fast(regression())
    keras.config.set_max_steps_per_epoch(2)
    try:
        with pytest.warns(UserWarning, match="runs as plain Keras"):
            model.fit(X, T, verbose=0, batch_size=8)
    finally:
        keras.config.set_max_steps_per_epoch(None)
    assert int(model.optimizer.iterations) == 2


@pytest.mark.parametrize("quick", [True, False])
def test_an_index_beyond_its_table_is_an_error_as_in_keras(quick):
    words = regression(lambda: layers.Embedding(9, 3), layers.Flatten, shape=(5,))
    for model, x, y in [(words, WORDS[:40] + 5, T[:40]), (classes(), X[:40], Y[:40] + 1)]:
        for one in (model, fast(model, jit_compile=quick)):
            with pytest.raises(tf.errors.InvalidArgumentError):
                one.fit(x, y, batch_size=8, verbose=0)
