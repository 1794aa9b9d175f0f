"""Low-rank factorization: one wide Dense layer as two narrow ones, by singular values."""

import keras
import numpy as np

from lib.lighter.checks import check_built


def low_rank(model, name, rank):
    """Return a copy of a model in which one Dense layer is two: to `rank` numbers, and from there to its units.

    The two kernels are the best approximation of the one that this rank allows (Eckart and Young, 1936).

    Args:
        model: a built Sequential or functional `keras.Model`.
        name: name of a Dense layer of it.
        rank: int, from 1 to the smaller side of its kernel.

    Returns:
        A `keras.Model` without an optimizer; the layers' names end with _down and _up.

    Raises:
        ValueError: the model is not built, there is no such Dense layer, or the rank is out of range.
    """
    layer = _dense(model, name)
    inputs, units = layer.kernel.shape
    if not 1 <= rank <= min(inputs, units):
        raise ValueError(
            f"rank={rank} is not in 1 to {min(inputs, units)}, the smaller side of the kernel {inputs} × {units}"
        )
    down = keras.layers.Dense(rank, use_bias=False, name=f"{name}_down")
    up = keras.layers.Dense(units, layer.activation, use_bias=layer.use_bias, name=f"{name}_up")
    pair = keras.Sequential([keras.Input((inputs,)), down, up], name=name)
    u, s, v = np.linalg.svd(keras.ops.convert_to_numpy(layer.kernel), full_matrices=False)
    root = np.sqrt(s[:rank])
    down.set_weights([u[:, :rank] * root])
    up.set_weights([root[:, None] * v[:rank], *layer.get_weights()[1:]])
    copy = keras.models.clone_model(
        model, clone_function=lambda old: pair if old is layer else old.__class__.from_config(old.get_config())
    )
    for old in model.layers:
        if old is not layer and old.weights:
            copy.get_layer(old.name).set_weights(old.get_weights())
    return copy


def rank_error(model, name):
    """Say how much of a Dense kernel is lost at each rank.

    Args:
        model: a built `keras.Model`.
        name: name of a Dense layer of it.

    Returns:
        A float array, shape (smaller side of the kernel,): for rank 1, 2, … the Frobenius norm of what is missing, as
        a share of the kernel's.

    Raises:
        ValueError: the model is not built, or there is no such Dense layer.
    """
    s = np.linalg.svd(keras.ops.convert_to_numpy(_dense(model, name).kernel), compute_uv=False).astype(np.float64)
    missing = np.maximum(0, 1 - np.cumsum(s**2) / np.sum(s**2))
    return np.sqrt(missing)


def _dense(model, name):
    check_built(model)
    names = [layer.name for layer in model.layers if type(layer) is keras.layers.Dense]
    if name not in names:
        raise ValueError(
            f"name={name!r} is no Dense layer of this model; its Dense layers are {', '.join(names) or 'none'}"
        )
    return model.get_layer(name)
