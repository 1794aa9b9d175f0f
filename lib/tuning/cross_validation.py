"""A KerasTuner tuner whose trial is a cross-validation: one fresh model a fold, and every fold's score on record."""

import contextlib
import gc
import hashlib
import numbers

import keras
import keras_tuner as kt
import numpy as np
import pandas as pd
from keras import tree
from keras_tuner.errors import FatalValueError
from keras_tuner.src.engine import tuner_utils
from sklearn.model_selection import KFold, StratifiedKFold

from lib.errors import CourseError, first_line
from lib.tuning.ready import Seeds, make_ready, may_share
from lib.tuning.resume import atomic_saves, forget, repair

NOT_OF_A_FOLD = {
    "validation_data": "each fold is validated on the rows that it holds out",
    "validation_split": "each fold is validated on the rows that it holds out",
    "validation_steps": "each fold is validated on all rows that it holds out",
    "steps_per_epoch": "a fold's data are arrays, and an epoch is all of them",
}


class CrossValidated(kt.Tuner):
    """Score each trial by cross-validation: train a fresh model on every fold, and take the mean of the folds' scores.

    A fold's score is that after its **last** epoch. (KerasTuner takes the best epoch; here the rows that measure would
    then choose as well. Let `epochs` be a hyperparameter instead.) Where the hypermodel has a `fit` of its own, it is
    given the held-out rows as `validation_data`, and the dict or number that it returns is the fold's score. Every
    trial is measured on the same folds, after a restart too: a search does not go on with others. A trial that was
    killed, or failed and is tried again, has no score of the earlier run. The seed of a fold's training comes from the
    Oracle's seed, the trial and the fold. `lib.tuning.search` runs the trials on several cores.

    Args:
        oracle: A `keras_tuner.Oracle`, as `kt.oracles.RandomSearchOracle(objective, max_trials, seed=1)`. Hyperband's
            is refused: it promotes a trial by its one set of weights.
        hypermodel: A `keras_tuner.HyperModel` or a model-building function.
        cv: A splitter of scikit-learn; or the number of folds, at least 2, shuffled with the Oracle's seed, and stratified where
            y holds classes.
        fast: Whether models get `lib.tuning.fast`, and folds of equal shape share one compiled loop.
        **kwargs: As for `keras_tuner.Tuner`: directory, project_name, overwrite, loss, …

    Raises:
        CourseError: The oracle is Hyperband's, `executions_per_trial` is given, or `cv` is neither of the two.
    """

    def __init__(self, oracle, hypermodel=None, cv=5, fast=True, **kwargs):
        if isinstance(oracle, kt.oracles.HyperbandOracle):
            raise CourseError(
                "Hyperband promotes a trial by its weights, and a cross-validated trial has a set for each fold: "
                "take RandomSearchOracle or BayesianOptimizationOracle."
            )
        if "executions_per_trial" in kwargs:
            raise CourseError("executions_per_trial: to train a trial more often, give cv=RepeatedStratifiedKFold(…).")
        _check_cv(cv)
        self._folds = None  # what tells the folds of the trials in the folder from others; read by `set_state`
        super().__init__(oracle=oracle, hypermodel=hypermodel, **kwargs)
        self.cv = cv
        self.fast = fast
        self._seeds = None
        self._share = False
        with contextlib.suppress(TypeError, ValueError):  # some splitters need the data to say how many
            self.executions_per_trial = cv if _is_number(cv) else cv.get_n_splits()  # for the line of progress

    def search(self, x, y=None, groups=None, **fit_kwargs):
        """Search as `keras_tuner.Tuner.search` does, without validation data.

        Args:
            x: Array, or a nest of arrays, n rows first.
            y: Array of n targets, or a nest of them.
            groups: Array of n group names, for a splitter that keeps groups together.
            **fit_kwargs: As for `keras.Model.fit`; `sample_weight` is divided like x, callbacks are copied for each
                fold.

        Raises:
            CourseError: Before anything is trained: data that cannot be divided so, or hold what is no number; an
                argument that a fold cannot have; a fold that trains without one of the classes, or on a row that it
                holds out; other folds than those of the trials that are there.
        """
        folds = self.check_search(x, y, groups, **fit_kwargs)
        try:
            with atomic_saves():
                super().search(x, y, folds=folds, **fit_kwargs)
        finally:
            self._seeds = None
            gc.unfreeze()

    def check_search(self, x, y=None, groups=None, **fit_kwargs):
        """Refuse what cannot be searched, without training anything; `lib.tuning.search` asks before it starts workers.

        Args:
            x, y, groups, **fit_kwargs: As for `search`.

        Returns:
            The folds, as `folds` returns them.

        Raises:
            CourseError: As `search`.
        """
        for name, why in NOT_OF_A_FOLD.items():
            if fit_kwargs.get(name) is not None:
                raise CourseError(f"Leave {name} out: {why}.")
        _check_freq(**fit_kwargs)
        folds = self.folds(x, y, groups)
        _check_weights(fit_kwargs.get("sample_weight"), _rows(x, y))
        mine = _digest(folds)
        if self._folds not in (None, mine) and _completed(self.oracle):
            raise CourseError(
                f"The trials in {self.project_dir} were measured on {_words(self._folds)}, and this search has "
                f"{_words(mine)}: give the same cv and rows, another project_name, or overwrite=True."
            )
        self._folds = mine
        return folds

    def get_state(self):
        """Return KerasTuner's own state of the tuner, with what tells these folds from others."""
        return super().get_state() | {"folds": self._folds}

    def set_state(self, state):
        """Take back what `get_state` returned."""
        super().set_state(state)
        self._folds = state.get("folds")

    def reload(self):
        """Read the search in the folder, after a kill at any moment too."""
        super().reload()
        repair(self.oracle)

    def folds(self, x, y=None, groups=None):
        """Divide the rows as every trial of a search over them does.

        Args:
            x, y, groups: As for `search`.

        Returns:
            A list of pairs (rows to train on, rows held out), int arrays.

        Raises:
            CourseError: As `search`.
        """
        n = _rows(x, y)
        _check_finite("x", x)
        _check_finite("y", y)
        labels = _classes(y)
        cv = self.cv
        if _is_number(cv):
            kind = KFold if labels is None else StratifiedKFold
            cv = kind(int(cv), shuffle=True, random_state=self.oracle.seed)
        by = labels if labels is not None else y if hasattr(y, "shape") else None
        first, second = (_split(cv, n, by, groups) for _ in range(2))
        if any(not np.array_equal(a[1], b[1]) for a, b in zip(first, second, strict=True)):
            raise CourseError(f"{cv} divides differently each time, and trials could not be compared: give it a random_state.")
        _check_folds(first, n)
        _check_classes(first, labels)
        return first

    def run_trial(self, trial, x, y, folds, sample_weight=None, callbacks=None, **fit_kwargs):
        """Train one model a fold.

        Args:
            trial: A `keras_tuner` Trial.
            x, y, sample_weight, callbacks, **fit_kwargs: As for `search`.
            folds: What `folds` returned.

        Returns:
            A list of dicts from metric to float, one a fold.
        """
        self._begin(trial.trial_id, share=may_share(self))  # a fold's model is dropped before the next is built
        scores = []
        for number, (train, held) in enumerate(folds):
            model = self._try_build(trial.hyperparameters)
            mine = self._deepcopy_callbacks(list(callbacks or ()))
            self._configure_tensorboard_dir(mine, trial, number)
            mine.append(tuner_utils.TunerCallback(self, trial))
            weights = {} if sample_weight is None else {"sample_weight": _take(sample_weight, train)}
            result = self.hypermodel.fit(
                trial.hyperparameters, model, _take(x, train), _take(y, train),
                validation_data=(_take(x, held), _take(y, held)), callbacks=mine, **weights, **fit_kwargs,
            )
            scores.append(_as_metrics(result, self.oracle.objective))
        return scores

    def _run_and_update_trial(self, trial, *args, **kwargs):
        """Report each fold for itself: the Oracle keeps values of one step side by side, and scores by their mean."""
        folds = self.run_trial(trial, *args, **kwargs)
        forget(self.oracle.get_trial(trial.trial_id))
        for metrics in folds:
            self.oracle.update_trial(trial.trial_id, metrics)

    def refit(self, x, y=None, hp=None, **fit_kwargs):
        """Train the winner once more, on all rows.

        Args:
            x, y: As for `search`.
            hp: `keras_tuner.HyperParameters`; None for the best of the search.
            **fit_kwargs: As for `keras.Model.fit`; what the search was given is not remembered.

        Returns:
            The trained `keras.Model`.

        Raises:
            CourseError: No trial has been completed, and `hp` is None.
        """
        if hp is None and not _completed(self.oracle):
            raise CourseError("There is no winner yet, as no trial is completed: call tuner.search(x, y) first, or give hp=.")
        hp = hp or self.get_best_hyperparameters()[0]
        self._begin("refit", share=False)
        model = self._try_build(hp)
        self.hypermodel.fit(hp, model, x, y, **fit_kwargs)
        return model

    def load_model(self, trial):
        """Refuse: a trial has trained one model a fold, and keeps none of them."""
        raise CourseError(
            "A cross-validated trial keeps no model: it trained one for each fold. "
            "Train the winner on all rows: model = tuner.refit(x, y, epochs=…)."
        )

    def _begin(self, name, share):
        self._seeds, self._share = Seeds(self.oracle.seed), share
        self._seeds.begin(name)

    def _build_hypermodel(self, hp):
        """Build, seeded and fast; called by KerasTuner after `clear_session`, which drops every seed."""
        if self._seeds is None:  # KerasTuner only looks at the space
            return super()._build_hypermodel(hp)
        # In a worker of `lib.tuning.search` it is fast already.
        return make_ready(self.fast, self._share)(self._seeds.build(super()._build_hypermodel, hp))


