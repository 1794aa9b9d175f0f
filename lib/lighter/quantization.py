"""Fewer bits a weight: Keras' own quantization, and LiteRT files with the interpreter that runs them."""

import contextlib
import logging
import tempfile
import warnings

import keras
import numpy as np
import pandas as pd

from lib.lighter.checks import all_layers, check_built
from lib.streams import quiet

KINDS = ("float32", "dynamic", "int8")


def quantized(model, mode="int8"):
    """Return a quantized copy of a model; Keras quantizes Dense layers only, and the model itself stays as it is.

    Args:
        model: a built `keras.Model`.
        mode: "int8" or "int4", as `keras.Model.quantize` takes it.

    Returns:
        A `keras.Model` without an optimizer.

    Raises:
        ValueError: the model is not built.
    """
    check_built(model)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a line for each layer that has nothing to quantize: see `dtypes`
        copy.quantize(mode)
    return copy


def dtypes(model):
    """Say what each layer's weights are kept in.

    Args:
        model: a built `keras.Model`.

    Returns:
        A DataFrame, one row a layer with weights: layer, kind, dtypes (str), weights (int), bytes (int).

    Raises:
        ValueError: the model is not built.
    """
    check_built(model)
    rows = []
    for layer in all_layers(model):
        own = [] if hasattr(layer, "layers") else layer.weights
        if own:
            kinds = sorted({keras.backend.standardize_dtype(w.dtype) for w in own})
            size = sum(np.prod(w.shape, dtype=int) * _item_bytes(w.dtype) for w in own)
            count = sum(int(np.prod(w.shape)) for w in own)
            rows.append(
                {
                    "layer": layer.name,
                    "kind": type(layer).__name__,
                    "dtypes": ", ".join(kinds),
                    "weights": count,
                    "bytes": int(size),
                }
            )
    return pd.DataFrame(rows)


def _item_bytes(dtype):
    return {"int4": 1, "bfloat16": 2}.get(name := keras.backend.standardize_dtype(dtype)) or np.dtype(name).itemsize


def to_litert(model, kind="float32", calibration=None):
    """Convert a model to a LiteRT file, as phones and small devices run it.

    Args:
        model: a built `keras.Model` with one input and one output.
        kind: "float32"; "dynamic" for weights in int8 and activations in float32; "int8" for both, and for input and
            output too.
        calibration: float32 array, shape (n, ...), as the model takes it: some hundred examples from which the
            converter learns the range of each activation; for "int8" only.

    Returns:
        bytes, the content of a .tflite file.

    Raises:
        ValueError: the kind is unknown, the model is not built, or calibration is missing or of another shape.
    """
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} is not one of {', '.join(KINDS)}")
    check_built(model)
    if kind == "int8":
        _check_calibration(model, calibration)
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder, _no_words():
        model.export(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if kind != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if kind == "int8":
            converter.representative_dataset = lambda: ([example[None]] for example in calibration)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        return converter.convert()


def _check_calibration(model, calibration):
    wanted = tuple(model.input_shape[1:])
    if calibration is None or len(calibration) == 0:
        raise ValueError(f"kind='int8' needs calibration, an array of shape (n, {', '.join(map(str, wanted))})")
    if tuple(calibration.shape[1:]) != wanted or calibration.dtype != np.float32:
        raise ValueError(
            f"calibration is {calibration.dtype} of shape {calibration.shape}, "
            f"expected float32 of shape (n, {', '.join(map(str, wanted))})"
        )


@contextlib.contextmanager
def _no_words():
    """Keep what the converter says, also past Python, off the page."""
    logger = logging.getLogger("tensorflow")  # in a notebook it writes past the file descriptors, into the cell
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with quiet(1, 2), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


class LiteRT:
    """A LiteRT file in its interpreter, with float32 in and out whatever it computes in.

    Args:
        content: bytes of a .tflite file with one input and one output.
        threads: int, threads of the interpreter.
    """

    def __init__(self, content, threads=1):
        from ai_edge_litert.interpreter import Interpreter

        self.content = content
        with _no_words():
            self.interpreter = Interpreter(model_content=content, num_threads=threads)
            self.interpreter.allocate_tensors()
        self.shape = tuple(int(n) for n in self.interpreter.get_input_details()[0]["shape"][1:])

    def predict(self, x):
        """Run a batch.

        Args:
            x: float32 array, shape (n, ...).

        Returns:
            A float32 array, shape (n, outputs).

        Raises:
            ValueError: x has another shape.
        """
        x = np.asarray(x, np.float32)
        if x.shape[1:] != self.shape:
            raise ValueError(f"x has shape {x.shape}, expected (n, {', '.join(map(str, self.shape))})")
        entry = self.interpreter.get_input_details()[0]
        if tuple(entry["shape"]) != x.shape:
            self.interpreter.resize_tensor_input(entry["index"], x.shape)
            with _no_words():
                self.interpreter.allocate_tensors()
        self.interpreter.set_tensor(entry["index"], _to_integers(x, entry))
        self.interpreter.invoke()
        leave = self.interpreter.get_output_details()[0]
        return _to_floats(self.interpreter.get_tensor(leave["index"]), leave)


def _to_integers(x, detail):
    scale, zero = detail["quantization"]
    if not scale:
        return x
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.round(x / scale) + zero, limits.min, limits.max).astype(detail["dtype"])


def _to_floats(y, detail):
    scale, zero = detail["quantization"]
    return y if not scale else (y.astype(np.float32) - zero) * np.float32(scale)
