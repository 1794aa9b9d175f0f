"""Lighter models: masks that hold, what quantization leaves alone, factors, files and the scoreboard."""

import os
import time
import zipfile

import keras
import numpy as np
import pytest

from lib.lighter import (
    ONNX,
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
    schedule,
    sparsity,
    to_litert,
    to_onnx,
    working_bytes,
)
from lib.lighter.scoreboard import core_seconds
from lib.tuning import fast

RNG = np.random.default_rng(2)
X = RNG.random((240, 8, 8, 1), dtype="float32")
Y = (X[:, :4].sum((1, 2, 3)) > X[:, 4:].sum((1, 2, 3))).astype("int64")


def network():
    keras.utils.set_random_seed(4)
    model = keras.Sequential([
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
        keras.layers.BatchNormalization(momentum=0.8, name="norm"),
        keras.layers.Flatten(name="flat"),
        keras.layers.Dense(16, activation="relu", name="hidden"),
        keras.layers.Dense(2, name="logits"),
    ])
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def trained():
    model = network()
    model.fit(X, Y, epochs=4, verbose=0)
    return model


# --- pruning


def test_the_schedule_starts_fast_and_ends_full():
    shares = [schedule(step, 2, 6, 0.8) for step in range(9)]
    assert shares[:3] == [0, 0, 0] and shares[6:] == [0.8, 0.8, 0.8]
    steps = np.diff(shares[2:7])
    assert (steps > 0).all() and (np.diff(steps) < 0).all()


def test_the_mask_keeps_the_greatest():
    weights = np.array([[3.0, -1.0], [0.5, -4.0]])
    assert magnitude_mask(weights, 0.5).tolist() == [[True, False], [False, True]]
    assert magnitude_mask(np.zeros((3, 4)), 0.5).sum() == 6, "ties too are cut to the share"
    assert magnitude_mask(weights, 0).all()


@pytest.mark.parametrize("make", [lambda model: model, fast], ids=["fit", "fast fit"])
def test_pruned_weights_stay_zero(make):
    model = make(network())
    # No smaller batch at the end of an epoch, for which the step would be traced again; and a step traced before.
    x, y = X[:224], Y[:224]
    model.fit(x, y, epochs=1, verbose=0)
    model.fit(x, y, epochs=8, verbose=0, callbacks=[Pruning(0.75, begin=1, end=3, skip=["logits"])])
    shares = sparsity(model).set_index("layer").share
    assert shares["conv"] == pytest.approx(0.75, abs=0.02) and shares["hidden"] == pytest.approx(0.75, abs=0.002)
    assert shares["logits"] < 0.1
    zeros = keras.ops.convert_to_numpy(model.get_layer("hidden").kernel) == 0
    before = keras.ops.convert_to_numpy(model.get_layer("hidden").kernel)
    model.fit(x, y, epochs=1, verbose=0)
    after = keras.ops.convert_to_numpy(model.get_layer("hidden").kernel)
    assert (after[zeros] == 0).all() and (after != before).any(), "the masks hold in later training, the rest learns"
    assert model.evaluate(X, Y, verbose=0)[1] > 0.8


def test_zeros_compress(trained):
    model = network()
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[Pruning(0.9, begin=0, end=2)])
    (size, small), (dense, dense_small) = saved_bytes(model), saved_bytes(trained)
    assert abs(size - dense) < 200 and small < 0.7 * dense_small


# --- quantization


def test_keras_quantizes_dense_layers_only(trained):
    copy = quantized(trained)
    kinds = dtypes(copy).set_index("layer")["dtypes"]
    assert "int8" in kinds["hidden"] and "int8" in kinds["logits"]
    assert kinds["conv"] == "float32" and kinds["norm"] == "float32"
    assert set(dtypes(trained)["dtypes"]) == {"float32"}, "the model itself stays as it is"
    hidden = dtypes(copy).set_index("layer").loc["hidden"]
    assert hidden["bytes"] == hidden["weights"] + 3 * (16 + 16), "a byte a weight, four for a bias or a scale"
    difference = copy.predict(X, verbose=0) - trained.predict(X, verbose=0)
    assert 0 < np.abs(difference).max() < 0.05 * np.ptp(trained.predict(X, verbose=0))


