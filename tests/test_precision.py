"""The policy that restores itself, the audit, the loss scale, step timing; on TensorFlow, and where there, on others."""

import importlib.util
import os
import re
import subprocess
import sys
import threading

import keras
import numpy as np
import pandas as pd
import pytest
from kit.notebooks import ROOT

from lib import precision
from lib.errors import CourseError


def net(units=4):
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(units), keras.layers.Dense(2, dtype="float32")])


def current():
    return keras.config.dtype_policy().name


# --- policy


def test_the_policy_is_restored():
    with precision.policy("mixed_float16") as inside:
        assert inside.name == current() == "mixed_float16"
        with precision.policy("mixed_bfloat16"):
            assert current() == "mixed_bfloat16"
        assert current() == "mixed_float16"
    assert current() == "float32"


def test_the_policy_is_restored_after_an_error():
    with pytest.raises(ZeroDivisionError), precision.policy("mixed_float16"):
        1 / 0  # noqa: B018
    assert current() == "float32"


def test_what_was_there_is_restored_and_not_float32():
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        with precision.policy(keras.DTypePolicy("float32")):
            assert current() == "float32"
        assert current() == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy(before)


def test_the_policy_is_restored_when_the_session_is_cleared_inside():
    with precision.policy("mixed_float16"), precision.policy("mixed_bfloat16"):
        keras.utils.clear_session()
        assert current() == "float32"
    assert current() == "float32"
    with precision.policy("mixed_float16"):
        with precision.policy("float32"):
            keras.utils.clear_session()
        assert current() == "mixed_float16"


def test_the_policy_serves_as_a_decorator():
    build = precision.policy("mixed_float16")(net)
    assert [build().dtype_policy.name for _ in range(2)] == ["mixed_float16"] * 2
    assert current() == "float32"


def test_another_thread_has_a_policy_of_its_own():
    seen = {}

    def work():
        seen["before"] = current()
        with precision.policy("mixed_bfloat16"):
            ready.set()
            gate.wait(10)
            seen["inside"] = current()
        seen["after"] = current()

    ready, gate, thread = threading.Event(), threading.Event(), threading.Thread(target=work)
    with precision.policy("mixed_float16"):
        thread.start()
        ready.wait(10)
        assert current() == "mixed_float16"
        gate.set()
        thread.join(10)
        assert current() == "mixed_float16"
    assert seen == {"before": "float32", "inside": "mixed_bfloat16", "after": "float32"}


@pytest.mark.parametrize(
    "name, message", [("mixed_fp16", "Did you mean 'mixed_float16'"), ("x", "no dtype policy 'x'")]
)
def test_an_unknown_policy_is_one_line(name, message):
    with pytest.raises(CourseError, match=message) as error, precision.policy(name):
        pass
    assert "\n" not in str(error.value) and current() == "float32"

QUANTIZED = ["int8_from_float32", "int4_from_float32", "float8_from_mixed_bfloat16"]


@pytest.mark.parametrize("name", ["float64", "bfloat16", "float16", "int8_from_mixed_bfloat16", *QUANTIZED])
def test_every_policy_that_keras_knows(name):
    with precision.policy(name) as inside:
        assert inside == keras.config.dtype_policy() and inside.name == keras.dtype_policies.get(name).name
    assert current() == "float32"


@pytest.mark.parametrize("name", [None, 3, "int8_from_", "float8_from_nothing", "int8_from_float99", ["float32"]])
def test_what_is_no_policy_is_one_line(name):
    with pytest.raises(CourseError, match="Keras has no dtype policy") as error, precision.policy(name):
        pass
    assert "\n" not in str(error.value) and current() == "float32"


# --- KerasTuner's trials


def search(build, folder):
    import keras_tuner

    objective = keras_tuner.Objective("val_loss", "min")
    tuner = keras_tuner.RandomSearch(build, objective, max_trials=2, seed=1, directory=folder)
    x, y = np.ones((8, 8), "float32"), np.ones((8, 2), "float32")
    tuner.search(x, y, validation_data=(x, y), verbose=0)


