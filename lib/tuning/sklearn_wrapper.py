"""Keras models as scikit-learn estimators: what their clones, grids, ensembles and pickles need to find."""

import contextlib
import copy
import inspect
import numbers
import random

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from lib.errors import CourseError, did_you_mean
from lib.tuning.shared import shared

ROWS_AT_ONCE = 8192  # rows of one forward pass in predict, so that memory stays bounded


class _KerasEstimator(BaseEstimator):
    """What the classifier and the regressor have in common; `KerasClassifier` documents it."""

    DERIVED = ("n_features",)  # arguments of `build` that come from the data

    def __init__(
        self,
        build,
        epochs=10,
        batch_size=32,
        validation_split=0.0,
        callbacks=None,
        verbose=0,
        random_state=None,
        **values,
    ):
        self.build = build
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state
        self._values = values

    # ---------------------------------------------------------------- flat parameters

    def get_params(self, deep=True):
        """Return all parameters by name: this estimator's own, and each hyperparameter of `build`."""
        arguments = inspect.signature(self.build).parameters if callable(self.build) else {}
        defaults = {
            name: argument.default
            for name, argument in arguments.items()
            if argument.default is not argument.empty and name not in self.DERIVED
        }
        return defaults | self._values | super().get_params(deep=False)

    def set_params(self, **params):
        """Set parameters by name, of either kind; an unknown one raises ValueError with the nearest name."""
        known = self.get_params()
        for name in params:
            if name not in known:
                hint = did_you_mean(name, known, repr)
                raise ValueError(f"Invalid parameter {name!r} for {type(self).__name__}.{hint} It has: {', '.join(known)}.")
        for name, value in params.items():
            if name in super().get_params(deep=False):
                setattr(self, name, value)
            else:
                self._values = self._values | {name: value}
        return self

    def __getattr__(self, name):
        # Reached only where no attribute has the name: `net.units` is a hyperparameter.
        values = self.__dict__.get("_values", {})
        if name in values:
            return values[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True  # pictures, where `build` takes them
        return tags

    # ---------------------------------------------------------------- fit

    def _fit(self, X, y, sample_weight, derived):
        """Build a model for checked data, train it, and keep it with its history."""
        self._check_numbers()
        weights = _check_sample_weight(sample_weight, X, dtype=np.float32, ensure_non_negative=True)
        weights = weights / weights.mean()  # so that only their ratios matter, not their scale
        with _seeded(self.random_state) as seed:
            model = self._compiled(derived)
            y = self._targets(model, y)
            seed()
            with _numbered_afresh():
                trainer = shared(self._compiled(derived))
            self.history_ = self._train(trainer, X, y, weights)
        for mine, trained in zip(model.variables, trainer.variables, strict=True):
            mine.assign(trained)
        self.model_ = model
        return self

    def _check_numbers(self):
        """Refuse what would train some other number of rows or epochs than it says, or nothing."""
        share = self.validation_split
        if not (isinstance(share, numbers.Real) and 0 <= share < 1):
            raise CourseError(f"validation_split: {share!r:.40} found; expected a number from 0 to less than 1.")
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if not (isinstance(value, numbers.Real) and value >= 1 and value % 1 == 0):
                raise CourseError(f"{name}: {value!r:.40} found; expected a whole number of at least 1.")

    def _compiled(self, derived):
        """Call `build` with the arguments it has, and return its model, ready to be trained."""
        if not callable(self.build) or hasattr(self.build, "compile_from_config"):
            kind = type(self.build).__name__
            raise ValueError(f"build must be a function that returns a compiled model, not a {kind}.")
        arguments = inspect.signature(self.build).parameters
        takes_any = any(argument.kind is argument.VAR_KEYWORD for argument in arguments.values())
        unknown = [name for name in self._values if name not in arguments and not takes_any]
        if unknown:
            raise ValueError(f"{_name(self.build)} has no argument {unknown[0]!r}; it has: {', '.join(arguments)}.")
        given = {name: value for name, value in (derived | self.get_params()).items() if name in arguments}
        model = self.build(**{name: _plain(value) for name, value in (given | self._values).items()})
        if not getattr(model, "compiled", False):
            raise ValueError(f"{_name(self.build)} must return a compiled Keras model: call model.compile in it.")
        if not model.built:
            model.build((None, derived["n_features"]))
        model.optimizer.build(model.trainable_variables)
        return model

    def _train(self, model, x, y, weights):
        """Train through one data pipeline: plain `fit` on arrays makes two in every epoch, 12 ms each."""
        import tensorflow as tf

        count = len(x) - int(len(x) * self.validation_split)  # the last rows, as in Keras
        data = tf.data.Dataset.from_tensor_slices((x[:count], y[:count], weights[:count]))
        size = min(int(self.batch_size), count)
        data = data.shuffle(count, seed=random.randrange(2**31)).batch(size).repeat()
        fit = {"validation_data": (x[count:], y[count:], weights[count:])} if count < len(x) else {}
        history = model.fit(
            data,
            steps_per_epoch=-(-count // size),
            epochs=int(self.epochs),
            callbacks=copy.deepcopy(self.callbacks),
            verbose=self.verbose,
            shuffle=False,  # the pipeline does, afresh in every epoch
            **fit,
        )
        return history.history

    def _outputs(self, X):
        """Return the model's outputs for checked rows, shape (n, outputs): float32, or float64 of a model that computes so."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, allow_nd=True, reset=False)
        parts = [self.model_(X[i : i + ROWS_AT_ONCE], training=False) for i in range(0, len(X), ROWS_AT_ONCE)]
        outputs = np.concatenate([np.asarray(part) for part in parts]).reshape(len(X), -1)
        return outputs.astype(np.promote_types(outputs.dtype, np.float32), copy=False)  # 16 bits are too few for sums of them


class KerasClassifier(ClassifierMixin, _KerasEstimator):
    """A Keras model as a scikit-learn classifier of two or more classes, with labels of any type.

    The model ends in one sigmoid unit (two classes) or in one softmax unit a class; or in logits, where its loss says
    `from_logits=True`.

    Args:
        build: function of plain values that returns a compiled Keras model. It is given each hyperparameter by name,
            `n_features` (columns of X) and, in a classifier, `n_classes`, where it has a parameter of that name.
            It is called twice in every fit, and has to return the same architecture for the same values.
        epochs, batch_size, validation_split, callbacks, verbose: as in `keras.Model.fit`; other numbers than it means are
            refused by `fit`, with a CourseError. The callbacks are copied for every fit, so clones do not share them.
        random_state: an int trains the same way each time, as after `keras.utils.set_random_seed`; None draws a seed
            from NumPy's global generator. (TensorFlow's global seed is set in either case.)
        values: hyperparameters, as `units=64`: arguments of `build` by name. Those left out have build's defaults.

    Attributes:
        model_: the trained Keras model, this estimator's own.
        history_: dict from metric to its values, one an epoch, as in `History.history`.
        classes_: the labels, sorted, shape (n_classes,).
    """

    DERIVED = ("n_features", "n_classes")

    def fit(self, X, y, sample_weight=None):
        """Train on rows X, shape (n, n_features), with labels y, shape (n,); raises ValueError on bad data."""
        X, y = validate_data(self, X, y, dtype=np.float32, allow_nd=True)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"A classifier cannot learn from one class: every row is {self.classes_.tolist()[0]!r}.")
        return self._fit(X, codes, sample_weight, {"n_features": X.shape[1], "n_classes": len(self.classes_)})

    def _targets(self, model, codes):
        """Turn class numbers into what the model's loss takes."""
        units, classes = model.output_shape[-1], len(self.classes_)
        if units != classes and (units, classes) != (1, 2):
            raise ValueError(f"The model has {units} output(s), but y has {classes} classes.")
        if units == 1:
            return codes.astype(np.float32).reshape(-1, 1)
        loss = getattr(model.loss, "name", None) or getattr(model.loss, "__name__", model.loss)
        return codes.astype(np.int32) if "sparse" in str(loss) else np.eye(classes, dtype=np.float32)[codes]

    def predict_proba(self, X):
        """Return class probabilities, float32 as the model computes, shape (n, n_classes), in the order of `classes_`."""
        outputs = self._outputs(X)
        config = self.model_.loss.get_config() if hasattr(self.model_.loss, "get_config") else {}
        if config.get("from_logits"):
            logits = np.hstack([np.zeros_like(outputs), outputs]) if outputs.shape[1] == 1 else outputs
            outputs = np.exp(logits - logits.max(axis=1, keepdims=True))
        elif outputs.shape[1] == 1:
            outputs = np.hstack([1 - outputs, outputs])
        return outputs / outputs.sum(axis=1, keepdims=True)

    def predict(self, X):
        """Return the most probable label of each row, shape (n,)."""
        codes = self.predict_proba(X).argmax(axis=1)
        return self.classes_[codes]


class KerasRegressor(RegressorMixin, _KerasEstimator):
    """A Keras model with one output as a scikit-learn regressor; its parameters are those of `KerasClassifier`."""

    def fit(self, X, y, sample_weight=None):
        """Train on rows X, shape (n, n_features), with numbers y, shape (n,); raises ValueError on bad data."""
        X, y = validate_data(self, X, y, dtype=np.float32, allow_nd=True, y_numeric=True)
        return self._fit(X, np.asarray(y, np.float32), sample_weight, {"n_features": X.shape[1]})

    def _targets(self, model, y):
        if model.output_shape[-1] != 1:
            raise ValueError(f"The model has {model.output_shape[-1]} outputs; a regressor needs one.")
        return y.reshape(-1, 1)

    def predict(self, X):
        """Return the predicted number of each row, float32 as the model computes, shape (n,)."""
        return self._outputs(X)[:, 0]


def _plain(value):
    """Return a NumPy scalar, as a search draws it from `np.arange`, as a Python value: Keras takes no other for `units`."""
    return value.item() if isinstance(value, np.generic) else value


def _name(build):
    """Return what to call a function, a `functools.partial` of one, or another object that can be called."""
    function = getattr(build, "func", build)
    return getattr(function, "__name__", type(function).__name__)


@contextlib.contextmanager
def _seeded(random_state):
    """Seed every generator for one fit, and give Python's and NumPy's back as they were.

    Yields a function that seeds them the same way once more.
    """
    import keras

    whole = isinstance(random_state, int | np.integer)
    number = int(random_state if whole else check_random_state(random_state).randint(1, 2**31 - 1))
    python, numpy = random.getstate(), np.random.get_state()
    try:
        keras.utils.set_random_seed(number)
        yield lambda: keras.utils.set_random_seed(number)
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


@contextlib.contextmanager
def _numbered_afresh():
    """Let layers be named as if they were the process's first, so that equal architectures have equal names."""
    from keras.src.backend.common import global_state

    kept = global_state.get_global_attribute("object_name_uids")
    global_state.set_global_attribute("object_name_uids", None)
    try:
        yield
    finally:
        global_state.set_global_attribute("object_name_uids", kept)
