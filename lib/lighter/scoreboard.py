"""One scoreboard over models of every kind: accuracy, parameters, bytes, latency, memory, seconds, energy."""

import contextlib
import os
import tempfile
import time
import zlib

import keras
import numpy as np
import pandas as pd

from lib import arrays
from lib.arrays import refused
from lib.errors import CourseError
from lib.lighter.checks import all_layers, calls, check_built
from lib.lighter.onnx import ONNX
from lib.lighter.pruning import without_masks
from lib.lighter.quantization import LiteRT, count_weights

COLUMNS = (
    "kind", "accuracy", "parameters", "bytes", "compressed", "working_bytes", "ms_one", "ms_one_low", "ms_one_high", "ms_one_p95",
    "ms_batch", "cores", "training_seconds", "joules_per_thousand",
)
FILES = (LiteRT, ONNX)  # what runs without Keras


def saved_bytes(model):
    """Return the size of a model's file, and of that file compressed, without what only training needs.

    The file of a trained Keras model also holds what its optimizer remembers, with Adam twice the weights, and the masks
    of `Pruning`: a fair comparison leaves them out.

    Args:
        model: a built `keras.Model`, a `LiteRT` or an `ONNX`.

    Returns:
        Two int: bytes of the .keras, .tflite or .onnx file, bytes after zlib.
    """
    if isinstance(model, FILES):
        return len(model.content), len(zlib.compress(model.content))
    check_built(model)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.keras")
        with _without_optimizer(model), without_masks(model):
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
        CourseError: the model is not built, or the shape of a layer is open or unknown.
    """
    check_built(model)
    nodes = [node for each in [model, *all_layers(model)] for node in calls(each)]
    if not nodes:
        raise refused("model", "layers of unknown shapes", "a Sequential or functional model with an Input layer")
    return max(batch * _working_bytes(node.operation.name, [*node.input_tensors, *node.output_tensors]) for node in nodes)


def _working_bytes(name, tensors):
    for tensor in tensors:
        if None in tensor.shape[1:]:
            raise refused("model", f"the open shape {tensor.shape} at layer {name!r}", "known sizes")
    return sum(4 * int(np.prod(tensor.shape[1:])) for tensor in tensors)


def latency(predict, x, repeats=30, warm=3):
    """Time a prediction, warm.

    Args:
        predict: called with x.
        x: array, shape (n, ...): the batch, one example for the latency of one.
        repeats: int, timed calls.
        warm: int, calls before them.

    Returns:
        Four float, milliseconds: the median, the quartiles below and above it, and what 95 in 100 calls stay within.

    Raises:
        CourseError: fewer than one timed call.
    """
    repeats = arrays.whole("repeats", repeats, least=1)
    warm = arrays.whole("warm", warm)
    for _ in range(warm):
        predict(x)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        predict(x)
        times.append(1000 * (time.perf_counter() - start))
    low, middle, high, late = np.percentile(times, [25, 50, 75, 95])
    return float(middle), float(low), float(high), float(late)


def core_seconds(predict, x, seconds=0.1):
    """Measure how long a prediction keeps cores busy, those of all its threads together.

    Args:
        predict: called with x, again and again.
        x: array, shape (n, ...).
        seconds: float, how long: some systems count the processor's time in steps of a sixtieth of a second.

    Returns:
        A float, seconds of a core for one call. What others compute meanwhile does not count.
    """
    began, used, calls = time.perf_counter(), time.process_time(), 0
    while not calls or time.perf_counter() - began < seconds:
        predict(x)
        calls += 1
    return (time.process_time() - used) / calls


class Scoreboard:
    """Collects what each model costs and gives, on the same pictures and the same machine.

    Args:
        x: float32 test inputs, shape (n, ...); for a model of several inputs a tuple, list or dict of them.
        y: classes: int from 0 on, names in whose sorted order the outputs are, or one-hot rows; shape (n,), (n, 1) or
            (n, n_classes). For a model that names a class at each place of a sequence, (n, places).
        batch: int, examples of the latency of a batch; all, where there are fewer.
        repeats: int, timed calls of a batch; of one example five times as many.
        watts: float, what one busy core draws: an assumption, for the estimate of energy.

    Raises:
        CourseError: x and y disagree, or a number is out of its range.
    """

    def __init__(self, x, y, batch=256, repeats=30, watts=20.0):
        self.y = arrays.array("y", y)
        self.x = _inputs(x, len(self.y) if self.y.ndim else 0)
        self.batch = arrays.whole("batch", batch, least=1)
        self.repeats = arrays.whole("repeats", repeats, least=1)
        self.watts = arrays.number("watts", watts, above=0)
        self.rows = {}
        self.right = {}  # of each model which answers are right, for comparisons picture by picture

    def add(self, name, model, training_seconds=np.nan, kind=""):
        """Measure a model and put it on the board; one of the same name is replaced.

        Args:
            name: str.
            model: a built `keras.Model`, a `LiteRT` or an `ONNX`, with one output a class; or with one alone, the probability
                of class 1 of two (or its logit, where the model's loss says `from_logits`).
            training_seconds: float, what its training took, with that of its teacher if it had one.
            kind: str, how it was made lighter, to colour it by in a figure.

        Returns:
            The model's row, a dict.

        Raises:
            CourseError: the model's outputs are not finite, or do not name the classes of y.
        """
        is_keras = not isinstance(model, FILES)
        predict = _compiled(model) if is_keras else model.predict
        n = len(self.y)
        parts = np.array_split(np.arange(n), max(1, n // self.batch))
        said = [_said(model, predict, _rows(self.x, slice(part[0], part[-1] + 1))) for part in parts]
        right = _right(np.concatenate(said), self.y, from_logits=is_keras and _says_logits(model))
        size, compressed = saved_bytes(model)
        one, low, high, late = latency(predict, _rows(self.x, slice(1)), 5 * self.repeats)
        batch = _rows(self.x, slice(self.batch))
        many, *_ = latency(predict, batch, self.repeats)
        busy = core_seconds(predict, batch)
        self.right[name] = right
        self.rows[name] = {
            "kind": kind,
            "accuracy": float(right.mean()),
            "parameters": count_weights(model) if is_keras else pd.NA,
            "bytes": size,
            "compressed": compressed,
            "working_bytes": _known_working_bytes(model) if is_keras else pd.NA,
            "ms_one": one,
            "ms_one_low": low,
            "ms_one_high": high,
            "ms_one_p95": late,
            "ms_batch": many,
            "cores": 1000 * busy / many,
            "training_seconds": float(training_seconds),
            "joules_per_thousand": busy * self.watts * 1000 / min(n, self.batch),
        }
        return self.rows[name]

    def frame(self):
        """Return the board as a DataFrame, one row a model, in the order in which they came."""
        return pd.DataFrame.from_dict(self.rows, orient="index", columns=list(COLUMNS)).astype(
            {"parameters": "Int64", "working_bytes": "Int64"}
        )


def _inputs(x, n):
    """Return an array, or the structure of arrays that several inputs are; each has n examples, 1 or more."""
    listed = isinstance(x, list) and len(x) != n and all(isinstance(each, np.ndarray) for each in x)
    several = listed or isinstance(x, (tuple, dict))
    x = keras.tree.map_structure(lambda each: arrays.array("x", each), x) if several else arrays.array("x", x)
    for each in keras.tree.flatten(x):
        examples = len(each) if each.ndim else 0
        if examples != n or not n:
            raise CourseError(f"x has {examples} examples and y {n}, expected as many, and 1 or more")
    return x


def _rows(x, part):
    return keras.tree.map_structure(lambda each: each[part], x)


def _said(model, predict, x):
    try:
        outputs = keras.tree.flatten(predict(x))
    except CourseError:
        raise
    except Exception:  # what Keras and TensorFlow say of it takes many lines
        found = ", ".join(f"{each.dtype} of shape {each.shape}" for each in keras.tree.flatten(x))
        wanted = [str(each.shape) for each in keras.tree.flatten(getattr(model, "inputs", None) or [])]
        raise refused("x", found, f"what the model takes{': ' * bool(wanted)}{', '.join(wanted)}") from None
    if len(outputs) != 1:
        raise refused("model", f"{len(outputs)} outputs", "one, whose classes y names")
    return np.asarray(outputs[0])


def _right(said, y, from_logits=False):
    """Return for each answer whether it is right; said: outputs, shape (n, ..., n_classes), or (n, ..., 1) for two classes."""
    said = arrays.numbers("the model's output", said)
    said = said[:, None] if said.ndim == 1 else said
    places, columns = said.shape[:-1], said.shape[-1]
    n_classes = max(2, columns)
    if y.dtype.kind == "f" and (y == np.round(y)).all():
        y = y.astype(int)
    if y.shape not in (places, (*places, 1), (*places, n_classes)):
        raise refused("y", f"shape {y.shape}", f"{places}, as the model's output says")
    y = y.reshape(np.prod(places), *y.shape[len(places) :])
    truth = arrays.class_numbers("y", y, len(y), n_classes)
    if columns > 1:
        return said.reshape(-1, columns).argmax(axis=1) == truth
    said = said.reshape(-1)
    odd = said[(said < 0) | (said > 1)]
    if len(odd) and not from_logits:
        raise refused("the model's output", f"{odd[0]:.4g} alone", "a probability, or one output a class: a board is for classes")
    return (said > (0 if from_logits else 0.5)) == truth


def _says_logits(model):
    losses = keras.tree.flatten(getattr(model, "loss", None))  # that of one output may come in a list or a dict
    return any(getattr(loss, "from_logits", False) for loss in losses)


def _known_working_bytes(model):
    try:
        return working_bytes(model)
    except CourseError:
        return pd.NA


def _compiled(model):
    """Return a compiled call of a model: `predict` would time Keras' own loop, which is the same for all."""
    check_built(model)
    if keras.backend.backend() != "tensorflow":
        return lambda x: model.predict(x, verbose=0)
    import tensorflow as tf

    call = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    tensors, numpy = tf.convert_to_tensor, lambda tensor: tensor.numpy()
    return lambda x: keras.tree.map_structure(numpy, call(keras.tree.map_structure(tensors, x)))
