"""What several ways of making a model lighter ask of a model: that it is built, its layers, their kernels."""

import contextlib
import logging
import warnings

import keras

from lib.arrays import refused
from lib.errors import CourseError
from lib.streams import quiet

# A kernel's name in its layer, and the layer's names for the constraint of it: separable convolutions have two kernels.
KERNELS = {
    "kernel": ("kernel_constraint", "depthwise_constraint"),
    "depthwise_kernel": ("depthwise_constraint",),
    "pointwise_kernel": ("pointwise_constraint",),
}


def check_built(model):
    """Raise a CourseError unless a model has its weights."""
    if not isinstance(model, keras.Model):
        raise refused("model", f"a {type(model).__name__}", "a keras.Model")
    if not model.built:
        raise CourseError("model is not built: give it an Input layer, or call it once")


def fits(shape, wanted):
    """Say whether a shape is the wanted one, in which None stands for any size."""
    return len(shape) == len(wanted) and all(w in (None, size) for size, w in zip(shape, wanted, strict=True))


def all_layers(model):
    """List the layers of a model and those inside them; `model.layers` ends at the cell of an LSTM, or at attention."""
    return model._flatten_layers(include_self=False)


def calls(model):
    """List the calls that a model is made of; a layer's own list of them, and its `output`, know those in other models too.

    Args:
        model: a `keras.Model`; what is called inside the models in it does not count.

    Returns:
        A list of Keras' nodes in the order of the computation, inputs first; none where Keras has not seen the model's graph.
    """
    graph = getattr(model, "_functional", model)  # a Sequential keeps its graph there
    by_depth = getattr(graph, "_nodes_by_depth", {})
    nodes = [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]
    return [node for node in nodes if isinstance(node.operation, keras.layers.Layer)]


def kernels(model):
    """Find every kernel of two dimensions or more.

    Args:
        model: a built `keras.Model`.

    Yields:
        The layer, the kernel's name in it, the layer's name for its constraint, and the kernel: a `keras.Variable`, or
        a tensor where the layer computes it (quantized to int4, or with LoRA).
    """
    seen = {}  # each is kept: the id of one that a layer has computed would else be the next one's too
    for layer in all_layers(model):
        for name, constraints in KERNELS.items():
            kernel = getattr(layer, name, None)
            constraint = next((each for each in constraints if hasattr(layer, each)), None)
            if kernel is not None and constraint and len(kernel.shape) >= 2 and id(kernel) not in seen:
                seen[id(kernel)] = kernel
                yield layer, name, constraint, kernel


@contextlib.contextmanager
def no_words(name):
    """Keep what a converter says, also past Python, off the page; `name` is its logger's, which writes into the cell."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with quiet(1, 2), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
