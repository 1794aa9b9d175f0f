"""The fast training step: the same training as plain `fit`, only in fewer calls."""

import copy
import gc
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from lib.errors import CourseError
from lib.tuning.fast import fast
from lib.tuning.shared import shared

RNG = np.random.default_rng(5)
X = RNG.normal(size=(333, 6)).astype("float32")
Y = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype("int32")
IDS = np.arange(333, dtype="float32")


@pytest.fixture(autouse=True)
def clean():
    yield
    keras.backend.clear_session()
    gc.collect()


def classifier(extra=None, rate=1e-2, seed=1, **compile_args):
    """A small compiled model; `extra` makes one more layer in its middle, after the seed is set."""
    keras.utils.set_random_seed(seed)
    middle = [extra()] if extra else []
    model = keras.Sequential([
        keras.Input((6,)), keras.layers.Dense(16, activation="relu"), *middle, keras.layers.Dense(2)
    ])
    return compiled(model, rate, **compile_args)


def compiled(model, rate=1e-2, **compile_args):
    arguments = {
        "optimizer": keras.optimizers.Adam(rate),
        "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "metrics": ["accuracy"],
    } | compile_args
    model.compile(**arguments)
    return model


def quiet_fit(model, *args, **kwargs):
    """Fit, and fail if the fast way was not taken."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="fast:.*")
        return model.fit(*args, **{"verbose": 0, **kwargs}).history


class Counter(keras.layers.Layer):
    """Passes its input on, and counts in training how often each sample number (last column) was seen."""

    def build(self, shape):
        self.seen = self.add_weight(shape=(400,), initializer="zeros", trainable=False, name="seen")
        self.batches = self.add_weight(shape=(400,), initializer="zeros", trainable=False, name="batches")

    def call(self, x, training=False):
        if training:
            ids = tf.cast(x[:, -1], "int32")
            self.seen.assign(tf.tensor_scatter_nd_add(self.seen.value, ids[:, None], tf.ones_like(x[:, -1])))
            size = tf.reshape(tf.shape(x)[0], (1, 1))
            self.batches.assign(tf.tensor_scatter_nd_add(self.batches.value, size, tf.ones(1)))
        return x[:, :-1]


def counting(n, batch_size, epochs, steps, **kwargs):
    """Train on samples that carry their number; returns how often each sample and each batch size was seen."""
    model = keras.Sequential([keras.Input((7,)), counter := Counter(), keras.layers.Dense(2)])
    fast(compiled(model), steps=steps)
    numbered = np.concatenate([X, IDS[:, None]], axis=1)[:n]
    quiet_fit(model, numbered, Y[:n], batch_size=batch_size, epochs=epochs, **kwargs)
    sizes = {i: int(c) for i, c in enumerate(counter.batches.numpy()) if c}
    return counter.seen.numpy()[:n], sizes


@pytest.mark.parametrize(("n", "batch", "steps", "sizes"), [
    (320, 32, 4, {32: 10}),  # blocks of 4, 4 and 2 steps
    (333, 32, 125, {32: 10, 13: 1}),  # one short block and a remainder
    (333, 37, 3, {37: 9}),
    (33, 32, 5, {32: 1, 1: 1}),
])
def test_every_sample_is_used_once_an_epoch(n, batch, steps, sizes):
    seen, counted = counting(n, batch, epochs=2, steps=steps)
    np.testing.assert_array_equal(seen, 2)
    assert counted == {size: 2 * count for size, count in sizes.items()}


def test_every_sample_once_with_a_validation_split_and_many_remainders():
    seen, _ = counting(300, 32, epochs=18, steps=4, validation_split=0.25)  # past the eager remainders
    np.testing.assert_array_equal(seen[:225], 18)
    np.testing.assert_array_equal(seen[225:], 0)


def test_shuffle_is_new_each_epoch_and_can_be_turned_off():
    class First(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            order.append(float(logs["loss"]))

    order = []
    model = fast(classifier(optimizer=keras.optimizers.SGD(0.0)), steps=1)
    quiet_fit(model, X, Y, epochs=2, callbacks=[First()])
    assert order[0] != order[len(order) // 2]
    order.clear()
    quiet_fit(model, X, Y, epochs=2, callbacks=[First()], shuffle=False)
    assert order[: len(order) // 2] == pytest.approx(order[len(order) // 2 :])


@pytest.mark.parametrize("jit_compile", [True, False])
def test_unshuffled_training_equals_plain_fit(jit_compile):
    plain = classifier()
    expected = plain.fit(X, Y, epochs=3, shuffle=False, verbose=0, validation_data=(X[:70], Y[:70])).history
    model = fast(classifier(), steps=4, jit_compile=jit_compile)
    history = quiet_fit(model, X, Y, epochs=3, shuffle=False, validation_data=(X[:70], Y[:70]))
    assert list(history) == list(expected)
    for name in expected:
        np.testing.assert_allclose(history[name], expected[name], rtol=2e-4)
    for mine, theirs in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=2e-5)


def test_loss_curve_follows_plain_fit_within_the_noise_of_seeds():
    seeds = range(5)
    plain = np.array([classifier(seed=s).fit(X, Y, epochs=6, verbose=0).history["loss"] for s in seeds])
    quick = np.array([quiet_fit(fast(classifier(seed=s)), X, Y, epochs=6)["loss"] for s in seeds])
    noise = plain.std(axis=0, ddof=1) * np.sqrt(2 / len(seeds))
    assert np.all(np.abs(plain.mean(axis=0) - quick.mean(axis=0)) < 4 * noise)


def test_same_seed_same_result_another_seed_another():
    first, second, other = (
        quiet_fit(fast(classifier(lambda: keras.layers.Dropout(0.3), seed=s)), X, Y, epochs=2) for s in (3, 3, 4)
    )
    assert first == second
    assert first["loss"] != other["loss"]


def test_sample_weight_and_class_weight_act_as_in_plain_fit():
    weights = RNG.uniform(0.1, 3, len(Y)).astype("float32")
    for extra in ({"sample_weight": weights}, {"class_weight": {0: 0.2, 1: 3.0}}):
        kwargs = {"epochs": 2, "shuffle": False, **extra}
        expected = classifier().fit(X, Y, verbose=0, **kwargs).history["loss"]
        weighted = quiet_fit(fast(classifier()), X, Y, **kwargs)["loss"]
        unweighted = quiet_fit(fast(classifier()), X, Y, epochs=2, shuffle=False)["loss"]
        np.testing.assert_allclose(weighted, expected, rtol=2e-4)
        assert abs(weighted[0] - unweighted[0]) > 0.05


def test_validation_weights_and_batch_size_do_not_change_the_validation_score():
    weights = np.linspace(0, 2, 100).astype("float32")
    validation = (X[:100], Y[:100], weights)
    expected = classifier().fit(X, Y, epochs=1, shuffle=False, verbose=0, validation_data=validation).history
    for size in (None, 7):
        history = quiet_fit(fast(classifier()), X, Y, shuffle=False, validation_data=validation,
                            validation_batch_size=size)
        np.testing.assert_allclose(history["val_loss"], expected["val_loss"], rtol=2e-4)


def test_batch_normalization_sees_the_batches_plain_keras_shows_it():
    plain, model = (classifier(lambda: keras.layers.BatchNormalization(momentum=0.7)) for _ in range(2))
    plain.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    quiet_fit(fast(model, steps=4), X, Y, epochs=2, shuffle=False)
    for mine, theirs in zip(model.layers[1].get_weights(), plain.layers[1].get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = fast(classifier())
        losses = quiet_fit(model, X, Y, epochs=6)["loss"]
    finally:
        keras.config.set_dtype_policy(before)
    assert losses[-1] < losses[0]
    assert model.layers[0].compute_dtype == policy.removeprefix("mixed_")
    if policy == "mixed_float16":
        assert type(model.optimizer).__name__ == "LossScaleOptimizer"
        assert int(model.optimizer.step_counter) == 66  # 11 steps an epoch, none of them overflowed


def test_several_inputs_and_outputs():
    keras.utils.set_random_seed(1)
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    both = keras.layers.Dense(8, activation="relu")(keras.layers.Concatenate()([a, b]))
    outputs = {"kind": keras.layers.Dense(2, name="kind")(both), "size": keras.layers.Dense(1, name="size")(both)}
    model = keras.Model({"a": a, "b": b}, outputs)
    model.compile("adam", {"kind": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "size": "mse"},
                  metrics={"kind": ["accuracy"], "size": ["mae"]})
    data = {"a": X[:, :3], "b": X[:, 3:]}, {"kind": Y, "size": X[:, :1]}
    history = quiet_fit(fast(model), *data, epochs=3, validation_data=data)
    assert {"loss", "kind_accuracy", "size_mae", "val_kind_accuracy"} <= set(history)
    assert history["loss"][-1] < history["loss"][0]


def test_train_step_of_the_users_own():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            logs = super().train_step(data)
            return {**logs, "twice": 2 * tf.cast(self.optimizer.iterations, "float32")}

    history = quiet_fit(fast(compiled(Own()), steps=4), X[:320], Y[:320], epochs=2)
    assert history["twice"] == [20, 40]


def test_unbuilt_model_takes_other_batch_sizes_afterwards():
    model = compiled(keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(2)]))
    quiet_fit(fast(model), X, Y)
    assert model.predict(X[:5], verbose=0).shape == (5, 2)


def test_callbacks_stop_and_save(tmp_path):
    best = tmp_path / "best.keras"
    model = fast(classifier(rate=0.0))
    history = quiet_fit(
        model, X, Y, epochs=20, validation_split=0.2,
        callbacks=[keras.callbacks.EarlyStopping("val_loss", patience=2),
                   keras.callbacks.ModelCheckpoint(best, save_best_only=True)],
    )
    assert len(history["loss"]) == 3
    loaded = keras.models.load_model(best)
    for other in (loaded, copy.deepcopy(model)):
        np.testing.assert_allclose(other.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5)


def test_fit_goes_on_and_follows_a_new_compile():
    model = fast(classifier())
    quiet_fit(model, X, Y, epochs=2)
    assert len(quiet_fit(model, X, Y, epochs=5, initial_epoch=2)["loss"]) == 3
    assert int(model.optimizer.iterations) == 5 * 11
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=[])
    before = model.get_weights()
    history = quiet_fit(model, X, np.stack([Y, Y], 1).astype("float32"))
    assert list(history) == ["loss"]
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


def test_arrays_changed_between_two_fits_are_seen():
    x = X.copy()
    model = fast(classifier(optimizer=keras.optimizers.SGD(0.0)))
    first = quiet_fit(model, x, Y)["loss"]
    x *= 5
    assert quiet_fit(model, x, Y)["loss"] != first


def test_dataset_of_known_length_trains_every_batch():
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(32)
    plain = classifier().fit(data, epochs=2, verbose=0).history
    model = fast(classifier(), steps=4)
    np.testing.assert_allclose(quiet_fit(model, data, epochs=2)["loss"], plain["loss"], rtol=2e-4)
    assert int(model.optimizer.iterations) == 22
    assert model.steps_per_execution == 1


class Unsupported(keras.layers.Layer):
    """Uses an operation that XLA does not have."""

    def call(self, x):
        text = tf.strings.as_string(x[:, :1])
        return x + 0.0 * tf.strings.to_number(text)


@pytest.mark.parametrize(("make", "data"), [
    (lambda: classifier(Unsupported), {"x": X, "y": Y}),
    (lambda: classifier(run_eagerly=True), {"x": X, "y": Y}),
    (lambda: classifier(), {"x": ((X[i : i + 1], Y[i : i + 1]) for i in range(40)), "steps_per_epoch": 10}),
], ids=["not for XLA", "eager", "generator"])
def test_what_cannot_go_fast_warns_once_and_trains(make, data):
    model = fast(make())
    before = [np.copy(w) for w in model.get_weights()]
    with pytest.warns(UserWarning, match="runs as plain Keras") as caught:
        history = model.fit(**data, verbose=0).history
    assert sum("plain Keras" in str(w.message) for w in caught) == 1
    assert np.isfinite(history["loss"][0])
    assert np.abs(before[0] - model.get_weights()[0]).max() > 0
    assert int(model.optimizer.iterations) == (10 if "steps_per_epoch" in data else 11)


def test_failed_compilation_leaves_weights_alone():
    model = fast(classifier(Unsupported))
    reference = classifier(Unsupported)
    with pytest.warns(UserWarning, match="plain Keras"):
        model.fit(X, Y, shuffle=False, verbose=0)
    reference.fit(X, Y, shuffle=False, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], reference.get_weights()[0])


@pytest.mark.parametrize("steps", [0, 2.5, "many", True, None])
def test_steps_must_be_a_positive_whole_number(steps):
    with pytest.raises(CourseError, match=f"steps .* at least 1, not {steps!r}"):
        fast(classifier(), steps=steps)


def test_steps_may_be_numpy_s():
    assert quiet_fit(fast(classifier(), steps=np.int64(4), jit_compile=False), X, Y)["loss"]


def test_what_is_no_model_is_refused():
    with pytest.raises(CourseError, match=r"model must be a keras\.Model, not str"):
        fast("a model")


def ready(**kwargs):
    model = classifier(lambda: keras.layers.Dropout(0.2), **kwargs)
    model.optimizer.build(model.trainable_variables)
    return model


def test_sharing_gives_what_a_model_of_its_own_gives():
    first = shared(ready(rate=1e-1, seed=7))
    quiet_fit(fast(first), X, Y, epochs=3)
    keras.backend.clear_session()
    own = quiet_fit(fast(ready(rate=1e-3, seed=8)), X, Y, epochs=3, validation_data=(X, Y))
    keras.backend.clear_session()
    again = shared(ready(rate=1e-3, seed=8))
    assert again is first
    assert float(again.optimizer.learning_rate) == pytest.approx(1e-3)
    assert quiet_fit(again, X, Y, epochs=3, validation_data=(X, Y)) == own


def test_nothing_is_shared_that_differs_or_cannot_be_told_apart():
    def loss(y, p):
        return keras.losses.sparse_categorical_crossentropy(y, p, from_logits=True)

    def scheduled():
        return keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))

    keras.backend.clear_session()
    first = shared(ready())
    for other in (
        {"loss": loss}, {"optimizer": scheduled()}, {"optimizer": keras.optimizers.SGD(0.1)},
        {"optimizer": keras.optimizers.Adam(1e-2, beta_1=0.5)}, {"metrics": []},
    ):
        keras.backend.clear_session()
        model = ready(**other)
        assert shared(model) is model is not first, other


def made_of(shape, layers, optimizer=None, **compile_args):
    """A compiled model of any layers, named as if they were the process's first, with its optimizer built."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input(shape), *layers(), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile(optimizer() if optimizer else "adam", "mse", **compile_args)
    model.optimizer.build(model.trainable_variables)
    return model


