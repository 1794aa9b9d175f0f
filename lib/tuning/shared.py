"""Let models of equal shape share one compiled training loop, within one process and one trial at a time."""

import json
from collections import OrderedDict

_models = OrderedDict()  # description of a model -> the model that owns the compiled loop
_MODELS_AT_MOST = 16
_PLAIN = (bool, int, float, str)


def shared(model):
    """Return an earlier model of the same description, with all of `model`'s state put into it.

    Compiling takes as long as an epoch. Two trials that differ only in the learning rate need not pay it twice: the
    learning rate is a variable of the optimizer. The earlier model must no longer be in use.

    Args:
        model: A compiled, built `keras.Model` whose optimizer is built.

    Returns:
        The earlier model, or `model` itself where it is the first of its kind or cannot be described in full
        (code or layers of the user's own, a learning rate schedule, a state that is not in variables: of a layer that was
        adapted, or has a table; weights that the optimizer shall not decay).
    """
    key = _described(model)
    if key is None:
        return model
    if key in _models and _described(_models[key]) != key:
        del _models[key]  # a callback has frozen its layers, say, or hung masks on its weights
    if key not in _models:
        _models[key] = model
        while len(_models) > _MODELS_AT_MOST:
            _models.popitem(last=False)
        return model
    _models.move_to_end(key)
    owner = _models[key]
    for mine, theirs in zip(_state(owner), _state(model), strict=True):
        mine.assign(theirs)
    owner.stop_training = False
    return owner


def _state(model):
    """All variables of layers, seed generators and optimizer; metrics are reset by `fit`."""
    return [*model.variables, *model.optimizer.variables]


def _described(model):
    """Describe architecture and compilation, without the learning rate, as one string; None if that says too little."""
    import keras

    if not type(model).__module__.startswith("keras.") or _hides(model):
        return None
    try:
        compiled = model.get_compile_config()
        # The optimizer of now, since another may have been set after `compile`.
        compiled["optimizer"] = keras.saving.serialize_keras_object(model.optimizer)
        rate = _inner(compiled["optimizer"])["config"].pop("learning_rate")
        config = keras.saving.serialize_keras_object(model)["config"]
        facts = [config, compiled, _on_weights(model)]
        if not isinstance(rate, float) or not all(map(_is_kerass_own, facts)):
            return None
        return json.dumps([*facts, _shapes(model), _set_later(model)], sort_keys=True)
    except (TypeError, ValueError, KeyError, AttributeError, NotImplementedError):
        return None


def describe(model):
    """Return one string for a built, compiled model, the same in every run: all that `shared` goes by, or class and shapes."""
    return _described(model) or f"{type(model).__qualname__} {_shapes(model)}"


def _shapes(model):
    return [(tuple(v.shape), str(v.dtype), v.trainable, type(v.constraint).__name__) for v in _state(model)]


def _on_weights(model):
    """The configs of what hangs on the weights themselves, and need not be what their layers' configs say."""
    import keras

    found = [(v.constraint, v.regularizer) for v in model.variables]
    return [[each and keras.saving.serialize_keras_object(each) for each in both] for both in found]


def _set_later(model):
    """Plain attributes, which somebody may have set after a layer was made or the model compiled: no config has all of them.

    Not `stop_training`, `stop_evaluating` and the like, which a model has from its first `fit` on.
    """
    layers = [
        {name: value for name, value in vars(layer).items() if not name.startswith(("_", "stop_")) and isinstance(value, _PLAIN)}
        for layer in model._flatten_layers()
    ]
    return [layers, model.jit_compile, model.run_eagerly]


def _hides(model):
    """Whether something trains by a state that is in neither configs nor variables, or by a method put into its place."""
    import numpy as np
    import tensorflow as tf

    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    # Of weights it keeps numbers of its own, which tell nothing about another model's.
    if any(getattr(optimizer, name, None) for name in ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern")):
        return True
    arrays = np.ndarray | tf.Tensor | tf.lookup.StaticHashTable | tf.lookup.experimental.MutableHashTable
    things = [*model._flatten_layers(), optimizer]
    return any(
        isinstance(value, arrays) or (callable(value) and callable(getattr(type(thing), name, None)) and not _is_keras(value))
        for thing in things for name, value in vars(thing).items()
    )


def _is_keras(function):
    return (getattr(function, "__module__", None) or "").startswith("keras.")


def _inner(optimizer):
    """The config of the optimizer that holds the learning rate: the one inside a loss scaler, if there is one."""
    return optimizer["config"].get("inner_optimizer", optimizer)


def _is_kerass_own(config):
    """Whether a config names nothing but Keras' own classes: another's config may not tell all that it does."""
    if isinstance(config, dict):
        if "class_name" in config:
            module = config.get("module") or ""
            if module.split(".")[0] != "keras" or config.get("registered_name"):
                return False
            if config["class_name"] in ("Lambda", "function"):
                return False
        return all(map(_is_kerass_own, config.values()))
    if isinstance(config, list | tuple):
        return all(map(_is_kerass_own, config))
    return True