def test_a_trial_falls_back_to_float32_unless_the_model_function_sets_the_policy(tmp_path):
    built = []

    def build(hp):
        model = net(hp.Choice("units", [2, 4]))
        model.compile("adam", "mse")
        built.append(model.dtype_policy.name)
        return model

    with precision.policy("mixed_bfloat16"):
        search(build, tmp_path / "falls_back")
        assert current() == "float32"  # the last trial cleared it here as well
    assert built == ["mixed_bfloat16", "float32", "float32"] and current() == "float32"

    built.clear()
    search(precision.policy("mixed_bfloat16")(build), tmp_path / "mended")
    assert built == ["mixed_bfloat16"] * 3 and current() == "float32"


# --- the audit


def test_the_audit_of_a_mixed_model():
    with precision.policy("mixed_float16"):
        inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="deep")], name="inner")
        layers = [keras.layers.Dense(4, name="one"), keras.layers.BatchNormalization(name="norm"), inner]
        model = keras.Sequential(
            [keras.Input((8,), name="x"), *layers, keras.layers.Softmax(dtype="float32", name="last")]
        )
    table = precision.dtype_audit(model).set_index("layer")
    assert table.index.tolist() == ["one", "norm", "inner/deep", "last"]
    assert table.compute.tolist() == ["float16", "float16", "float16", "float32"]
    assert table.variables.tolist() == ["float32", "float32", "float32", "-"]
    assert table.output.tolist() == ["float16", "float16", "float16", "float32"]
    assert table.parameters.tolist() == [36, 16, 15, 0] and table.parameters.sum() == model.count_params()
    assert table.activation_bytes.tolist() == [8, 8, 6, 12]


def test_the_audit_of_open_shapes_and_two_outputs():
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, [keras.layers.Dense(2, name="open")(inputs), keras.layers.LSTM(5, name="last")(inputs)])
    table = precision.dtype_audit(model).set_index("layer")
    assert table.activation_bytes.isna()["open"] and table.activation_bytes["last"] == 20


def test_the_audit_says_what_it_needs():
    for model, message in [
        (keras.Sequential([keras.layers.Dense(2)]), "input shape"),
        (keras.Sequential(), "model: no layers found; expected a model made of layers"),
        (None, "model: a NoneType found; expected a keras.Model"),
    ]:
        with pytest.raises(CourseError, match=message):
            precision.dtype_audit(model)

@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "bool", "float64"])
def test_the_audit_of_pictures_as_bytes(dtype):
    picture = keras.Input((4, 4, 1), dtype=dtype, name="picture")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(picture))
    table = precision.dtype_audit(keras.Model(picture, keras.layers.Dense(3)(x))).set_index("layer")
    assert table.output["picture"] == dtype and table.activation_bytes["picture"] == 16 * np.dtype(dtype).itemsize
    assert table.compute["picture"] == "-", "an input computes nothing"


def test_the_audit_of_a_wrapper_is_that_of_what_it_wraps():
    with precision.policy("mixed_float16"):
        steps = keras.Input((5, 8))
        own = keras.layers.TimeDistributed(keras.layers.Dense(3, dtype="float32"), name="own")
        both = keras.layers.Bidirectional(keras.layers.LSTM(2, return_sequences=True), name="both")
        attention = keras.layers.MultiHeadAttention(2, 4, name="attention")
        deep = keras.layers.TimeDistributed(keras.layers.Dense(2), name="deep")
        nested = keras.Sequential([keras.Input((5, 8)), deep], name="nested")
        model = keras.Model(steps, [own(steps), both(steps), attention(steps, steps), nested(steps)])
    table = precision.dtype_audit(model).set_index("layer")
    assert table.compute[["own", "both", "attention", "nested/deep"]].tolist() == ["float32", "float16", "float16", "float16"]
    assert table.parameters.sum() == model.count_params()


@pytest.mark.parametrize("sizes", [(32, 8), (8, 32)])
def test_the_audit_is_of_the_calls_in_this_model(sizes):
    conv, pool = keras.layers.Conv2D(4, 3, padding="same", name="conv"), keras.layers.GlobalAveragePooling2D(name="pool")
    for size in sizes:
        entry = keras.Input((size, size, 1))
        inner = keras.Sequential([entry, conv, pool], name="inner")
        models = {"": keras.Model(entry, pool(conv(entry))), "inner/": keras.Model(entry, inner(entry))}
        for prefix, model in [*models.items(), ("", inner)]:
            table = precision.dtype_audit(model).set_index("layer")
            assert table.activation_bytes[[f"{prefix}conv", f"{prefix}pool"]].tolist() == [4 * size * size * 4, 4 * 4]
    uncalled = keras.Sequential([conv, pool])
    with pytest.raises(CourseError, match="'conv' has no output yet"):
        precision.dtype_audit(uncalled)