def test_litert_files_run_in_their_interpreter(trained):
    expected = trained.predict(X, verbose=0)
    models = {kind: LiteRT(to_litert(trained, kind, X[:60])) for kind in ("float32", "dynamic", "int8")}
    np.testing.assert_allclose(models["float32"].predict(X), expected, atol=1e-4)
    for kind in ("dynamic", "int8"):
        found = models[kind].predict(X)
        assert found.shape == expected.shape and found.dtype == np.float32
        assert 0 < np.abs(found - expected).max() < 0.1 * np.ptp(expected)
        assert (found.argmax(1) == expected.argmax(1)).mean() > 0.95
    assert models["int8"].interpreter.get_input_details()[0]["dtype"] == np.int8
    np.testing.assert_array_equal(models["int8"].predict(X[:1]), models["int8"].predict(X)[:1])


def test_float16_is_kept_in_half_the_bytes_and_computed_in_float32(trained):
    wide = keras.Sequential([keras.Input((64,)), keras.layers.Dense(64, use_bias=False)])
    wide.set_weights([np.eye(64, dtype="float32")])
    small, large = to_litert(wide, "float16"), to_litert(wide)
    assert len(large) - len(small) == pytest.approx(64 * 64 * 2, abs=600)
    question = np.full((1, 64), 2049, "float32")  # of which float16 would make 2048 or 2050
    np.testing.assert_array_equal(LiteRT(small).predict(question), question)
    assert np.abs(LiteRT(to_litert(trained, "float16")).predict(X) - trained.predict(X, verbose=0)).max() < 0.02


def test_onnx_files_say_what_keras_says(trained):
    onnx = ONNX(to_onnx(trained))
    np.testing.assert_allclose(onnx.predict(X), trained.predict(X, verbose=0), atol=1e-4)
    np.testing.assert_allclose(onnx.predict(X[:1].tolist()), trained.predict(X[:1], verbose=0), atol=1e-4)
    assert saved_bytes(onnx)[0] == len(onnx.content) > 4 * trained.count_params() * 0.9
    board = Scoreboard(X, Y, repeats=1)
    assert board.add("onnx", onnx)["accuracy"] == pytest.approx(trained.evaluate(X, Y, verbose=0)[1])


# --- factors


def test_full_rank_changes_nothing_and_less_is_smaller(trained):
    expected = trained.predict(X, verbose=0)
    np.testing.assert_allclose(low_rank(trained, "hidden", 16).predict(X, verbose=0), expected, atol=1e-4)
    small = low_rank(trained, "hidden", 2)
    assert small.count_params() == trained.count_params() - 144 * 16 + 2 * (144 + 16)
    kernel = keras.ops.convert_to_numpy(trained.get_layer("hidden").kernel)
    down, up = (keras.ops.convert_to_numpy(small.get_layer("hidden").get_layer(f"hidden_{end}").kernel) for end in ("down", "up"))
    missing = np.linalg.norm(kernel - down @ up) / np.linalg.norm(kernel)
    assert missing == pytest.approx(rank_error(trained, "hidden")[1], abs=1e-4)


def test_a_functional_model_can_be_factored():
    entry = keras.Input((6,))
    wide = keras.layers.Dense(8, name="wide")(entry)
    model = keras.Model(entry, keras.layers.Add()([wide, keras.layers.Dense(8, name="other")(entry)]))
    x = RNG.random((5, 6), dtype="float32")
    np.testing.assert_allclose(low_rank(model, "wide", 6).predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-5)


# --- the scoreboard


def test_the_optimizers_state_is_not_counted(trained, tmp_path):
    size, compressed = saved_bytes(trained)
    trained.save(tmp_path / "whole.keras")
    assert size < 0.6 * os.path.getsize(tmp_path / "whole.keras")
    assert trained.optimizer is not None and trained.compiled, "the model is as it was"
    weights = 4 * trained.count_params()
    assert weights < size and compressed < size
    assert zipfile.is_zipfile(tmp_path / "whole.keras")
    trained.evaluate(X, Y, verbose=0)
    entry = keras.Input((8, 8, 1))
    twins = keras.Model(entry, keras.layers.Average()([trained(entry), network()(entry)]))
    assert saved_bytes(twins)[0] < 2.5 * size and trained.compiled, "nor that of models inside"


def test_a_model_that_was_never_compiled_has_the_same_size():
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(30)])
    size, _ = saved_bytes(model)
    model.compile("adam", "mse")
    model.train_on_batch(np.ones((2, 64)), np.ones((2, 30)))
    assert abs(saved_bytes(model)[0] - size) < 1000, "of 7,800 bytes of weights and 15,600 of the optimizer"


def test_peak_memory_is_of_the_code_alone():
    kept = np.ones(30_000_000, "uint8")  # of this process, and no matter of the other one
    nothing = peak_bytes("pass")
    assert 1e6 < nothing < 60e6 and kept.all()
    assert 40e6 < peak_bytes("import sys\nfull = b'x' * int(sys.argv[1])\ndel full", 50_000_000) - nothing < 60e6