def fold_scores(tuner):
    """Read every fold's score of a cross-validated search, from this run or an earlier one over the same folder.

    Args:
        tuner: A `CrossValidated` tuner.

    Returns:
        A DataFrame, one row a completed trial (the index: int from 1, as in `lib.trials.trials_frame`): fold 1, fold
        2, … (float), mean, and sd (their standard deviation, with folds - 1).
    """
    rows, name = {}, tuner.oracle.objective.name
    for number, trial_id in enumerate(tuner.oracle.start_order, start=1):
        trial = tuner.oracle.trials[trial_id]
        if trial.status == "COMPLETED":
            rows[number] = [value for seen in trial.metrics.get_history(name) for value in seen.value]
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("trial")
    frame.columns = [f"fold {number}" for number in range(1, frame.shape[1] + 1)]
    return frame.assign(mean=frame.mean(axis=1), sd=frame.std(axis=1, ddof=1))


def _take(nest, rows):
    """Take rows of an array, or of every array of a nest."""
    return None if nest is None else tree.map_structure(lambda array: np.asarray(array)[rows], nest)


def _completed(oracle):
    return [trial for trial in oracle.trials.values() if trial.status == "COMPLETED"]


def _is_number(cv):
    return isinstance(cv, numbers.Integral) and not isinstance(cv, bool)