def test_a_layer_in_several_models_inside_is_listed_once():
    shared, entry = keras.layers.Dense(4, name="shared"), keras.Input((4,), name="x")
    inside = [keras.Sequential([keras.Input((4,)), shared], name=name) for name in "AB"]
    deeper = keras.Sequential([keras.Input((4,)), inside[0]], name="C")
    model = keras.Model(entry, keras.layers.Add(name="add")([shared(entry), *(each(entry) for each in [*inside, deeper])]))
    table = precision.dtype_audit(model)
    assert sorted(name.split("/")[-1] for name in table.layer) == ["add", "shared", "x"]
    assert table.parameters.sum() == model.count_params()


@pytest.mark.parametrize("name", QUANTIZED)
def test_the_audit_of_a_model_built_under_a_quantized_policy(name):
    with precision.policy(name):
        model = net()
    table = precision.dtype_audit(model)
    assert table.parameters.sum() == net().count_params() and (table.activation_bytes > 0).all()


# --- the loss scale


def test_the_loss_scale_is_noted_after_each_batch():
    with precision.policy("mixed_float16"):
        model = net()
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), initial_scale=4.0, dynamic_growth_steps=2)
    model.compile(optimizer, "mse")
    watch = precision.watch_loss_scale()
    model.fit(np.ones((10, 8)), np.ones((10, 2)), batch_size=2, verbose=0, callbacks=[watch])
    assert watch.scales == [4, 8, 8, 16, 16]


def test_a_model_without_loss_scaling_is_told():
    model = net()
    model.compile("sgd", "mse")
    with pytest.raises(CourseError, match="without loss scaling"):
        model.fit(np.ones((2, 8)), np.ones((2, 2)), verbose=0, callbacks=[precision.watch_loss_scale()])


# --- compare


def test_compare_counts_and_times():
    table = precision.compare(precision.block("dense", 8), batch_size=4, repeats=2, seconds=0.001)
    assert table.policy.tolist() == [*precision.POLICIES] * 2 and table.step.tolist() == ["train"] * 3 + ["predict"] * 3
    assert (table.low > 0).all() and (table.low <= table.ms).all() and (table.ms <= table.high).all()
    assert table.times_faster[[0, 3]].tolist() == [1, 1] and not table.note.any()
    assert (table.weights_mib * 2**20 == 4 * 2 * (8 * 8 + 8)).all()
    assert (table.activations_mib[:2] * 2**20).tolist() == [4 * 4 * 24, 4 * (4 * 8 + 2 * 16)]
    assert current() == "float32"


def test_compare_goes_on_where_a_backend_cannot():
    class Picky(keras.layers.Layer):
        def call(self, x):
            if self.compute_dtype == "float16":
                raise NotImplementedError("no halves here\nmore of it")
            return x

        def compute_output_shape(self, shape):
            return shape

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, self.compute_dtype)

    def build():
        inputs = keras.Input((3,))
        return keras.Model(inputs, keras.layers.Dense(3)(Picky()(inputs)))

    table = precision.compare(build, repeats=1, seconds=0.001)
    bad = table.policy == "mixed_float16"
    assert table.ms.isna().tolist() == bad.tolist() and table.note[bad].str.contains("Picky").all()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: precision.block("dens", 8), "dense, convolution, attention"),
        (lambda: precision.block("attention", 6), "multiple of 4"),
        (lambda: precision.compare(net, repeats=0), "repeats: 0 found; expected 1 or more"),
        (lambda: precision.compare(net, policies=["float31"]), "no dtype policy"),
        (
            lambda: precision.compare(lambda: keras.Sequential([keras.Input((None, 3)), keras.layers.Dense(2)])),
            "known shape",
        ),
    ],
)
def test_a_wrong_request_is_one_line(call, message):
    with pytest.raises(CourseError, match=message) as error:
        call()
    assert "\n" not in str(error.value)

