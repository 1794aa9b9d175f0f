"""Fewer bits a weight: Keras' own quantization, and LiteRT files with the interpreter that runs them."""

import tempfile
import warnings

import keras
import numpy as np
import pandas as pd

from lib import arrays
from lib.arrays import refused
from lib.errors import CourseError, first_line
from lib.lighter.checks import all_layers, check_built, fits, no_words
from lib.lighter.pruning import without_masks

KINDS = ("float32", "float16", "dynamic", "int8")
MODES = ("int8", "int4")
BESIDE = ("scale", "zero", "g_idx", "history")  # how the names of those variables end by which a quantized weight is read
PACKED = ("kernel", "embeddings", "reverse_embeddings")  # what int4 keeps two of in a byte


def quantized(model, mode="int8"):
    """Return a copy of a model with its Dense layers and embeddings quantized; the model itself stays as it is.

    Args:
        model: a built `keras.Model`.
        mode: "int8" or "int4", as `keras.Model.quantize` takes it.

    Returns:
        A `keras.Model` without an optimizer.

    Raises:
        CourseError: the model is not built, it is quantized already, or the mode is unknown.
    """
    check_built(model)
    check_not_quantized(model)
    if mode not in MODES:
        raise refused("mode", repr(mode), " or ".join(map(repr, MODES)))
    with without_masks(model):  # zeros stay zeros without them: what is quantized is not trained
        copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a line for each layer that has nothing to quantize: see `dtypes`
        copy.quantize(mode)
    return copy


def check_not_quantized(model):
    """Raise a CourseError if a layer of a model is quantized: its kernel is then not the numbers it stands for."""
    names = [layer.name for layer in all_layers(model) if _mode(layer)]
    if names:
        raise refused("model", f"quantized layers ({', '.join(names)})", "the model as it was before")


def count_weights(model):
    """Count the weights of a model or layer: of a quantized one those that it had before, without what reads them.

    Args:
        model: a built `keras.Model`, or a layer.

    Returns:
        int.
    """
    layers = [model, *all_layers(model)]
    return sum(count for layer in layers for weight, count in _counts(layer) if not _is_beside(layer, weight))


def _counts(layer):
    """Yield the variables of a layer, not of those inside it, each with how many numbers it stands for."""
    inside = {id(weight) for each in all_layers(layer) for weight in each.weights}
    for weight in layer.weights:
        if id(weight) not in inside:
            whole = getattr(layer, weight.name) if _is_packed(layer, weight) else weight
            yield weight, int(np.prod(whole.shape))


def _is_packed(layer, weight):
    return _mode(layer) == "int4" and weight.name in PACKED


def _is_beside(layer, weight):
    return _mode(layer) is not None and weight.name.endswith(BESIDE)


def _mode(layer):
    return getattr(layer, "quantization_mode", None)


def dtypes(model):
    """Say what each layer's weights are kept in.

    Args:
        model: a built `keras.Model`.

    Returns:
        A DataFrame, one row a layer with weights of its own: layer, kind, dtypes (str), weights (int: the numbers that
        it keeps, scales too), bytes (int).

    Raises:
        CourseError: the model is not built.
    """
    check_built(model)
    rows = []
    for layer in [model, *all_layers(model)]:
        counts = list(_counts(layer))
        if counts:
            kinds = {"int4" if _is_packed(layer, w) else keras.backend.standardize_dtype(w.dtype) for w, _ in counts}
            rows.append(
                {
                    "layer": layer.name,
                    "kind": type(layer).__name__,
                    "dtypes": ", ".join(sorted(kinds)),
                    "weights": sum(count for _, count in counts),
                    "bytes": sum(int(np.prod(w.shape)) * arrays.item_bytes(w.dtype) for w, _ in counts),
                }
            )
    return pd.DataFrame(rows, columns=["layer", "kind", "dtypes", "weights", "bytes"])


def to_litert(model, kind="float32", calibration=None):
    """Convert a model to a LiteRT file, as phones and small devices run it.

    Args:
        model: a built `keras.Model` with one input and one output.
        kind: "float32"; "float16" for weights kept in 16 bits; "dynamic" for weights kept in int8, with float32 between
            the layers; "int8" for both, and for input and output too.
        calibration: array, shape (n, ...), as the model takes it: some hundred examples from which the converter
            learns the range of each activation; for "int8" only.

    Returns:
        bytes, the content of a .tflite file.

    Raises:
        CourseError: the kind is unknown, the model is not built or has several inputs or outputs, calibration is
            missing, of another shape or not finite, or the converter cannot express the model.
    """
    if kind not in KINDS:
        raise CourseError(f"kind={kind!r} is not one of {', '.join(KINDS)}")
    check_built(model)
    _check_one(*(len(keras.tree.flatten(getattr(model, side, None))) for side in ("inputs", "outputs")))
    if kind == "int8":
        calibration = _calibration(model, calibration)
    import tensorflow as tf

    try:
        with tempfile.TemporaryDirectory() as folder, no_words("tensorflow"):
            model.export(folder, verbose=False)
            converter = tf.lite.TFLiteConverter.from_saved_model(folder)
            if kind != "float32":
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
            if kind == "float16":
                converter.target_spec.supported_types = [tf.float16]
            if kind == "int8":
                converter.representative_dataset = lambda: ([example[None]] for example in calibration)
                converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
                converter.inference_input_type = converter.inference_output_type = tf.int8
            return converter.convert()
    except Exception as error:  # the converter has errors of its own, of many lines
        raise CourseError(f"LiteRT cannot express this model as {kind}: {first_line(error, type(error).__name__)}") from None


