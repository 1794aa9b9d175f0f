"""Magnitude pruning while a model trains: a schedule, masks that hold, and the sparsity that came out."""

import base64
import contextlib
import warnings
import zlib

import keras
import numpy as np
import pandas as pd

from lib import arrays
from lib.arrays import refused
from lib.errors import CourseError
from lib.lighter.checks import all_layers, check_built, kernels


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
        CourseError: sparsity is out of range, or end is not after begin.
    """
    _check_sparsity(sparsity)
    for name, value in (("begin", begin), ("end", end), ("step", step)):
        arrays.number(name, value)
    if end <= begin:
        raise CourseError(f"end={end} must be after begin={begin}")
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
        CourseError: sparsity is out of range, or the weights are not finite.
    """
    _check_sparsity(sparsity)
    weights = arrays.numbers("weights", weights)
    mask = np.ones(weights.size, bool)
    mask[np.argsort(np.abs(weights), axis=None, kind="stable")[: round(sparsity * weights.size)]] = False
    return mask.reshape(weights.shape)


def _check_sparsity(sparsity):
    if not 0 <= arrays.number("sparsity", sparsity) < 1:
        raise CourseError(f"sparsity={sparsity} is not in [0, 1)")


@keras.saving.register_keras_serializable("course", name="Mask")
class _Mask(keras.constraints.Constraint):
    """A constraint that sets masked weights to zero, after the layer's own; Keras applies it after every update.

    It is part of the layer, as any constraint: a copy and a saved model have it too.
    """

    def __init__(self, mask, own=None):
        self.mask = keras.Variable(mask, dtype="bool", trainable=False)
        self.own = own

    def __call__(self, weights):
        mask = keras.ops.cast(self.mask, weights.dtype)
        return weights * mask if self.own is None else self.own(weights * mask) * mask

    def tighten(self, mask):
        """Let go of what `mask` lets go of; what has gone stays gone."""
        self.mask.assign(mask & keras.ops.convert_to_numpy(self.mask))

    def get_config(self):
        bits = zlib.compress(np.packbits(keras.ops.convert_to_numpy(self.mask)).tobytes())
        return {
            "bits": base64.b64encode(bits).decode(),
            "shape": list(self.mask.shape),
            "own": keras.constraints.serialize(self.own),
        }

    @classmethod
    def from_config(cls, config):
        bits = np.frombuffer(zlib.decompress(base64.b64decode(config["bits"])), np.uint8)
        mask = np.unpackbits(bits, count=int(np.prod(config["shape"]))).astype(bool)
        return cls(mask.reshape(config["shape"]), keras.constraints.get(config["own"]))


@contextlib.contextmanager
def without_masks(model):
    """Take the masks off a model while the block lasts: a saved model is smaller without them."""
    masked = [(layer, name) for layer, _, name, _ in kernels(model) if isinstance(getattr(layer, name), _Mask)]
    masks = [getattr(layer, name) for layer, name in masked]
    try:
        for (layer, name), mask in zip(masked, masks, strict=True):
            setattr(layer, name, mask.own)
        yield
    finally:
        for (layer, name), mask in zip(masked, masks, strict=True):
            setattr(layer, name, mask)