def _check_cv(cv):
    """Refuse what neither is a number of folds nor divides rows."""
    if not (cv >= 2 if _is_number(cv) else hasattr(cv, "split") and hasattr(cv, "get_n_splits")):
        raise CourseError(
            "cv must be a number of folds, at least 2, or a splitter of scikit-learn, such as KFold(5) or, for folds of your "
            f"own, PredefinedSplit; not {cv!r:.80}."
        )


def _check_freq(validation_freq=1, epochs=1, **_):
    """Refuse a fit that may not validate its last epoch, whose score counts: a callback may end it after any."""
    if validation_freq not in (1, epochs):
        raise CourseError(
            f"A fold is scored after its last epoch, and validation_freq={validation_freq!r:.40} may leave that one out: "
            f"take 1 or the number of epochs, {epochs}."
        )


def _arrays(name, nest):
    """Return the arrays of a nest that is not None, or say what in it has no rows."""
    arrays = [array for array in tree.flatten(nest) if array is not None]
    without = [array for array in arrays if not getattr(array, "shape", None)]
    if without:
        kind = type(without[0]).__name__
        raise CourseError(f"Folds are made of rows, and a {kind} has none that can be picked: give {name} as arrays.")
    return arrays


def _rows(x, y):
    """Return how many rows x and y have, or say what keeps them from being divided."""
    lengths = sorted({len(array) for array in _arrays("x and y", [x, y])})
    if len(lengths) > 1:
        raise CourseError(f"x and y differ in their number of rows: {' and '.join(map(str, lengths))}.")
    if not lengths or lengths == [0]:
        raise CourseError("x has no rows to divide into folds.")
    return lengths[0]