@pytest.mark.parametrize("dtype, layer", [("uint8", keras.layers.Rescaling(1 / 255)), ("int32", keras.layers.Embedding(2, 3))])
def test_compare_takes_whole_numbers(dtype, layer):
    def build():
        inputs = keras.Input((6,), dtype=dtype)
        first = type(layer).from_config(layer.get_config())  # one of its own for each model
        return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(first(inputs))))

    table = precision.compare(build, policies=["float32"], batch_size=2, repeats=1, seconds=0.001)
    assert (table.ms > 0).all() and not table.note.any()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: precision.compare(net, repeats=1.5), "repeats: 1.5 found; expected 1 or more"),
        (lambda: precision.block("dense", 8.5), "size: 8.5 found; expected 1 or more"),
        (lambda: precision.compare(net, policies=[]), "policies: .* found; expected a list of names"),
        (lambda: precision.compare(net, policies="float32"), "policies: 'float32' found; expected a list of names"),
        (lambda: precision.compare(net, batch_size=0), "batch_size: 0 found; expected 1 or more"),
        (lambda: precision.compare(lambda: keras.Sequential([keras.layers.Dense(2)])), "one input and one output of known shape"),
    ],
)
def test_a_request_that_compares_nothing_is_one_line(call, message):
    with pytest.raises(CourseError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


# --- the hardware


def test_the_hardware_of_an_intel_and_an_arm(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "_compute_capability", lambda: 8.0)
    (tmp_path / "intel").write_text("flags : fpu f16c avx512_bf16 amx_bf16\n")
    (tmp_path / "arm").write_text("Features : fp asimd asimdhp bf16\n")
    for name, there in (("intel", ["F16C", "AVX512_BF16", "AMX-BF16"]), ("arm", ["Arm FP16", "Arm BF16"])):
        table = precision.hardware(tmp_path / name)
        assert table.feature[table.here].tolist() == [*there, "tensor cores, float16", "tensor cores, bfloat16"]
    assert not precision.hardware(tmp_path / "missing").here[:5].any()


# --- elsewhere

BACKENDS = [name for name in ("jax", "torch") if importlib.util.find_spec(name)]
ELSEWHERE = """
import numpy as np, keras
from lib import precision
with precision.policy("mixed_float16"):
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4), keras.layers.Dense(2, dtype="float32")])
model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), initial_scale=4.0, dynamic_growth_steps=2), "mse")
watch = precision.watch_loss_scale()
model.fit(np.ones((10, 8)), np.ones((10, 2)), batch_size=2, verbose=0, callbacks=[watch])
assert watch.scales == [4, 8, 8, 16, 16], watch.scales
assert precision.dtype_audit(model).output.tolist() == ["float16", "float32"]
table = precision.compare(precision.block("convolution", 4), batch_size=2, repeats=1, seconds=0.001)
assert len(table) == 6 and (table.ms > 0).all()
print(keras.backend.backend(), "holds")
"""


@pytest.mark.skipif(not BACKENDS, reason="neither jax nor torch is installed here")
@pytest.mark.parametrize("backend", BACKENDS)
def test_another_backend(backend):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", ELSEWHERE], capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.stdout == f"{backend} holds\n", done.stderr[-2000:]


def test_the_benchmark_prints_a_table(tmp_path):
    call = [sys.executable, ROOT / "tests" / "benchmarks" / "precision.py", "--blocks", "dense", "--sizes", "8"]
    call += ["--repeats", "1", "--seconds", "0.001", "--tf32", "off", "--csv", tmp_path / "table.csv"]
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(re.findall(r"dense +8 +\w+ +(?:train|predict)", done.stdout)) == 6
    table = pd.read_csv(tmp_path / "table.csv")
    assert {"date", "device", "versions", "batch", "xla"} <= set(table) and (table.tf32 == "off").all()
    assert "TF32 off" in done.stdout


@pytest.mark.lesson("13")
def test_the_pictures_are_those_the_command_draws(tmp_path):
    subprocess.run([sys.executable, ROOT / "tests" / "draw_precision.py", tmp_path], check=True, capture_output=True)
    for picture in tmp_path.iterdir():
        assert picture.read_text() == (ROOT / "images" / picture.name).read_text()
        assert "<title>" in picture.read_text()
    assert len(list(tmp_path.iterdir())) == 2
