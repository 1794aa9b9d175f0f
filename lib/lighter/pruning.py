"""Magnitude pruning while a model trains: a schedule, masks that hold, and the sparsity that came out."""

import keras
import numpy as np
import pandas as pd

from lib.lighter.checks import all_layers, check_built


def schedule(step, begin, end, sparsity):
    """Return how sparse the weights are to be at a step: fast at first, then ever slower (Zhu and Gupta, 2017).

    Args:
        step: int, of any unit, such as an epoch.
        begin: int, the step before the first weight goes.
        end: int, greater than begin: the step at which the last one goes.
        sparsity: float in [0, 1), the share of zeros at the end.

    Returns:
        A float in [0, sparsity]: sparsity · (1 − (1 − progress)³).

    Raises:
        ValueError: sparsity is out of range, or end is not after begin.
    """
    _check_sparsity(sparsity)
    if end <= begin:
        raise ValueError(f"end={end} must be after begin={begin}")
    progress = min(1.0, max(0.0, (step - begin) / (end - begin)))
    return sparsity * (1 - (1 - progress) ** 3)


def magnitude_mask(weights, sparsity):
    """Find the weights that stay: all but the share with the smallest magnitudes.

    Args:
        weights: float array of any shape.
        sparsity: float in [0, 1), the share of weights that go.

    Returns:
        A bool array of the same shape, False for round(sparsity · size) weights.

    Raises:
        ValueError: sparsity is out of range.
    """
    _check_sparsity(sparsity)
    weights = np.asarray(weights)
    mask = np.ones(weights.size, bool)
    mask[np.argsort(np.abs(weights), axis=None, kind="stable")[: round(sparsity * weights.size)]] = False
    return mask.reshape(weights.shape)


def _check_sparsity(sparsity):
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity={sparsity} is not in [0, 1)")


class _Mask(keras.constraints.Constraint):
    """A constraint that sets masked weights to zero; Keras applies it after every update."""

    def __init__(self, kernel):
        self.mask = keras.Variable(np.ones(kernel.shape), dtype=kernel.dtype, trainable=False)

    def __call__(self, weights):
        return weights * keras.ops.cast(self.mask, weights.dtype)


class Pruning(keras.callbacks.Callback):
    """Prunes a model while it trains, a little more before each epoch, by the magnitude of its weights.

    Each kernel of a Dense or convolutional layer is pruned by itself; biases and batch normalization stay. A pruned
    weight stays zero: a constraint holds it there after every step, also in later calls of `fit`.

    Args:
        sparsity: float in [0, 1), the share of zeros in each kernel at the end.
        begin: int, epochs trained before the first weight goes.
        end: int, greater than begin: from this epoch on the sparsity is full; train some more after it.
        skip: names of layers that stay dense, such as the last one.

    Raises:
        ValueError: sparsity or the epochs are out of range, or the model is not built when training starts.
    """

    def __init__(self, sparsity, begin=0, end=3, skip=()):
        super().__init__()
        schedule(begin, begin, end, sparsity)  # refuses what it cannot do now, and not after an epoch
        self.sparsity = sparsity
        self.begin = begin
        self.end = end
        self.skip = tuple(skip)

    def on_train_begin(self, logs=None):
        """Hang a mask on every kernel."""
        check_built(self.model)
        self.kernels = [kernel for name, kernel in _kernels(self.model) if name not in self.skip]
        bare = [kernel for kernel in self.kernels if not isinstance(kernel.constraint, _Mask)]
        for kernel in bare:
            kernel.constraint = _Mask(kernel)
        if bare:
            # A training step that was traced before knows nothing of the masks.
            retrace = getattr(self.model.train_function, "retrace", None)  # lib.tuning.fast has its own steps
            retrace() if retrace else self.model.make_train_function(force=True)

    def on_epoch_begin(self, epoch, logs=None):
        """Bring every mask to the schedule's sparsity."""
        # Counted from 1: the first epoch after `begin` already trains with some weights gone.
        share = schedule(epoch + 1, self.begin, self.end, self.sparsity)
        for kernel in self.kernels:
            weights = keras.ops.convert_to_numpy(kernel)
            mask = magnitude_mask(weights, share)
            kernel.constraint.mask.assign(mask.astype(weights.dtype))
            kernel.assign(weights * mask)


def _kernels(model):
    for layer in all_layers(model):
        kernel = getattr(layer, "kernel", None)
        if kernel is not None and kernel.trainable and len(kernel.shape) >= 2:
            yield layer.name, kernel


def sparsity(model):
    """Count the zeros in every kernel of a built model.

    Args:
        model: a built `keras.Model`.

    Returns:
        A DataFrame with the columns layer, weights (int), zeros (int) and share (float in [0, 1]).

    Raises:
        ValueError: the model is not built.
    """
    check_built(model)
    rows = []
    for name, kernel in _kernels(model):
        weights = keras.ops.convert_to_numpy(kernel)
        zeros = int((weights == 0).sum())
        rows.append({"layer": name, "weights": weights.size, "zeros": zeros, "share": zeros / weights.size})
    return pd.DataFrame(rows, columns=["layer", "weights", "zeros", "share"])