def test_working_memory_by_hand(trained):
    assert working_bytes(trained) == 4 * (6 * 6 * 4 + 6 * 6 * 4)
    assert working_bytes(trained, batch=10) == 10 * working_bytes(trained)
    entry = keras.Input((8, 8, 1))
    twins = keras.Model(entry, keras.layers.Average()([trained(entry), network()(entry)]))
    assert working_bytes(twins) == working_bytes(trained), "what is inside of nested models counts"


def test_latency_is_the_median_between_the_quartiles():
    calls = []
    middle, low, high, late = latency(calls.append, X, repeats=7, warm=2)
    assert len(calls) == 9 and low <= middle <= high <= late


def test_sleep_keeps_no_core_busy_and_work_does_as_long_as_it_lasts():
    assert core_seconds(time.sleep, 0.05) < 0.025
    def work(n):
        return sum(range(n))

    longer = core_seconds(work, 400_000, seconds=0.3) / core_seconds(work, 100_000, seconds=0.3)
    assert 2 < longer < 8


def test_the_board_knows_which_answers_are_right(trained):
    board = Scoreboard(X, Y, repeats=1)
    board.add("keras", trained)
    assert board.right["keras"].tolist() == (trained.predict(X, verbose=0).argmax(axis=1) == Y).tolist()


def test_a_board_of_keras_and_litert(trained):
    board = Scoreboard(X, Y, batch=60, repeats=3)
    board.add("keras", trained, training_seconds=2.0)
    board.add("litert", LiteRT(to_litert(trained)), kind="small")
    frame = board.frame()
    assert frame.index.tolist() == ["keras", "litert"] and frame.kind.tolist() == ["", "small"]
    assert frame.accuracy["keras"] == pytest.approx(trained.evaluate(X, Y, verbose=0)[1])
    assert frame.accuracy["litert"] == frame.accuracy["keras"]
    assert frame.parameters["keras"] == trained.count_params() and frame.parameters.isna()["litert"]
    assert (frame[["bytes", "compressed", "ms_one", "ms_batch", "joules_per_thousand"]] > 0).all().all()
    assert len(frame) == 2 and board.add("keras", trained) and len(board.frame()) == 2


# --- mistakes, in one line


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda m: schedule(0, 0, 2, 1.0), r"sparsity=1.0 is not in \[0, 1\)"),
        (lambda m: Pruning(-0.1), r"sparsity=-0.1 is not in \[0, 1\)"),
        (lambda m: Pruning(0.5, begin=3, end=3), "end=3 must be after begin=3"),
        (lambda m: sparsity(keras.Sequential([keras.layers.Dense(2)])), "model is not built"),
        (lambda m: quantized(keras.Sequential([keras.layers.Dense(2)])), "model is not built"),
        (lambda m: to_litert(keras.Sequential([keras.layers.Dense(2)])), "model is not built"),
        (lambda m: to_litert(m, "int7"), "kind='int7' is not one of float32, float16, dynamic, int8"),
        (lambda m: to_litert(m, "int8"), r"needs calibration, an array of shape \(n, 8, 8, 1\)"),
        (lambda m: to_litert(m, "int8", X[:, :4]), r"calibration is float32 of shape \(240, 4, 8, 1\), expected"),
        (lambda m: peak_bytes("1 / 0"), "the code stopped with ZeroDivisionError: division by zero"),
        (lambda m: low_rank(m, "conv", 2), "name='conv' is no Dense layer of this model; its Dense layers are hidden"),
        (lambda m: low_rank(m, "hidden", 17), "rank=17 is not in 1 to 16"),
        (lambda m: Scoreboard(X, Y[:3]), "x has 240 examples and y 3"),
        (lambda m: to_onnx(keras.Sequential([keras.layers.Dense(2)])), "model is not built"),
        (lambda m: ONNX("model.onnx"), "content: a str found; expected the bytes of an .onnx file"),
        (lambda m: ONNX(b"nothing"), "content: onnxruntime cannot read these 7 bytes"),
        (lambda m: ONNX(to_onnx(m)).predict(X[:, :4]), r"x has shape \(240, 4, 8, 1\), expected \(n, 8, 8, 1\)"),
    ],
)
def test_a_mistake_is_one_line(trained, call, words):
    with pytest.raises(ValueError, match=words) as caught:
        call(trained)
    assert "\n" not in str(caught.value)


def test_litert_says_which_shape_it_wants(trained):
    with pytest.raises(ValueError, match=r"x has shape \(240, 64\), expected \(n, 8, 8, 1\)"):
        LiteRT(to_litert(trained)).predict(X.reshape(240, 64))
