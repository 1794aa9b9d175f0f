"""A KerasTuner tuner whose trial is a cross-validation: one fresh model a fold, and every fold's score on record."""

import contextlib
import gc

import keras
import keras_tuner as kt
import numpy as np
import pandas as pd
from keras import tree
from keras_tuner.errors import FatalValueError
from keras_tuner.src.engine import tuner_utils
from sklearn.model_selection import KFold, StratifiedKFold

from lib.errors import CourseError
from lib.tuning.ready import Seeds, make_ready, may_share

NOT_OF_A_FOLD = {
    "validation_data": "each fold is validated on the rows that it holds out",
    "validation_split": "each fold is validated on the rows that it holds out",
    "steps_per_epoch": "a fold's data are arrays, and an epoch is all of them",
}


class CrossValidated(kt.Tuner):
    """Score each trial by cross-validation: train a fresh model on every fold, and take the mean of the folds' scores.

    A fold's score is that after its **last** epoch. (KerasTuner takes the best epoch; here the rows that measure would
    then choose as well. Let `epochs` be a hyperparameter instead.) Where the hypermodel has a `fit` of its own, it is
    given the held-out rows as `validation_data`, and the dict or number that it returns is the fold's score. Every
    trial is measured on the same folds. The seed of a fold's training comes from the Oracle's seed, the trial and the
    fold. `lib.tuning.search` runs the trials on several cores.

    Args:
        oracle: A `keras_tuner.Oracle`, as `kt.oracles.RandomSearchOracle(objective, max_trials, seed=1)`. Hyperband's
            is refused: it promotes a trial by its one set of weights.
        hypermodel: A `keras_tuner.HyperModel` or a model-building function.
        cv: A splitter of scikit-learn; or the number of folds, shuffled with the Oracle's seed, and stratified where
            y holds classes.
        fast: Whether models get `lib.tuning.fast`, and folds of equal shape share one compiled loop.
        **kwargs: As for `keras_tuner.Tuner`: directory, project_name, overwrite, loss, …

    Raises:
        CourseError: The oracle is Hyperband's, or `executions_per_trial` is given.
    """

    def __init__(self, oracle, hypermodel=None, cv=5, fast=True, **kwargs):
        if isinstance(oracle, kt.oracles.HyperbandOracle):
            raise CourseError(
                "Hyperband promotes a trial by its weights, and a cross-validated trial has a set for each fold: "
                "take RandomSearchOracle or BayesianOptimizationOracle."
            )
        if "executions_per_trial" in kwargs:
            raise CourseError("executions_per_trial: to train a trial more often, give cv=RepeatedStratifiedKFold(…).")
        super().__init__(oracle=oracle, hypermodel=hypermodel, **kwargs)
        self.cv = cv
        self.fast = fast
        self._seeds = None
        self._share = False
        with contextlib.suppress(TypeError, ValueError):  # some splitters need the data to say how many
            self.executions_per_trial = cv if isinstance(cv, int) else cv.get_n_splits()  # for the line of progress

    def search(self, x, y=None, groups=None, **fit_kwargs):
        """Search as `keras_tuner.Tuner.search` does, without validation data.

        Args:
            x: Array, or a nest of arrays, n rows first.
            y: Array of n targets, or a nest of them.
            groups: Array of n group names, for a splitter that keeps groups together.
            **fit_kwargs: As for `keras.Model.fit`; `sample_weight` is divided like x, callbacks are copied for each
                fold.

        Raises:
            CourseError: Before anything is trained: data that cannot be divided so, an argument that a fold cannot
                have, a fold that trains without one of the classes.
        """
        for name, why in NOT_OF_A_FOLD.items():
            if fit_kwargs.get(name) is not None:
                raise CourseError(f"Leave {name} out: {why}.")
        try:
            super().search(x, y, folds=self.folds(x, y, groups), **fit_kwargs)
        finally:
            self._seeds = None
            gc.unfreeze()

    def folds(self, x, y=None, groups=None):
        """Divide the rows as every trial of a search over them does.

        Args:
            x, y, groups: As for `search`.

        Returns:
            A list of pairs (rows to train on, rows held out), int arrays.

        Raises:
            CourseError: As `search`.
        """
        n, labels = _rows(x, y), _classes(y)
        cv = self.cv
        if isinstance(cv, int):
            kind = KFold if labels is None else StratifiedKFold
            cv = kind(cv, shuffle=True, random_state=self.oracle.seed)
        by = labels if labels is not None else y if hasattr(y, "shape") else None
        first, second = (list(cv.split(np.zeros((n, 1)), by, groups)) for _ in range(2))
        if any(not np.array_equal(a[1], b[1]) for a, b in zip(first, second, strict=True)):
            raise CourseError(f"{cv} divides differently each time, and trials could not be compared: give it a random_state.")
        _check_classes(first, labels)
        return first

    def run_trial(self, trial, x, y, folds, sample_weight=None, callbacks=(), **fit_kwargs):
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
            mine = self._deepcopy_callbacks(list(callbacks))
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
        for metrics in self.run_trial(trial, *args, **kwargs):
            self.oracle.update_trial(trial.trial_id, metrics)

    def refit(self, x, y=None, hp=None, **fit_kwargs):
        """Train the winner once more, on all rows.

        Args:
            x, y: As for `search`.
            hp: `keras_tuner.HyperParameters`; None for the best of the search.
            **fit_kwargs: As for `keras.Model.fit`; what the search was given is not remembered.

        Returns:
            The trained `keras.Model`.
        """
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


def _rows(x, y):
    """Return how many rows x and y have, or say what keeps them from being divided."""
    arrays = [array for array in [*tree.flatten(x), *tree.flatten(y)] if array is not None]
    if any(not hasattr(array, "shape") for array in arrays):
        kind = next(type(array).__name__ for array in arrays if not hasattr(array, "shape"))
        raise CourseError(f"Folds are made of rows, and a {kind} has none that can be picked: give x and y as arrays.")
    lengths = sorted({len(array) for array in arrays})
    if len(lengths) > 1:
        raise CourseError(f"x and y differ in their number of rows: {' and '.join(map(str, lengths))}.")
    return lengths[0]


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
