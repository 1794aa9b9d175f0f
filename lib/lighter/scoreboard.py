"""One scoreboard over models of every kind: accuracy, parameters, bytes, latency, memory, seconds, energy."""

import contextlib
import os
import tempfile
import time
import zlib

import keras
import numpy as np
import pandas as pd

from lib.lighter.checks import all_layers, check_built
from lib.lighter.quantization import LiteRT


def saved_bytes(model):
    """Return the size of a model's file, and of that file compressed, without the optimizer's state.

    The file of a trained Keras model also holds what its optimizer remembers, with Adam twice the weights: a fair
    comparison leaves it out.

    Args:
        model: a built `keras.Model`, or a `LiteRT`.

    Returns:
        Two int: bytes of the .keras or .tflite file, bytes after zlib.
    """
    if isinstance(model, LiteRT):
        return len(model.content), len(zlib.compress(model.content))
    check_built(model)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.keras")
        with _without_optimizer(model):
            model.save(path)
        with open(path, "rb") as file:
            content = file.read()
    return len(content), len(zlib.compress(content))


@contextlib.contextmanager
def _without_optimizer(model):
    nested = [layer for layer in all_layers(model) if isinstance(layer, keras.Model)]
    compiled = {each: each.optimizer for each in (model, *nested) if each.compiled}  # a model inside saves its own too
    try:
        for each in compiled:
            each.optimizer, each.compiled = None, False
        yield
    finally:
        for each, optimizer in compiled.items():
            each.optimizer, each.compiled = optimizer, True


def working_bytes(model, batch=1):
    """Compute the memory a prediction works in: the largest input and output of one layer together, in float32.

    Args:
        model: a built `keras.Model` whose layers have known shapes.
        batch: int, examples at a time.

    Returns:
        int, bytes.

    Raises:
        ValueError: the model is not built.
    """
    check_built(model)
    sizes = []
    for layer in all_layers(model):
        shapes = [
            tensor.shape for node in layer._inbound_nodes for tensor in [*node.input_tensors, *node.output_tensors]
        ]
        sizes.append(sum(batch * int(np.prod(shape[1:])) * 4 for shape in shapes))
    return max(sizes)


def latency(predict, x, repeats=30, warm=3):
    """Time a prediction, warm.

    Args:
        predict: called with x.
        x: array, shape (n, ...): the batch, one example for the latency of one.
        repeats: int, timed calls.
        warm: int, calls before them.

    Returns:
        Three float, milliseconds: the median, and the quartiles below and above it.
    """
    for _ in range(warm):
        predict(x)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        predict(x)
        times.append(1000 * (time.perf_counter() - start))
    low, middle, high = np.percentile(times, [25, 50, 75])
    return float(middle), float(low), float(high)


class Scoreboard:
    """Collects what each model costs and gives, on the same pictures and the same machine.

    Args:
        x: float32 test inputs, shape (n, ...).
        y: int labels, shape (n,).
        batch: int, examples of the latency of a batch.
        repeats: int, timed calls.
        watts: float, what the processor draws while it computes: an assumption, for the estimate of energy.

    Raises:
        ValueError: x and y disagree.
    """

    def __init__(self, x, y, batch=256, repeats=30, watts=20.0):
        if len(x) != len(y):
            raise ValueError(f"x has {len(x)} examples and y {len(y)}, expected as many")
        self.x = x
        self.y = y
        self.batch = batch
        self.repeats = repeats
        self.watts = watts
        self.rows = {}

    def add(self, name, model, training_seconds=np.nan, kind=""):
        """Measure a model and put it on the board; one of the same name is replaced.

        Args:
            name: str.
            model: a built `keras.Model` with one output a class, or a `LiteRT`.
            training_seconds: float, what its training took, with that of its teacher if it had one.
            kind: str, how it was made lighter, to colour it by in a figure.

        Returns:
            The model's row, a dict.
        """
        predict = model.predict if isinstance(model, LiteRT) else _compiled(model)
        size, compressed = saved_bytes(model)
        one, low, high = latency(predict, self.x[:1], self.repeats)
        many, *_ = latency(predict, self.x[: self.batch], self.repeats)
        batches = np.array_split(self.x, max(1, len(self.x) // self.batch))
        guesses = np.concatenate([np.asarray(predict(part)).argmax(axis=-1) for part in batches])
        keras_model = not isinstance(model, LiteRT)
        self.rows[name] = {
            "kind": kind,
            "accuracy": float((guesses == self.y).mean()),
            "parameters": model.count_params() if keras_model else pd.NA,
            "bytes": size,
            "compressed": compressed,
            "working_bytes": working_bytes(model) if keras_model else pd.NA,
            "ms_one": one,
            "ms_one_low": low,
            "ms_one_high": high,
            "ms_batch": many,
            "training_seconds": float(training_seconds),
            "joules_per_thousand": many / 1000 * self.watts * 1000 / self.batch,
        }
        return self.rows[name]

    def frame(self):
        """Return the board as a DataFrame, one row a model, in the order in which they came."""
        return pd.DataFrame.from_dict(self.rows, orient="index").astype(
            {"parameters": "Int64", "working_bytes": "Int64"}
        )


def _compiled(model):
    """Return a compiled call of a model: `predict` would time Keras' own loop, which is the same for all."""
    if keras.backend.backend() != "tensorflow":
        return lambda x: model.predict(x, verbose=0)
    import tensorflow as tf

    call = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    return lambda x: call(tf.convert_to_tensor(x)).numpy()
