"""Low-rank factorization: one wide Dense layer as two narrow ones, by singular values."""

import keras
import numpy as np

from lib import arrays
from lib.errors import CourseError
from lib.lighter.checks import check_built
from lib.lighter.quantization import check_not_quantized


def low_rank(model, name, rank):
    """Return a copy of a model in which one Dense layer is two: to `rank` numbers, and from there to its units.

    The two kernels are the best approximation of the one that this rank allows (Eckart and Young, 1936).

    Args:
        model: a built Sequential or functional `keras.Model`.
        name: name of a Dense layer of it.
        rank: int, from 1 to the smaller side of its kernel.

    Returns:
        A `keras.Model` without an optimizer. The two layers, whose names end with _down and _up, lie in a Sequential of
        the old one's name: `model.get_layer("wide").get_layer("wide_down")`. They train, or not, as the old one does.

    Raises:
        CourseError: the model is not built or quantized, there is no such Dense layer, or the rank is out of range.
    """
    layer = _dense(model, name)
    inputs, units = layer.kernel.shape
    rank = arrays.whole("rank", rank, least=1)
    if rank > min(inputs, units):
        raise CourseError(
            f"rank={rank} is not in 1 to {min(inputs, units)}, the smaller side of the kernel {inputs} × {units}"
        )
    down = keras.layers.Dense(rank, use_bias=False, name=f"{name}_down", dtype=layer.dtype_policy)
    up = keras.layers.Dense(units, layer.activation, use_bias=layer.use_bias, name=f"{name}_up", dtype=layer.dtype_policy)
    pair = keras.Sequential([down, up], name=name)  # built by what it is called on, a sequence perhaps
    u, s, v = np.linalg.svd(_kernel(layer), full_matrices=False)
    root = np.sqrt(s[:rank])
    copy = keras.models.clone_model(
        model, clone_function=lambda old: pair if old is layer else old.__class__.from_config(old.get_config())
    )
    for old in model.layers:
        if old is not layer and old.weights:
            copy.get_layer(old.name).set_weights(old.get_weights())
    pair.set_weights([u[:, :rank] * root, root[:, None] * v[:rank], *layer.get_weights()[1:]])
    pair.trainable = layer.trainable
    return copy


def rank_error(model, name):
    """Say how much of a Dense kernel is lost at each rank.

    Args:
        model: a built `keras.Model`.
        name: name of a Dense layer of it.

    Returns:
        A float array, shape (smaller side of the kernel,): for rank 1, 2, … the Frobenius norm of what is missing, as
        a share of the kernel's; 0 for a kernel of zeros.

    Raises:
        CourseError: the model is not built or quantized, or there is no such Dense layer.
    """
    s = np.linalg.svd(_kernel(_dense(model, name)), compute_uv=False).astype(np.float64)
    left = np.sqrt(np.cumsum(s[::-1] ** 2)[::-1])  # of all ranks from each on
    return np.append(left[1:], 0) / (left[0] or 1)


def _kernel(layer):
    """Return a kernel in 32 bits at least: no decomposition takes fewer."""
    kernel = keras.ops.convert_to_numpy(layer.kernel)
    return kernel.astype(np.promote_types(kernel.dtype, np.float32))


def _dense(model, name):
    check_built(model)
    check_not_quantized(model)
    names = [layer.name for layer in model.layers if type(layer) is keras.layers.Dense]
    if name not in names:
        raise CourseError(
            f"name={name!r} is no Dense layer of this model; its Dense layers are {', '.join(names) or 'none'}"
        )
    return model.get_layer(name)