class Pruning(keras.callbacks.Callback):
    """Prunes a model while it trains, a little more before each epoch, by the magnitude of its weights.

    Each kernel of a Dense or convolutional layer is pruned by itself; biases and batch normalization stay. A pruned
    weight stays zero: a constraint, which keeps the one that the layer had, holds it there after every step, also in
    later calls of `fit`, with this callback or without, and in a model that was saved and loaded again by a program
    that has imported lib.lighter. Inside attention the file does not carry it, nor does a file of the weights alone.

    Args:
        sparsity: float in [0, 1), the share of zeros in each kernel at the end.
        begin: int, epochs trained before the first weight goes.
        end: int, greater than begin: from this epoch on the sparsity is full; train some more after it. A `fit` that
            ends before that warns.
        skip: list of names of layers that stay dense, such as the last one, with all that is inside of them.

    Raises:
        CourseError: sparsity or the epochs are out of range; when training starts, the model is not built, or it has
            no layer of a name to skip.
    """

    def __init__(self, sparsity, begin=0, end=3, skip=()):
        super().__init__()
        schedule(begin, begin, end, sparsity)  # refuses what it cannot do now, and not after an epoch
        if isinstance(skip, str):
            raise refused("skip", repr(skip), f"a list of names of layers, [{skip!r}]")
        self.sparsity = sparsity
        self.begin = begin
        self.end = end
        self.skip = tuple(skip)

    def on_train_begin(self, logs=None):
        """Hang a mask on every kernel."""
        check_built(self.model)
        skipped = self._skipped()
        # What is frozen does not change, and what a layer computes anew each time cannot be pruned.
        self.kernels = [
            (layer, name, kernel)
            for layer, _, name, kernel in kernels(self.model)
            if id(layer) not in skipped and isinstance(kernel, keras.Variable) and kernel.trainable
        ]
        bare = [each for each in self.kernels if not isinstance(each[2].constraint, _Mask)]
        for layer, name, kernel in bare:
            kernel.constraint = _Mask(np.ones(kernel.shape, bool), kernel.constraint)
            setattr(layer, name, kernel.constraint)
        if bare:
            # A training step that was traced before knows nothing of the masks.
            retrace = getattr(self.model.train_function, "retrace", None)  # lib.tuning.fast has its own steps
            retrace() if retrace else self.model.make_train_function(force=True)

    def _skipped(self):
        """Return the ids of the layers to skip, and of those inside them."""
        layers = all_layers(self.model)
        unknown = [name for name in self.skip if name not in {layer.name for layer in layers}]
        if unknown:
            names = dict.fromkeys(layer.name for layer, *_ in kernels(self.model))
            raise refused("skip", f"{unknown[0]!r}, no layer of this model,", f"some of {', '.join(names)}")
        return {id(inside) for layer in layers if layer.name in self.skip for inside in [layer, *all_layers(layer)]}

    def on_epoch_begin(self, epoch, logs=None):
        """Bring every mask to the schedule's sparsity."""
        # Counted from 1: the first epoch after `begin` already trains with some weights gone.
        share = schedule(epoch + 1, self.begin, self.end, self.sparsity)
        for _, _, kernel in self.kernels:
            kernel.constraint.tighten(magnitude_mask(keras.ops.convert_to_numpy(kernel), share))
            kernel.assign(kernel.constraint(keras.ops.convert_to_tensor(kernel)))

    def on_train_end(self, logs=None):
        """Say so where training has ended too soon."""
        masks = [keras.ops.convert_to_numpy(kernel.constraint.mask) for _, _, kernel in self.kernels]
        dense = [mask for mask in masks if (~mask).sum() < round(self.sparsity * mask.size)]
        if dense:
            reached = f"at a sparsity of {1 - dense[0].mean():.2f} instead of {self.sparsity}"
            warnings.warn(f"Pruning: this fit ended before epoch end={self.end}, {reached}", stacklevel=2)


def sparsity(model):
    """Count the zeros in every kernel of a built model.

    Args:
        model: a built `keras.Model`.

    Returns:
        A DataFrame with the columns layer (of a layer with two kernels "layer/kernel"), weights (int), zeros (int) and
        share (float in [0, 1]).

    Raises:
        CourseError: the model is not built.
    """
    check_built(model)
    rows = []
    for layer, name, _, kernel in kernels(model):
        weights = keras.ops.convert_to_numpy(kernel)
        zeros = int((weights == 0).sum())
        label = layer.name if name == "kernel" else f"{layer.name}/{name}"
        rows.append({"layer": label, "weights": weights.size, "zeros": zeros, "share": zeros / weights.size})
    return pd.DataFrame(rows, columns=["layer", "weights", "zeros", "share"])