def _check_one(inputs, outputs):
    if (inputs, outputs) != (1, 1):
        raise refused("model", f"{inputs} inputs and {outputs} outputs", "one of each, as LiteRT is used here")


def _calibration(model, calibration):
    if not getattr(model, "inputs", None):
        raise refused("model", "no shape of its input", "one with an Input layer")
    wanted = tuple(model.inputs[0].shape[1:])
    words = f"shape (n, {', '.join('any' if size is None else str(size) for size in wanted)})"
    found = np.zeros(0) if calibration is None else arrays.numbers("calibration", calibration)
    if not found.size:
        raise CourseError(f"kind='int8' needs calibration, an array of {words}")
    if not fits(found.shape[1:], wanted):
        dtype = getattr(calibration, "dtype", "a list")
        raise CourseError(f"calibration is {dtype} of shape {found.shape}, expected float32 of {words}")
    return found.astype(keras.backend.standardize_dtype(model.inputs[0].dtype))


class LiteRT:
    """A LiteRT file in its interpreter, with float32 in and out whatever it computes in.

    Args:
        content: bytes of a .tflite file with one input and one output.
        threads: int, threads of the interpreter.

    Raises:
        CourseError: the content is no such file.
    """

    def __init__(self, content, threads=1):
        from ai_edge_litert.interpreter import Interpreter

        if not isinstance(content, (bytes, bytearray)):
            raise refused("content", f"a {type(content).__name__}", "the bytes of a .tflite file: Path(name).read_bytes()")
        self.content = bytes(content)
        threads = arrays.whole("threads", threads, least=1)
        try:
            with no_words("tensorflow"):
                self.interpreter = Interpreter(model_content=self.content, num_threads=threads)
                self.interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise CourseError(f"content: LiteRT cannot read these {len(content)} bytes: {first_line(error)}") from None
        _check_one(len(self.interpreter.get_input_details()), len(self.interpreter.get_output_details()))
        sizes = self.interpreter.get_input_details()[0]["shape_signature"][1:]
        self.shape = tuple(None if size < 0 else int(size) for size in sizes)

    def predict(self, x):
        """Run a batch.

        Args:
            x: numbers, shape (n, ...), one example or more.

        Returns:
            A float32 array, shape (n, outputs).

        Raises:
            CourseError: x has another shape, or no example; or it is not finite and the file takes whole numbers, of
                which it would become one; or it is a whole number that the file has no bits for.
        """
        if not isinstance(x, np.ndarray) or x.dtype != np.float32:  # else no look at it: it may be on the clock
            x = arrays.numbers("x", x, finite=False).astype(np.float32)
        if not fits(x.shape[1:], self.shape) or not len(x):
            raise CourseError(f"x has shape {x.shape}, expected (n, {', '.join(map(str, self.shape))}), n at least 1")
        entry = self.interpreter.get_input_details()[0]
        if tuple(entry["shape"]) != x.shape:
            self.interpreter.resize_tensor_input(entry["index"], x.shape)
            with no_words("tensorflow"):
                self.interpreter.allocate_tensors()
        self.interpreter.set_tensor(entry["index"], _to_integers(x, entry))
        self.interpreter.invoke()
        leave = self.interpreter.get_output_details()[0]
        return _to_floats(self.interpreter.get_tensor(leave["index"]), leave)


def _to_integers(x, detail):
    scale, zero = detail["quantization"]
    if np.issubdtype(detail["dtype"], np.floating):
        return x.astype(detail["dtype"], copy=False)
    if not np.isfinite(x.sum()):  # quick; it may also run over
        arrays.numbers("x", x)
    if detail["dtype"] is np.bool_:
        return x.astype(bool)
    limits = np.iinfo(detail["dtype"])
    if not scale:  # numbers that mean themselves, such as an index: none is moved to the next one that fits
        odd = x[(x < limits.min) | (x >= limits.max + 1)]
        if odd.size:
            raise refused("x", f"{odd[0]:g}", f"{limits.min} to {limits.max}, as the file takes")
        return x.astype(detail["dtype"])
    return np.clip(np.round(x / scale) + zero, limits.min, limits.max).astype(detail["dtype"])


def _to_floats(y, detail):
    scale, zero = detail["quantization"]
    return y if not scale else (y.astype(np.float32) - zero) * np.float32(scale)
