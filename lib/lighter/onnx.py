"""ONNX files: a model's answers without Keras, in the runtime that many frameworks write for."""

import os
import tempfile

import keras
import numpy as np

from lib import arrays
from lib.arrays import refused
from lib.errors import CourseError, first_line
from lib.lighter.checks import check_built, fits, no_words
from lib.streams import quiet


def to_onnx(model):
    """Convert a model to an ONNX file with float32 weights, as `keras.Model.export` writes it by way of tf2onnx.

    Args:
        model: a built `keras.Model` with an Input layer, one input and one output.

    Returns:
        bytes, the content of an .onnx file.

    Raises:
        CourseError: the model is not built or has no Input layer, or the converter cannot express it.
    """
    check_built(model)
    if len(keras.tree.flatten(getattr(model, "inputs", None) or [])) != 1:
        raise refused("model", "no input of a known shape, or several", "one Input layer")
    try:
        with tempfile.TemporaryDirectory() as folder, no_words("tf2onnx"):
            path = os.path.join(folder, "model.onnx")
            model(np.zeros((1, *[size or 1 for size in model.inputs[0].shape[1:]]), model.inputs[0].dtype))  # export wants a call
            model.export(path, format="onnx", verbose=False)
            with open(path, "rb") as file:
                return file.read()
    except Exception as error:  # the converter has errors of its own, of many lines
        raise CourseError(f"ONNX cannot express this model: {first_line(error, type(error).__name__)}") from None


class ONNX:
    """An ONNX file in onnxruntime, on the processor.

    Args:
        content: bytes of an .onnx file with one input and one output.
        threads: int, threads of the runtime.

    Raises:
        CourseError: the content is no such file.
    """

    def __init__(self, content, threads=1):
        import onnxruntime

        if not isinstance(content, (bytes, bytearray)):
            raise refused("content", f"a {type(content).__name__}", "the bytes of an .onnx file: Path(name).read_bytes()")
        self.content = bytes(content)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = arrays.whole("threads", threads, least=1)
        options.log_severity_level = 3  # errors only
        try:
            with quiet(1, 2):
                self.session = onnxruntime.InferenceSession(self.content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # of a kind for each way in which the bytes are wrong
            raise CourseError(f"content: onnxruntime cannot read these {len(content)} bytes: {first_line(error)}") from None
        self.entry = self.session.get_inputs()[0]
        self.shape = tuple(size if isinstance(size, int) else None for size in self.entry.shape[1:])  # an open one has a name

    def predict(self, x):
        """Run a batch.

        Args:
            x: numbers, shape (n, ...).

        Returns:
            A float32 array, shape (n, outputs).

        Raises:
            CourseError: x has another shape.
        """
        if not isinstance(x, np.ndarray) or x.dtype != np.float32:  # else no look at it: it may be on the clock
            x = arrays.numbers("x", x, finite=False).astype(np.float32)
        if not fits(x.shape[1:], self.shape):
            raise CourseError(f"x has shape {x.shape}, expected (n, {', '.join(map(str, self.shape))})")
        return self.session.run(None, {self.entry.name: x})[0]
