"""A dtype policy that restores itself, the dtypes of every layer, the loss scale over steps, and what a step costs.

Everything here asks Keras alone, so it runs on its TensorFlow, JAX and PyTorch backends.
"""

import contextlib
import statistics
import time

import numpy as np
import pandas as pd

from lib import arrays, machine
from lib.errors import CourseError, did_you_mean, first_line

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")
BLOCKS = ("dense", "convolution", "attention")
MIB = 2**20

# What a processor's flag in /proc/cpuinfo promises: a matrix product, against float32 on the same core. The factors
# follow from the width of the instructions (Intel, "Intrinsics Guide"; Arm, "A-profile architecture").
CPU_FEATURES = {
    "f16c": ("F16C", "converts float16, and computes in float32: no gain"),
    "avx512_bf16": ("AVX512_BF16", "bfloat16 up to 2 times float32"),
    "avx512_fp16": ("AVX512_FP16", "float16 up to 2 times float32"),
    "amx_bf16": ("AMX-BF16", "bfloat16 up to 16 times float32"),
    "amx_fp16": ("AMX-FP16", "float16 up to 16 times float32"),
    "asimdhp": ("Arm FP16", "float16 up to 2 times float32"),
    "bf16": ("Arm BF16", "bfloat16 up to 4 times float32"),
}
# The same of a GPU's tensor cores, from the compute capability on that has them (NVIDIA, "CUDA Programming Guide").
GPU_FEATURES = {
    7.0: ("tensor cores, float16", "float16 up to 16 times float32"),
    8.0: ("tensor cores, bfloat16", "bfloat16 up to 16 times float32"),
    8.9: ("tensor cores, float8", "float8 twice float16"),
}


# --- the policy


@contextlib.contextmanager
def policy(name):
    """Set Keras' dtype policy for a block, and put back what was there before, also after an error.

    Keras keeps the policy per thread, and `clear_session`, which KerasTuner calls before every trial, drops it: use
    the block in the thread and in the model-building function that build the model. It serves as a decorator too.

    Args:
        name: "float32", "mixed_bfloat16", "mixed_float16", any other name that `keras.config.set_dtype_policy` takes,
            such as "float8_from_mixed_bfloat16", or a policy.

    Yields:
        The `keras.DTypePolicy` in force.

    Raises:
        CourseError: Keras has no policy of that name.
    """
    import keras

    wanted = _policy(name)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(wanted)
    try:
        yield wanted
    finally:
        keras.config.set_dtype_policy(before)


def _policy(name):
    import keras

    if isinstance(name, keras.DTypePolicy):
        return name
    try:
        if isinstance(name, str):
            return keras.dtype_policies.get(name)
        raise TypeError
    except (ValueError, TypeError, NotImplementedError):
        meant = did_you_mean(str(name), POLICIES, repr)
        known = ", ".join(POLICIES)
        raise CourseError(f"Keras has no dtype policy {name!r}.{meant} Policies of this course: {known}.") from None


# --- what is kept in which dtype


def dtype_audit(model):
    """Say for each layer of a model in which dtypes it computes, keeps its weights and hands on its output.

    Args:
        model: a `keras.Model` whose layers have been called: functional, or sequential with its input shape known.
            Models inside it are opened, their layers named "model/layer".

    Returns:
        A DataFrame, one row a layer: layer, type, compute ("-" for an input, which computes nothing; of a wrapper that
        of the layers inside it), variables, output (dtypes), parameters (int), and
        activation_bytes (Int64, for one sample; missing where the shape of the output is open).
        A layer that is called several times, or in several of the models inside, is counted once, by its first call.

    Raises:
        CourseError: this is no model, or one without layers, or with layers that have not been called on anything yet.
    """
    rows = [_audit_row(name, layer, owner) for name, layer, owner in _layers(model, set())]
    if not rows:
        raise arrays.refused("model", "no layers", "a model made of layers")
    return pd.DataFrame(rows).astype({"activation_bytes": "Int64"})


def _layers(model, seen, prefix=""):
    """Yield the name, the layer, and the innermost model that it is in, of each layer that is not among the ids `seen`."""
    import keras

    if not isinstance(model, keras.Model):
        raise arrays.refused("model", f"a {type(model).__name__}", "a keras.Model")
    for layer in model.layers:
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        if isinstance(layer, keras.Model):
            yield from _layers(layer, seen, f"{prefix}{layer.name}/")
        else:
            yield f"{prefix}{layer.name}", layer, model