L = keras.layers
ORDINARY = {
    "dense": ((4,), lambda: [L.Dense(3, "relu", kernel_regularizer="l2", kernel_constraint="max_norm"), L.BatchNormalization()]),
    "pictures": ((8, 8, 1), lambda: [L.RandomFlip(seed=1), L.Rescaling(2.0), L.Conv2D(2, 3), L.MaxPooling2D(), L.Dropout(0.1)]),
    "sequences": ((8, 2), lambda: [L.Bidirectional(L.LSTM(2, return_sequences=True)), L.GRU(2)]),
    "words": ((8,), lambda: [L.Embedding(5, 3), L.LayerNormalization(), L.Conv1D(2, 2), L.PReLU()]),
    "nested": ((4,), lambda: [keras.Sequential([keras.Input((4,)), L.Dense(2), L.GaussianNoise(0.1)])]),
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_ordinary_models_are_shared_after_all_that_is_done_with_them(kind):
    shape, layers = ORDINARY[kind]
    first = shared(made_of(shape, layers))
    x, y = np.ones((4, *shape)), np.ones((4, 1))
    quiet_fit(first, x, y, validation_split=0.5)
    first.evaluate(x, y, verbose=0)
    first.predict(x, verbose=0)
    assert shared(made_of(shape, layers)) is first


@pytest.mark.parametrize("optimizer", [
    lambda: keras.optimizers.SGD(0.1, momentum=0.9), lambda: keras.optimizers.AdamW(0.1, use_ema=True, clipnorm=1.0),
    lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.1)), lambda: keras.optimizers.Muon(0.1),
], ids=["SGD", "AdamW", "scaled", "Muon"])
def test_optimizers_are_shared_after_training_too(optimizer):
    shape, layers = ORDINARY["dense"]
    first = shared(made_of(shape, layers, optimizer))
    quiet_fit(first, np.ones((4, *shape)), np.ones((4, 1)))
    assert shared(made_of(shape, layers, optimizer)) is first


