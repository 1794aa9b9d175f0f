"""Lighter models of any kind: masks that hold through fit, save and load; true counts; a board that says what is true."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers
from sklearn.metrics import accuracy_score

from lib.errors import CourseError
from lib.lighter import (
    LiteRT,
    Pruning,
    Scoreboard,
    dtypes,
    latency,
    low_rank,
    magnitude_mask,
    peak_bytes,
    quantized,
    rank_error,
    saved_bytes,
    sparsity,
    to_litert,
    working_bytes,
)
from lib.lighter.scoreboard import _right

RNG = np.random.default_rng(3)
X = RNG.random((96, 6), dtype="float32")
Y = (X[:, :3].sum(axis=1) > X[:, 3:].sum(axis=1)).astype("int64")
CLASSES = "sparse_categorical_crossentropy"


def plain(**wide):
    keras.utils.set_random_seed(5)
    model = keras.Sequential([
        keras.Input((6,)), layers.Dense(16, activation="relu", name="wide", **wide), layers.Dense(2, "softmax", name="last"),
    ])
    model.compile(keras.optimizers.Adam(0.02), CLASSES)
    return model


def two_by_two():
    keras.utils.set_random_seed(6)
    left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    x = layers.concatenate([layers.Dense(8, name="for_left")(left), layers.Dense(8, name="for_right")(right)])
    return keras.Model([left, right], [layers.Dense(2, "softmax", name="kind")(x), layers.Dense(1, name="size")(x)])


def sequences():
    keras.utils.set_random_seed(7)
    steps = keras.Input((None, 3))
    x = layers.LSTM(4, return_sequences=True, name="lstm")(steps)
    return keras.Model(steps, layers.TimeDistributed(layers.Dense(2, "softmax", name="inner"), name="each")(x))


def share(model, layer="wide"):
    return sparsity(model).set_index("layer").share[layer]


# --- masks


def pruned(**wide):
    model, callback = plain(**wide), Pruning(0.75, begin=0, end=2, skip=["last"])
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback])
    return model, callback


def test_a_mask_is_never_loosened():
    model, callback = pruned()
    zeros = keras.ops.convert_to_numpy(model.get_layer("wide").kernel) == 0
    assert zeros.mean() == 0.75
    for callbacks in ([callback], [Pruning(0.5, begin=0, end=1)], []):
        model.fit(X, Y, epochs=1, verbose=0, callbacks=callbacks)
        assert (keras.ops.convert_to_numpy(model.get_layer("wide").kernel)[zeros] == 0).all()


@pytest.mark.parametrize("again", ["saved", "cloned"])
def test_a_mask_holds_in_a_copy_of_the_model(again, tmp_path):
    model, _ = pruned(kernel_constraint=keras.constraints.MaxNorm(0.9))
    if again == "saved":
        model.save(tmp_path / "pruned.keras")
        copy = keras.models.load_model(tmp_path / "pruned.keras")
    else:
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        copy.compile("adam", CLASSES)
    before = copy.get_weights()[0]
    assert np.array_equal(before, model.get_weights()[0])
    copy.fit(X, Y, epochs=2, verbose=0)
    after = copy.get_weights()[0]
    assert (after[before == 0] == 0).all() and (after != before).any() and share(copy) == 0.75
    assert np.linalg.norm(after, axis=0).max() < 0.9 + 1e-5


def test_a_mask_inside_of_a_recurrent_layer_is_saved_too(tmp_path):
    model = sequences()
    model.compile("adam", CLASSES)
    x, y = RNG.random((32, 5, 3)), RNG.integers(0, 2, (32, 5))
    model.fit(x, y, epochs=2, verbose=0, callbacks=[Pruning(0.5, end=1, skip=["each"])])
    assert share(model, "lstm_cell") == 0.5 and share(model, "inner") == 0, "what is inside of a skipped layer is skipped"
    model.save(tmp_path / "sequences.keras")
    copy = keras.models.load_model(tmp_path / "sequences.keras")
    copy.fit(x, y, epochs=1, verbose=0)
    assert share(copy, "lstm_cell") == 0.5


def test_the_layers_own_constraint_is_kept():
    own = keras.constraints.MaxNorm(0.5)
    model, _ = pruned(kernel_constraint=own)
    kernel = keras.ops.convert_to_numpy(model.get_layer("wide").kernel)
    assert np.linalg.norm(kernel, axis=0).max() < 0.5 + 1e-5 and share(model) == 0.75


def test_a_pruned_file_is_measured_without_its_masks():
    model, _ = pruned()
    assert abs(saved_bytes(model)[0] - saved_bytes(plain())[0]) < 50
    model.fit(X, Y, epochs=1, verbose=0)
    assert share(model) == 0.75, "and the masks are there again"


@pytest.mark.parametrize("skip", [["lasst"], ["last", "lasst"]])
def test_a_name_to_skip_that_matches_no_layer_lists_them(skip):
    with pytest.raises(CourseError, match="skip: 'lasst', no layer of this model, found; expected some of wide, last"):
        plain().fit(X, Y, verbose=0, callbacks=[Pruning(0.5, skip=skip)])


@pytest.mark.parametrize("wrong", [{"sparsity": "0.5"}, {"sparsity": np.nan}, {"end": "3"}, {"begin": None}, {"end": np.inf}])
def test_a_plan_of_pruning_is_of_numbers(wrong):
    (name, found), = wrong.items()
    with pytest.raises(CourseError, match=f"^{name}: {found!r} found; expected a number"):
        Pruning(**{"sparsity": 0.5} | wrong)


def test_one_name_to_skip_is_no_list_of_names():
    with pytest.raises(CourseError, match=r"skip: 'last' found; expected a list of names of layers, \['last'\]"):
        Pruning(0.5, skip="last")


def test_a_fit_that_ends_too_soon_says_so():
    with pytest.warns(UserWarning, match=r"Pruning: this fit ended before epoch end=3, at a sparsity of 0.[56]\d instead of 0.9"):
        plain().fit(X, Y, epochs=1, verbose=0, callbacks=[Pruning(0.9, end=3)])


def test_both_kernels_of_a_separable_convolution_are_pruned():
    model = keras.Sequential([
        keras.Input((8, 8, 4)), layers.SeparableConv2D(8, 3, name="two"), layers.DepthwiseConv2D(3, name="one"), layers.Flatten(),
    ])
    model.compile("sgd", "mse")
    x = RNG.random((8, 8, 8, 4))
    model.fit(x, np.zeros((8, 128)), epochs=2, verbose=0, callbacks=[Pruning(0.5, end=1)])
    found = sparsity(model).set_index("layer").share
    assert found.index.tolist() == ["two/depthwise_kernel", "two/pointwise_kernel", "one"] and (found == 0.5).all()


def test_frozen_kernels_are_counted_and_left_alone():
    model = plain()
    model.get_layer("wide").trainable = False
    model.compile("sgd", CLASSES)
    before = model.get_weights()[0]
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[Pruning(0.5, end=1)])
    assert np.array_equal(model.get_weights()[0], before)
    assert share(model) == 0 and share(model, "last") == 0.5


def test_two_inputs_and_two_outputs_are_pruned():
    model = two_by_two()
    model.compile("sgd", [CLASSES, "mse"])
    y = [Y, X[:, 0]]
    model.fit([X, X], y, epochs=2, verbose=0, callbacks=[Pruning(0.5, end=1, skip=["size"])])
    model.fit([X, X], y, epochs=1, verbose=0)
    assert sparsity(model).set_index("layer").share.to_dict() == {"for_left": 0.5, "for_right": 0.5, "kind": 0.5, "size": 0}


NUMBERS = st.lists(st.floats(-100, 100, width=16), min_size=1, max_size=40)


@given(NUMBERS, st.floats(0, 0.99), st.sampled_from(["float16", "float32"]))
def test_what_a_mask_lets_go_of_is_the_smallest(values, sparsity, width):
    weights = np.array(values, width)
    mask = magnitude_mask(weights, sparsity)
    assert (~mask).sum() == round(sparsity * len(weights))
    assert not (~mask).any() or not mask.any() or np.abs(weights[~mask]).max() <= np.abs(weights[mask]).min()


def test_the_smallest_of_8_bits_is_great():
    assert magnitude_mask(np.array([-128, 1], "int8"), 0.5).tolist() == [True, False]


def test_every_kernel_is_counted_also_one_that_its_layer_computes():
    model = keras.Sequential([keras.Input((16,)), *(layers.Dense(16, name=f"dense_{k}") for k in range(12))])
    names = [layer.name for layer in model.layers]
    for each in (model, quantized(model, "int8"), quantized(model, "int4")):
        assert sparsity(each).layer.tolist() == names
    for layer in model.layers:
        layer.enable_lora(2)
    table = sparsity(model)
    assert table.layer.tolist() == names and (table.weights == 256).all()


# --- fewer bits


@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_a_quantized_model_has_the_weights_it_had(mode):
    model = plain()
    copy, board = quantized(model, mode), Scoreboard(X, Y, repeats=1)
    assert board.add(mode, copy)["parameters"] == model.count_params() == 6 * 16 + 16 + 16 * 2 + 2
    wide = dtypes(copy).set_index("layer").loc["wide"]
    assert {"float32", mode} <= set(wide["dtypes"].split(", ")) and wide["weights"] >= 6 * 16 + 16 + 16
    own = copy.get_layer("wide").weights
    assert wide["bytes"] == sum(keras.ops.convert_to_numpy(weight).nbytes for weight in own)
    assert share(copy) < 0.3


def test_what_lies_inside_a_layer_is_counted_once():
    model = sequences()
    assert dtypes(model).weights.sum() == model.count_params()


@pytest.mark.parametrize("call", [quantized, lambda m: low_rank(m, "wide", 2), lambda m: rank_error(m, "wide")])
def test_what_is_quantized_already_is_refused(call):
    with pytest.raises(CourseError, match=r"model: quantized layers \(wide, last\) found; expected the model as it was"):
        call(quantized(plain()))


def test_an_unknown_mode_is_one_line():
    with pytest.raises(CourseError, match="mode: 'int7' found; expected 'int8' or 'int4'"):
        quantized(plain(), "int7")


@pytest.fixture(scope="module")
def in_whole_numbers():
    model = plain()
    return model, LiteRT(to_litert(model, "int8", X.tolist()))


def test_calibration_may_be_a_list(in_whole_numbers):
    model, lite = in_whole_numbers
    assert np.abs(lite.predict(X.tolist()) - model.predict(X, verbose=0)).max() < 0.05


LITE = {
    "NaN in whole numbers": (lambda m, lite: lite.predict(np.full((2, 6), np.nan, "float32")), "x: nan found; expected finite"),
    "no example": (lambda m, lite: lite.predict(X[:0]), r"x has shape \(0, 6\), expected \(n, 6\), n at least 1"),
    "text": (lambda m, lite: lite.predict([["a"] * 6]), "x: <U1 found; expected numbers"),
    "a path": (lambda m, lite: LiteRT("model.tflite"), "content: a str found; expected the bytes of a .tflite file"),
    "other bytes": (
        lambda m, lite: LiteRT(b"no such thing, but long enough to be one"), "content: LiteRT cannot read these 40 bytes"
    ),
    "calibration of NaN": (
        lambda m, lite: to_litert(m, "int8", np.full((2, 6), np.nan)), "calibration: nan found; expected finite"
    ),
    "two of each": (lambda m, lite: to_litert(two_by_two()), "model: 2 inputs and 2 outputs found; expected one of each"),
    "one number to calibrate": (
        lambda m, lite: to_litert(m, "int8", 3), r"calibration is a list of shape \(\), expected float32"
    ),
    "no threads": (lambda m, lite: LiteRT(lite.content, threads=0), "threads: 0 found; expected 1 or more"),
    "no model": (lambda m, lite: to_litert("model"), "model: a str found; expected a keras.Model"),
}


@pytest.mark.parametrize("call, message", LITE.values(), ids=list(LITE))
def test_a_mistake_with_litert_is_one_line(in_whole_numbers, call, message):
    with pytest.raises(CourseError, match=f"^{message}") as caught:
        call(*in_whole_numbers)
    assert "\n" not in str(caught.value)


def test_whole_numbers_of_a_file_are_what_they_are_or_refused():
    model = keras.Sequential([keras.Input((2,), dtype="int32"), layers.Embedding(5, 3), layers.Flatten(), layers.Dense(2)])
    lite = LiteRT(to_litert(model))
    places = np.array([[0, 4], [3, 1]])
    for x in (places, places.astype("float32"), places.tolist()):
        assert np.allclose(lite.predict(x), model.predict(places, verbose=0), atol=1e-6)
    for odd, message in [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf"), (2.0**31, r"2.14748e\+09"), (-3e9, r"-3e\+09")]:
        with pytest.raises(CourseError, match=f"^x: {message} found; expected"):
            lite.predict(np.array([[1, odd], [2, 3]], "float32"))


@pytest.mark.long("litert")
def test_a_sequence_of_any_length_runs_in_litert_or_is_refused():
    steps = keras.Input((None, 3))
    model = keras.Model(steps, layers.Dense(2)(layers.GlobalAveragePooling1D()(layers.Dense(4)(steps))))
    lite = LiteRT(to_litert(model))
    for length in (4, 7):
        x = RNG.random((5, length, 3), dtype="float32")
        assert np.allclose(lite.predict(x), model.predict(x, verbose=0), atol=1e-5)
    with pytest.raises(CourseError, match="LiteRT cannot express this model as float32") as caught:
        to_litert(sequences())
    assert "\n" not in str(caught.value)


# --- factors


def test_a_dense_layer_on_sequences_can_be_factored():
    steps = keras.Input((None, 6))
    model = keras.Model(steps, layers.Dense(5, "relu", name="wide")(steps))
    x = RNG.random((4, 7, 6), dtype="float32")
    assert np.allclose(low_rank(model, "wide", 5).predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-5)


def test_what_was_frozen_stays_frozen():
    model = plain()
    model.get_layer("wide").trainable = False
    small = low_rank(model, "wide", 2)
    assert [weight.path.split("/")[-2] for weight in small.trainable_weights] == ["last", "last"]


def test_factors_keep_the_dtypes_of_the_layer(tmp_path):
    model = plain(dtype="mixed_bfloat16")
    small = low_rank(model, "wide", 6)
    assert {layer.compute_dtype for layer in small.get_layer("wide").layers} == {"bfloat16"}
    half = plain(dtype="float16")
    assert np.allclose(low_rank(half, "wide", 6).predict(X, verbose=0), half.predict(X, verbose=0), atol=2e-3)
    small.save(tmp_path / "small.keras")
    again = keras.models.load_model(tmp_path / "small.keras")
    assert np.array_equal(again.predict(X, verbose=0), small.predict(X, verbose=0))


def test_a_rank_is_any_whole_number():
    model = plain()
    counts = [low_rank(model, "wide", rank).count_params() for rank in (2, np.int64(2))]
    assert counts[0] == counts[1] == 6 * 2 + 2 * 16 + 16 + 34
    for rank, found in [(True, "True"), (2.0, "2.0"), ("2", "'2'"), (0, "0")]:
        with pytest.raises(CourseError, match=f"^rank: {found} found; expected 1 or more"):
            low_rank(model, "wide", rank)


def test_nothing_is_missing_from_a_kernel_of_zeros():
    assert rank_error(plain(kernel_initializer="zeros"), "wide").tolist() == [0] * 6
    assert rank_error(plain(), "wide")[-1] == 0


# --- the board

N = 60
TEN = keras.Sequential([keras.Input((6,)), layers.Dense(10, "softmax")])
SAID = TEN.predict(X[:N], verbose=0).argmax(axis=1)
TRUTH = np.where(RNG.random(N) < 0.6, SAID, RNG.integers(0, 10, N))
TRUTH[:10] = np.arange(10)  # every class is there, so that names say which is which
RIGHT = accuracy_score(TRUTH, SAID)
SHOWN = {
    "a column": TRUTH[:, None],
    "one-hot": np.eye(10)[TRUTH],
    "one-hot of whole numbers": np.eye(10, dtype="int64")[TRUTH],
    "names": np.array(list("abcdefghij"))[TRUTH],
    "names in objects": np.array(list("abcdefghij"), object)[TRUTH],
    "floats": TRUTH.astype("float32"),
    "bytes": TRUTH.astype("uint8"),
    "a list": TRUTH.tolist(),
    "a tensor": keras.ops.convert_to_tensor(TRUTH),
}


@pytest.mark.parametrize("y", SHOWN.values(), ids=list(SHOWN))
def test_the_board_says_what_scikit_learn_says_of_any_labels(y):
    assert Scoreboard(X[:N], y, batch=16, repeats=1).add("ten", TEN)["accuracy"] == pytest.approx(RIGHT)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(2, 6), st.sampled_from(["float16", "float32"]))
def test_accuracy_at_each_place_of_a_sequence(seed, places, classes, width):
    rng = np.random.default_rng(seed)
    said, y = rng.random((7, places, classes)).astype(width), rng.integers(0, classes, (7, places))
    right = accuracy_score(y.ravel(), said.reshape(-1, classes).argmax(axis=1))
    for shown in (y, y[..., None], np.eye(classes)[y]):
        assert _right(said, shown).mean() == pytest.approx(right)


@pytest.mark.parametrize("shape", [(N,), (N, 1)])
def test_one_output_is_the_probability_of_class_1(shape):
    model = keras.Sequential([keras.Input((6,)), layers.Dense(1, "sigmoid", bias_initializer="zeros")])
    said = model.predict(X[:N], verbose=0)[:, 0] > 0.5
    y = np.where(RNG.random(N) < 0.8, said, ~said).astype(int)
    board = Scoreboard(X[:N], y.reshape(shape), repeats=1)
    assert board.add("sigmoid", model)["accuracy"] == pytest.approx(accuracy_score(y, said))
    logits = keras.Sequential([keras.Input((6,)), layers.Dense(1)])
    logits.set_weights(model.get_weights())
    logits.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    assert board.add("logits", logits)["accuracy"] == pytest.approx(accuracy_score(y, said))


@pytest.mark.parametrize("given", [lambda one: one, lambda one: [one], lambda one: {"one": one}], ids=["loss", "list", "dict"])
@pytest.mark.parametrize("kind", [keras.losses.BinaryCrossentropy, keras.losses.BinaryFocalCrossentropy])
def test_logits_are_cut_at_0_however_the_loss_is_given(kind, given):
    logits = keras.Sequential([keras.Input((6,)), layers.Dense(1, name="one")])
    said = logits.predict(X[:N], verbose=0)[:, 0]
    shift = np.sort(said)[N // 2] - 0.25  # many of them lie between 0 and 0.5
    logits.set_weights([logits.get_weights()[0], -shift[None]])
    logits.compile("adam", given(kind(from_logits=True)))
    assert Scoreboard(X[:N], (said > shift).astype(int), repeats=1).add("logits", logits)["accuracy"] == 1


def test_energy_is_that_of_what_was_computed():
    for n in (1, 20, 60):
        row = Scoreboard(X[:n], TRUTH[:n], batch=40, repeats=3, watts=10).add("ten", TEN)
        assert row["joules_per_thousand"] == pytest.approx(row["ms_batch"] * row["cores"] * 10 / min(n, 40))


def test_two_inputs_and_sequences_come_on_the_board():
    pair = two_by_two()
    kind = keras.Model(pair.inputs, pair.outputs[0])
    right = accuracy_score(Y, kind.predict([X, X], verbose=0).argmax(axis=1))
    for x in ((X, X), [X, X], {"left": X, "right": X}):
        assert Scoreboard(x, Y, repeats=1).add("two inputs", kind)["accuracy"] == pytest.approx(right)
    model, x = sequences(), RNG.random((20, 5, 3), dtype="float32")
    y = RNG.integers(0, 2, (20, 5))
    board = Scoreboard(x, y, repeats=1)
    row = board.add("sequences", model)
    assert row["accuracy"] == pytest.approx(accuracy_score(y.ravel(), model.predict(x, verbose=0).argmax(axis=-1).ravel()))
    assert board.frame().working_bytes.isna().all(), "their length is open"


def test_one_output_by_name_is_one_output():
    model = plain()
    by_name = keras.Model(model.inputs, {"kind": model.outputs[0]})
    rows = [Scoreboard(X, Y, repeats=1).add("a", each) for each in (model, by_name)]
    assert rows[0]["accuracy"] == rows[1]["accuracy"]


def test_a_board_without_a_model_has_its_columns():
    frame = Scoreboard(X, Y).frame()
    assert len(frame) == 0 and {"accuracy", "parameters", "joules_per_thousand"} <= set(frame.columns)


def nan():
    model = plain()
    model.set_weights([weight * np.nan for weight in model.get_weights()])
    return model


def number():
    return keras.Sequential([keras.Input((6,)), layers.Dense(1, bias_initializer=keras.initializers.Constant(40))])


BOARD = {
    "NaN": (lambda: Scoreboard(X, Y).add("nan", nan()), "the model's output: nan found; expected finite numbers"),
    "a regression": (lambda: Scoreboard(X, X[:, 0]).add("number", number()), "y: float32 found; expected class numbers"),
    "a number for a class": (
        lambda: Scoreboard(X, Y).add("number", number()), r"the model's output: \d\d.* alone found; expected a prob"
    ),
    "x of another shape": (
        lambda: Scoreboard(X[:, :2], Y).add("a", plain()),
        r"x: float32 of shape \(96, 2\) found; expected what the model takes: \(None, 6\)",
    ),
    "x of text": (lambda: Scoreboard(X.astype(str), Y).add("a", plain()), r"x: <U.* of shape \(96, 6\) found; expected what the"),
    "two outputs": (lambda: Scoreboard((X, X), Y).add("two", two_by_two()), "model: 2 outputs found; expected one"),
    "a class too many": (lambda: Scoreboard(X, Y + 1).add("two", plain()), "y: class 2 found; expected 0 to 1"),
    "labels of another shape": (lambda: Scoreboard(X, np.eye(3, dtype=int)[Y]).add("two", plain()), r"y: shape \(96, 3\) found"),
    "too few names": (lambda: Scoreboard(X[:N], np.full(N, "a")).add("ten", TEN), "y: 1 names of classes found; expected 10"),
    "no repeats": (lambda: Scoreboard(X, Y, repeats=0), "repeats: 0 found; expected 1 or more"),
    "no examples": (lambda: Scoreboard(X[:0], Y[:0]), "x has 0 examples and y 0, expected as many, and 1 or more"),
    "no batch": (lambda: Scoreboard(X, Y, batch=0), "batch: 0 found; expected 1 or more"),
    "no watts": (lambda: Scoreboard(X, Y, watts=np.nan), "watts: nan found; expected a number above 0"),
    "no call": (lambda: latency(len, X, repeats=0), "repeats: 0 found; expected 1 or more"),
    "an open shape": (
        lambda: working_bytes(sequences()), r"model: the open shape \(None, None, 3\) at layer .* found; expected known"
    ),
}


@pytest.mark.parametrize("call, message", BOARD.values(), ids=list(BOARD))
def test_what_a_board_cannot_say_is_one_line(call, message):
    with pytest.raises(CourseError, match=f"^{message}") as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_layer_that_is_called_twice_works_in_the_memory_of_one_call():
    entry, twice = keras.Input((4,)), layers.Dense(4)
    assert working_bytes(keras.Model(entry, twice(twice(entry)))) == 4 * (4 + 4)


@pytest.mark.parametrize("sizes", [(32, 8), (8, 32)])
def test_a_layer_that_other_models_have_too_works_in_the_memory_of_this_one(sizes):
    shared = [layers.Conv2D(4, 3, padding="same"), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    for size in sizes:
        entry = keras.Input((size, size, 1))
        chain = keras.Sequential([entry, *shared])
        inside = keras.Sequential([keras.Input((size, size, 4)), *shared[1:]])
        ends = [shared[2](shared[1](shared[0](entry))), inside(shared[0](entry)), chain(entry)]
        for model in (chain, *(keras.Model(entry, end) for end in ends)):
            assert working_bytes(model) == 4 * size * size * (1 + 4)


# --- memory


def test_a_code_that_ends_by_itself_is_measured_or_told():
    assert peak_bytes("import sys; sys.exit(0)") > 1e6
    assert peak_bytes("import atexit; atexit.register(print, 'peak bytes: at last')") > 1e6
    with pytest.raises(CourseError, match="the code ended its process before its memory could be read"):
        peak_bytes("import os; os._exit(0)")
    with pytest.raises(CourseError, match="the code stopped with too bad"):
        peak_bytes("import sys; sys.exit('too bad')")