def _audit_row(name, layer, owner):
    import keras

    from lib.lighter.checks import calls
    from lib.lighter.quantization import count_weights

    own = calls(owner)
    outputs = next((node.output_tensors for node in layer._inbound_nodes if node in own), None)
    if outputs is None:
        raise CourseError(
            f"The layer {name!r} has no output yet: give the model an input shape (keras.Input), then audit it."
        )
    variables = sorted({keras.backend.standardize_dtype(weight.dtype) for weight in layer.weights})
    sizes = [_bytes(output) for output in outputs]
    return {
        "layer": name,
        "type": type(layer).__name__,
        "compute": "-" if isinstance(layer, keras.layers.InputLayer) else ", ".join(_computes(layer)),
        "variables": ", ".join(variables) or "-",
        "output": ", ".join(sorted({keras.backend.standardize_dtype(output.dtype) for output in outputs})),
        "parameters": count_weights(layer),
        "activation_bytes": None if None in sizes else sum(sizes),
    }


def _computes(layer):
    """Return the dtypes in which a layer computes: of a layer with layers inside, those of the innermost."""
    inside = layer._flatten_layers(include_self=False)
    innermost = [each for each in inside if not each._flatten_layers(include_self=False)]
    return sorted({each.compute_dtype for each in innermost or [layer]})


def _bytes(output):
    """Return the bytes of one sample of a symbolic tensor, or None where its shape is open, or strings have no size."""
    if None in output.shape[1:] or output.dtype == "string":
        return None
    return int(np.prod(output.shape[1:])) * arrays.item_bytes(output.dtype)


# --- the loss scale