def _check_finite(name, nest):
    """Refuse NaN and infinity: every trial would train, and fail."""
    for array in map(np.asarray, _arrays(name, nest)):
        wrong = int((~np.isfinite(array)).sum()) if array.dtype.kind == "f" else 0
        if wrong:
            raise CourseError(f"{name} holds {wrong} value{'s' * (wrong > 1)} that are not finite: fill or drop them first.")


def _check_weights(sample_weight, n):
    """Refuse weights that are not one for each row."""
    lengths = {len(array) for array in _arrays("sample_weight", sample_weight)} - {n}
    if lengths:
        raise CourseError(f"sample_weight has {min(lengths)} rows, and x has {n}: give one weight for each row.")
    _check_finite("sample_weight", sample_weight)


def _split(cv, n, by, groups):
    """Return the folds of n rows as a list, or say in one line why a splitter cannot make them."""
    try:
        return [(np.asarray(train), np.asarray(held)) for train, held in cv.split(np.zeros((n, 1)), by, groups)]
    except (ValueError, TypeError) as error:
        hint = "; give y as floats if it holds numbers to predict" if by is not None and isinstance(cv, StratifiedKFold) else ""
        raise CourseError(f"{cv} cannot divide these {n} rows: {first_line(error).rstrip('.')}{hint}.") from error


def _check_folds(folds, n):
    """Refuse folds that measure nothing, or judge a model by rows that it was trained on."""
    if not folds:
        raise CourseError("cv makes no folds of these rows.")
    for number, (train, held) in enumerate(folds, start=1):
        if not len(train) or not len(held):
            raise CourseError(f"Fold {number} has {len(train)} rows to train on and {len(held)} held out: it needs both.")
        if min(train.min(), held.min()) < 0 or max(train.max(), held.max()) >= n:
            raise CourseError(f"Fold {number} names a row that is not there: rows go from 0 to {n - 1}.")
        both = np.intersect1d(train, held)
        if len(both):
            raise CourseError(f"Fold {number} would train on rows that it holds out, row {both[0]} for one.")


def _digest(folds):
    """Return what tells these folds from others: how many, of how many rows, and a digest of which rows."""
    digest = hashlib.sha256()
    for train, held in folds:
        digest.update(np.asarray(train, "int64").tobytes() + b"/" + np.asarray(held, "int64").tobytes() + b";")
    rows = len(np.unique(np.concatenate([held for _, held in folds])))
    return {"folds": len(folds), "rows": rows, "digest": digest.hexdigest()[:16]}


def _words(digest):
    return f"{digest['folds']} folds of {digest['rows']} rows ({digest['digest'][:4]})"


def _classes(y):
    """Return the class of each row, shape (n,), or None where y are numbers to predict.

    Classes are whole numbers, words, one-hot rows, or any two different values.
    """
    if y is None or len(tree.flatten(y)) > 1:
        return None
    y = np.asarray(tree.flatten(y)[0])
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim == 2 and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all():
        return y.argmax(axis=1)
    if y.ndim == 1 and (y.dtype.kind in "biuUSO" or len(np.unique(y)) == 2):
        return y
    return None


def _check_classes(folds, labels):
    """Refuse folds of which one trains without a class: its model could not know it."""
    if labels is None:
        return
    there, counts = np.unique(labels, return_counts=True)
    for number, (train, _) in enumerate(folds, start=1):
        for label in set(there.tolist()) - set(np.unique(labels[train]).tolist()):
            rows = int(counts[there == label][0])
            raise CourseError(
                f"Fold {number} would train without class {label!r} ({rows} row{'s' * (rows > 1)} in all): "
                "take StratifiedKFold with shuffle=True, or fewer folds; give y as floats if it holds numbers to predict."
            )


def _as_metrics(result, objective):
    """Turn what a `fit` returned into a dict of metrics with the objective in it, after the last epoch."""
    if isinstance(result, keras.callbacks.History):
        result = {name: values[-1] for name, values in result.history.items()}
    if not isinstance(result, dict):
        tuner_utils.validate_trial_results(result, objective, "HyperModel.fit()")
        result = tuner_utils.convert_to_metrics_dict(result, objective)
    metrics = dict(result)
    if objective.has_value(metrics):
        metrics[objective.name] = objective.get_value(metrics)
    if objective.name not in metrics:
        raise FatalValueError(f"There is no {objective.name!r} among a fold's metrics: {', '.join(metrics)}.")
    return metrics