def with_adapted(layer, data, nested=False):
    """A model with a layer that has learnt from data what no config of its model says."""
    made = []

    def layers():
        made.append(layer())
        made[0].adapt(data)
        return [keras.Sequential([keras.Input((1,)), made[0]])] if nested else made

    return made_of((1,), layers)


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
@pytest.mark.parametrize("layer, data, others", [
    (lambda: L.Normalization(), [[1.0], [2.0]], [[1000.0], [2000.0]]),
    (lambda: L.IntegerLookup(output_mode="one_hot", max_tokens=3), [[1], [2]], [[7], [8]]),
    (lambda: L.Discretization(num_bins=3), [[1.0], [2.0], [3.0]], [[4.0], [8.0], [9.0]]),
], ids=["Normalization", "IntegerLookup", "Discretization"])
def test_nothing_is_shared_with_a_layer_that_was_adapted(layer, data, others, nested):
    x = np.array(others)
    for rows in (data, others):
        model = with_adapted(layer, np.array(rows), nested)
        want = np.asarray(model(x))
        assert shared(model) is model and np.array_equal(model(x), want)


@pytest.mark.parametrize("layer, words", [
    (lambda words: L.StringLookup(vocabulary=words), "ab"), (lambda words: L.TextVectorization(vocabulary=words), "ab"),
], ids=["StringLookup", "TextVectorization"])
def test_nothing_is_shared_with_a_layer_that_has_a_table(layer, words):
    def make():
        keras.backend.clear_session()
        text = keras.Input((1,), dtype="string")
        return compiled(keras.Model(text, L.Dense(2)(L.GlobalAveragePooling1D()(L.Embedding(9, 2)(layer(list(words))(text))))))

    for model in (make(), make()):
        model.optimizer.build(model.trainable_variables)
        assert shared(model) is model