def watch_loss_scale():
    """Make a callback for `fit` that notes the loss scale after each batch.

    Returns:
        A `keras.callbacks.Callback`; its `scales` is a list of float, one a batch.

    Raises (in `fit`):
        CourseError: the model trains without loss scaling.
    """
    import keras

    class LossScale(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.scales = []

        def on_train_begin(self, logs=None):
            if not isinstance(self.model.optimizer, keras.optimizers.LossScaleOptimizer):
                raise CourseError(
                    "This model trains without loss scaling: its own policy is not mixed_float16, or it was "
                    "compiled with auto_scale_loss=False."
                )

        def on_train_batch_end(self, batch, logs=None):
            if hasattr(self.model, "jax_state_sync"):  # on JAX, `fit` keeps the variables to itself until then
                self.model.jax_state_sync()
            self.scales.append(float(keras.ops.convert_to_numpy(self.model.optimizer.dynamic_scale)))

    return LossScale()


# --- speed and memory


def block(kind, size):
    """Make a function that builds a block of a network, for `compare`.

    Args:
        kind: "dense" (two layers of `size` units), "convolution" (two 3 x 3 convolutions of `size` channels on
            pictures of 32 x 32) or "attention" (four heads over 64 tokens of `size` numbers, then a dense layer).
        size: its width, 4 or more; a multiple of 4 for attention.

    Returns:
        A function without arguments that returns an uncompiled `keras.Model`.

    Raises:
        CourseError: an unknown kind, or a size that does not fit.
    """
    if kind not in BLOCKS:
        raise CourseError(f"There is no block {kind!r}; there are: {', '.join(BLOCKS)}.")
    size = arrays.whole("size", size, least=1)
    if size < 4 or (kind == "attention" and size % 4):
        raise CourseError(f"size={size} does not fit: 4 or more, and a multiple of 4 for attention.")

    def build():
        import keras

        layers = keras.layers
        if kind == "dense":
            inputs = keras.Input((size,))
            x = layers.Dense(size)(layers.Dense(size, activation="relu")(inputs))
        elif kind == "convolution":
            inputs = keras.Input((32, 32, size))
            x = layers.Conv2D(size, 3, padding="same", activation="relu")(inputs)
            x = layers.Conv2D(size, 3, padding="same")(x)
        else:
            inputs = keras.Input((64, size))
            x = layers.MultiHeadAttention(num_heads=4, key_dim=size // 4)(inputs, inputs)
            x = layers.Dense(size)(layers.add([inputs, x]))
        return keras.Model(inputs, x)

    return build


def compare(model_fn, policies=POLICIES, batch_size=64, repeats=5, seconds=0.1, jit_compile="auto"):
    """Time a training step and a prediction of the same model under several dtype policies.

    Each model is compiled with Adam and mean squared error and sees one batch of random numbers. Compilation and two
    first calls are not counted. Then the policies take turns, `repeats` times, so that a machine that slows down
    slows all of them. A call ends when its result has arrived as numbers, so nothing is left running.

    Args:
        model_fn: a function without arguments that builds an uncompiled `keras.Model` with one input and one output
            of known shapes.
        policies: names of dtype policies; the first is the one that the others are measured against.
        batch_size: samples in a step.
        repeats: measurements of each; at least 1.
        seconds: how long one measurement goes on at least, in seconds (one call, if that takes longer).
        jit_compile: as in `Model.compile`: whether XLA (on TensorFlow and JAX) compiles the step.

    Returns:
        A DataFrame, two rows a policy: policy, step ("train" or "predict"), ms (median milliseconds of a call),
        low, high (the fastest and slowest measurement), times_faster (than the first policy, of the medians),
        weights_mib and activations_mib (MiB: all variables of the layers, and the outputs of all layers for one
        batch, counted from dtypes and shapes by `dtype_audit`, not measured), and note: empty, or what the backend
        said where it cannot run the model under that policy; its times are then missing.

    Raises:
        CourseError: an unknown policy, fewer than one repeat, or a shape that is not known.
    """
    arrays.whole("repeats", repeats, least=1)
    arrays.whole("batch_size", batch_size, least=1)
    if isinstance(policies, str) or not policies:
        raise arrays.refused("policies", repr(policies), "a list of names of dtype policies")
    policies = list(policies)
    models = {name: _ready(model_fn, name, batch_size, jit_compile) for name in policies}
    calls = {(name, step): call for name, (_, steps) in models.items() for step, call in steps.items()}
    warm = {key: _warm(call, seconds) for key, call in calls.items()}
    times = {key: [] for key in calls}
    for _ in range(repeats):
        for key, call in calls.items():
            count, note = warm[key]
            times[key].append(np.nan if note else 1000 * _seconds(call, count))
    rows = [
        {"policy": name, "step": step, "ms": statistics.median(ms), "low": min(ms), "high": max(ms)}
        for (name, step), ms in times.items()
    ]
    table = pd.DataFrame(rows).sort_values("step", ascending=False, kind="stable", ignore_index=True)
    first = table.step.map(table[table.policy == policies[0]].set_index("step").ms)
    memory = pd.DataFrame({name: _memory(model, batch_size) for name, (model, _) in models.items()}).T
    notes = [warm[key][1] for key in zip(table.policy, table.step, strict=True)]
    return table.assign(times_faster=first / table.ms).join(memory, on="policy").assign(note=notes)


def _ready(model_fn, name, batch_size, jit_compile):
    """Build and compile a model under a policy; return it with its two calls, a dict from step to function."""
    import keras

    with policy(name):
        model = model_fn()
    model.compile("adam", "mse", jit_compile=jit_compile)
    rng = np.random.default_rng(1)
    x, y = (_random(getattr(model, side, None), batch_size, rng) for side in ("inputs", "outputs"))
    x, y = (keras.ops.convert_to_tensor(array) for array in (x, y))
    return model, {"train": lambda: model.train_on_batch(x, y), "predict": lambda: model.predict_on_batch(x)}


def _random(tensors, batch_size, rng):
    import keras

    shapes = [tensor.shape for tensor in keras.tree.flatten(tensors) if tensor is not None]
    if len(shapes) != 1 or None in shapes[0][1:]:
        raise CourseError(f"compare needs one input and one output of known shape, not {shapes or 'none'}.")
    shape = (batch_size, *shapes[0][1:])
    if "int" in keras.backend.standardize_dtype(keras.tree.flatten(tensors)[0].dtype):
        return rng.integers(0, 2, shape, dtype="uint8")  # small: it may be an index
    return rng.standard_normal(shape, dtype="float32")


def _warm(call, seconds):
    """Call twice, the second time on the clock; return how many calls fill `seconds`, and why it cannot be called."""
    try:
        call()
    except Exception as error:  # a backend without this operation in these bits says so in its own way
        return 0, first_line(error, type(error).__name__)
    return max(1, round(seconds / max(_seconds(call, 1), 1e-6))), ""


def _seconds(call, count):
    began = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - began) / count


def _memory(model, batch_size):
    weights = sum(int(np.prod(w.shape)) * arrays.item_bytes(w.dtype) for w in model.weights)
    activations = int(dtype_audit(model).activation_bytes.sum()) * batch_size
    return {"weights_mib": weights / MIB, "activations_mib": activations / MIB}


# --- what the hardware should give


def hardware(cpuinfo="/proc/cpuinfo"):
    """Name the hardware's features that speed 16 bits up, and what each should give.

    Args:
        cpuinfo: the file that lists the processor's flags, on Linux.

    Returns:
        A DataFrame: feature, here (boolean, missing where the system does not tell), should give (str). macOS and
        Windows are asked in their own way. A GPU is asked for by `nvidia-smi`.
    """
    found = machine.flags(cpuinfo)
    arm = machine.is_arm(found)
    rows = [
        (label, machine.can(flag, found), gives)
        for flag, (label, gives) in CPU_FEATURES.items()
        if label.startswith("Arm") == arm
    ]
    rows += [(label, _compute_capability() >= least, gives) for least, (label, gives) in GPU_FEATURES.items()]
    return pd.DataFrame(rows, columns=["feature", "here", "should give"]).astype({"here": "boolean"})


def _compute_capability():
    """Return the best compute capability of this machine's NVIDIA GPUs, and 0.0 where there is none."""
    with contextlib.suppress(ValueError):  # an old driver does not know the question
        return max(map(float, machine.gpus("compute_cap")), default=0.0)
    return 0.0