def excluded(**what):
    optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(**what)
    return optimizer


@pytest.mark.parametrize("optimizer", [
    lambda: excluded(var_names=["kernel"]), lambda: excluded(var_list=[keras.Variable(1.0)]),
    lambda: keras.optimizers.LossScaleOptimizer(excluded(var_names=["kernel"])),
], ids=["by name", "by weight", "scaled"])
def test_nothing_is_shared_with_weights_that_do_not_decay(optimizer):
    shape, layers = ORDINARY["dense"]
    shared(made_of(shape, layers, lambda: keras.optimizers.AdamW(0.1, weight_decay=0.5)))
    for model in (made_of(shape, layers, optimizer), made_of(shape, layers, optimizer)):
        assert shared(model) is model


def other_optimizer(model):
    model.optimizer = keras.optimizers.Adam(0.1, beta_1=0.1)
    model.optimizer.build(model.trainable_variables)


@pytest.mark.parametrize("later", [
    other_optimizer,
    lambda model: setattr(model, "jit_compile", True),
    lambda model: setattr(model, "run_eagerly", True),
    lambda model: setattr(model, "steps_per_execution", 2),
    lambda model: setattr(model, "train_step", lambda data: {}),
    lambda model: setattr(model.layers[0], "call", lambda x: x * 0),
    lambda model: setattr(model.layers[0], "autocast", False),
    lambda model: setattr(model.layers[0], "activation", lambda x: x),
    lambda model: setattr(model.layers[0], "table", np.ones(3)),
    lambda model: setattr(model.layers[0].kernel, "constraint", keras.constraints.MaxNorm(9.0)),
    lambda model: setattr(model.layers[0].kernel, "regularizer", keras.regularizers.L2(9.0)),
    lambda model: setattr(model.layers[0].kernel, "regularizer", lambda w: 0.0),
], ids=["optimizer", "XLA", "eager", "steps", "train_step", "call", "autocast", "activation", "array", "constraint",
        "regularizer", "regularizer of one's own"])
@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
def test_nothing_is_shared_with_what_was_set_after_compile(later):
    shape, layers = ORDINARY["dense"]
    first = shared(made_of(shape, layers))
    model = made_of(shape, layers)
    later(model)
    assert shared(model) is model
    assert shared(made_of(shape, layers)) is first


@pytest.mark.parametrize("spoil", [
    lambda model: setattr(model.layers[0], "trainable", False),
    lambda model: setattr(model.layers[0].kernel, "constraint", keras.constraints.NonNeg()),
    lambda model: model.compile("sgd", "mse"),
], ids=["frozen", "constrained", "compiled anew"])
def test_nothing_is_shared_that_has_changed_since(spoil):
    first = shared(ready(seed=3))
    spoil(first)
    keras.backend.clear_session()
    model = ready(seed=4)
    assert shared(model) is model
    keras.backend.clear_session()
    assert shared(ready(seed=5)) is model
