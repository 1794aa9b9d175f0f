"""Any finished search as one tidy table: trial, hyperparameters, score, direction, seconds, epochs, status."""

import json
import os
from numbers import Real
from pathlib import Path

import numpy as np
import pandas as pd

from lib import arrays
from lib.columns import OUTCOME, is_gap, texts
from lib.errors import CourseError
from lib.tuning.resume import search_log

HYPERBAND = {"tuner/bracket": "bracket", "tuner/round": "round"}
HALVING = ("iter", "n_resources")  # the columns in which scikit-learn tells the round of a halving search
STATES = {"COMPLETE": "COMPLETED", "FAIL": "FAILED"}  # Optuna's names that differ from KerasTuner's


def trials_frame(search, objective=0, direction=None):
    """Put the trials of a search into a table, one row a trial, in the order in which they started.

    Whatever made the search, columns, types and order are the same. Trials that failed, were pruned or never came to
    an end keep their rows. A hyperparameter keeps its values as they were chosen, lists and estimators too; one that a
    trial does not have is a gap, and where None or NaN was *chosen* stands the text "None" or "nan".

    Args:
        search: A `keras_tuner.Tuner`, whether it searched with `tuner.search` or with `lib.tuning.search`, or the
            folder on disk that it left (`tuner.project_dir`); a fitted search of scikit-learn (see `_search_rows`);
            or an `optuna.Study` (see `_study_rows`).
        objective: Which of a study's objectives is the score, from 0.
        direction: "min" or "max", asked for only where a folder does not tell; None for what the search tells.

    Returns:
        A DataFrame with the columns trial (int from 1), one for each hyperparameter (one that is called like another
        column gets `param_` before its name), score (float, NaN where there is none), direction ("min" or "max"; ""
        for a folder where no trial has a score), seconds (float, NaN where nobody measured), epochs (Int64, those this
        trial trained, NA where unknown) and status (str: COMPLETED, PRUNED, FAILED, INVALID, RUNNING or WAITING).
        Where scores of different rounds cannot be compared, columns tell the round: Hyperband's bracket and round, and
        iter and n_resources of scikit-learn's halving searches, whose winner is in the last iter.

    Raises:
        CourseError: There is no search in this folder, its direction is not told, or another one than `direction`, this
            is no search, or the epochs that a study's trial notes are no whole number.
    """
    if direction not in (None, "min", "max"):
        raise CourseError(f"direction is {direction!r}; it can be 'max' or 'min'.")
    frame = _tidy(_rows(search, objective, direction))
    if direction and (told := set(frame["direction"]) - {direction}):
        raise CourseError(f"direction is {direction!r}, and the search itself tells {told.pop()!r}: leave it out.")
    return frame


def _rows(search, objective, direction):
    """Return the triples of any search, whatever made it; see `_tidy`."""
    if isinstance(search, (str, os.PathLike)):
        return _folder_rows(Path(search), direction)
    if hasattr(search, "oracle"):
        oracle = search.oracle
        trials = [oracle.trials[trial_id] for trial_id in oracle.start_order]
        spaces = [trial.hyperparameters.space for trial in trials]
        return _tuner_rows(trials, spaces, oracle.objective.direction, search_log(search))
    if hasattr(search, "cv_results_"):
        return _search_rows(search)
    if hasattr(search, "directions"):
        return _study_rows(search, objective)
    kind = type(search).__name__
    if hasattr(search, "get_params"):
        raise CourseError(f"This {kind} has no results yet: call its fit first.")
    raise CourseError(
        f"A {kind} is no search: give a KerasTuner tuner or its folder, a fitted search of scikit-learn, or an Optuna study."
    )


def _tidy(rows):
    """Make a table of triples, one a trial: its hyperparameters, the round it was in, and its outcome, each a dict."""
    chosen, rounds, outcomes = zip(*rows, strict=True) if rows else ((), (), ())
    own = ("trial", *_keys(rounds), *OUTCOME)
    columns = {"trial": range(1, len(rows) + 1)}
    for name, column in _names(_keys(chosen), own).items():
        columns[column] = _column([_told(values[name]) if name in values else float("nan") for values in chosen])
    for name in _keys(rounds):
        columns[name] = [values.get(name) for values in rounds]
    for name in OUTCOME:
        columns[name] = [values[name] for values in outcomes]
    kinds = {"trial": int, "score": float, "direction": str, "seconds": float, "epochs": "Int64", "status": str}
    return pd.DataFrame(columns).astype(kinds)


def curves_frame(tuner):
    """Put what the trials of a search scored on their way into a table, one row an epoch, in the order of the trials.

    Args:
        tuner: A `keras_tuner.Tuner` that `lib.tuning.search` has run, which notes the objective after each epoch.

    Returns:
        A DataFrame with the columns trial (int from 1), model (the trial in which the same model began to train: one that
        Hyperband promotes goes on as a new trial), bracket, round (0 where there are none), epoch (int from 1, of the
        model) and score (float).

    Raises:
        CourseError: nothing is noted: the search has another objective than Keras tells, or another way has run it.
    """
    log = {row["trial_id"]: row.get("values", []) for row in search_log(tuner)}
    models = {}
    rows = []
    for trial, trial_id in enumerate(tuner.oracle.start_order, start=1):
        values = tuner.oracle.trials[trial_id].hyperparameters.values
        models[trial_id] = models.get(values.get("tuner/trial_id"), trial)
        place = (trial, models[trial_id], values.get("tuner/bracket", 0), values.get("tuner/round", 0))
        before = values.get("tuner/initial_epoch", 0)
        scores = enumerate(log.get(trial_id, []), start=before + 1)
        rows += [(*place, epoch, score) for epoch, score in scores if score is not None]
    if not rows:
        raise CourseError("This search has noted no scores on the way: run it with lib.tuning.search.")
    return pd.DataFrame(rows, columns=["trial", "model", "bracket", "round", "epoch", "score"])


def _keys(rows):
    return list(dict.fromkeys(name for row in rows for name in row))


def _names(names, taken):
    """Give each hyperparameter a column of its own: `param_epochs`, as in `cv_results_`, where its name is taken."""
    columns = {}
    for name in names:
        columns[name] = name
        while columns[name] in taken or (columns[name] != name and columns[name] in names):
            columns[name] = f"param_{columns[name]}"
        taken = (*taken, columns[name])
    return columns


def _told(value):
    """Tell a None or a NaN that was chosen from a gap."""
    return str(value) if is_gap(value) else value


def _column(values):
    """Leave the type of a column to pandas, unless a value would change, or two become one, as 1 and 1.0 would."""
    column = pd.Series(values)
    if pd.api.types.is_float_dtype(column):
        there = [value for value in values if not is_gap(value)]
        changed = any(float(value) != value for value in there)
        if changed or len(set(there)) < len(set(texts(there))):
            return pd.Series(values, dtype=object)
    return column


# --- KerasTuner


def _tuner_rows(trials, spaces, direction, log):
    """Return one triple for each `keras_tuner` trial; seconds and epochs come from the search's log, where it has one."""
    log = {row["trial_id"]: row for row in log}
    rows = []
    for trial, space in zip(trials, spaces, strict=True):
        logged, hp = log.get(trial.trial_id, {}), trial.hyperparameters
        place = {column: hp.values[name] for name, column in HYPERBAND.items() if name in hp.values}
        outcome = {
            "score": trial.score,
            "direction": direction,
            "seconds": logged.get("seconds"),
            "epochs": logged.get("epochs", _hyperband_epochs(hp.values)),
            "status": trial.status,
        }
        rows.append((_hyperparameters(hp, space), place, outcome))
    return rows


def _hyperparameters(hp, space):
    """Return the active values, without those that only Hyperband's own bookkeeping needs."""
    active = {entry.name for entry in space if hp.is_active(entry)}
    return {name: value for name, value in hp.values.items() if name in active and not name.startswith("tuner/")}


def _hyperband_epochs(values):
    if "tuner/epochs" in values:
        return values["tuner/epochs"] - values["tuner/initial_epoch"]
    return None


def _folder_rows(folder, direction):
    """Read a tuner's folder as it is, also while its search runs, or after it was killed."""
    if not (folder / "oracle.json").exists():
        near = sorted(path.parent.as_posix() for path in folder.glob("*/oracle.json"))
        where = f"there is one in {near[0]}" if near else "a folder that a search has left holds the file oracle.json"
        raise CourseError(f"There is no search of KerasTuner in {folder}; {where}.")
    order = json.loads((folder / "oracle.json").read_text())["start_order"]
    # A search that was killed between two writes has named a trial that has no file yet.
    files = [path for trial_id in order if (path := folder / f"trial_{trial_id}" / "trial.json").exists()]
    trials, spaces = _load(files)
    return _tuner_rows(trials, spaces, _direction(trials, folder, direction), search_log(folder))


def _load(files):
    """Read trials, and the space of each; to read a space takes long, so one that several share is read once."""
    from keras_tuner import HyperParameters
    from keras_tuner.engine.trial import Trial

    known = {}
    trials = []
    spaces = []
    for path in files:
        state = json.loads(path.read_text(encoding="utf-8"))
        told = state["hyperparameters"]
        key = json.dumps(told["space"])
        if key not in known:
            known[key] = HyperParameters.from_config(told).space
        spaces.append(known[key])
        trials.append(Trial.from_state(state | {"hyperparameters": told | {"space": []}}))
    return trials, spaces


def _direction(trials, folder, otherwise):
    """Find the direction, which the files do not name: that of the metric whose best value is the score, in every trial.

    Where they do not tell, it is `otherwise`.
    """
    scored = [trial for trial in trials if not is_gap(trial.score)]
    if not scored:
        return otherwise or ""
    names = set.intersection(*[set(trial.metrics.metrics) for trial in scored])
    fits = [n for n in names if all(trial.metrics.get_best_value(n) == trial.score for trial in scored)]
    found = {scored[0].metrics.get_direction(name) for name in fits}
    if len(found) == 1:
        return found.pop()
    if otherwise is None:
        raise CourseError(
            f"The trials in {folder} do not tell whether greater is better: give direction='max' or direction='min'."
        )
    return otherwise


# --- scikit-learn


def _search_rows(search):
    """Return one triple for each candidate of a fitted GridSearchCV, RandomizedSearchCV or halving search.

    The score is the mean over the folds (of the metric that `refit` names, where there are several), and greater is
    always better; seconds and epochs are those of all folds together. A candidate of which a fold failed has no score
    and the status FAILED; one of a halving search comes once in each round that it reached. Parameters lose the names
    of the pipeline's steps: `net__units` is `units`, and one that would then be called like another column is
    `param_epochs`, as in `cv_results_`.
    """
    results, folds = search.cv_results_, search.n_splits_
    metric = search.refit if search.multimetric_ else "score"
    if f"mean_test_{metric}" not in results:
        raise CourseError("The search has several metrics, and `refit` does not name the one that decides.")
    settings = search.estimator.get_params()
    short = _short_names(_keys(results["params"]))
    rows = []
    for place, values in enumerate(results["params"]):
        score = results[f"mean_test_{metric}"][place]
        failed = pd.isna(score)
        outcome = {
            "score": score,
            "direction": "max",
            "seconds": folds * (results["mean_fit_time"][place] + results["mean_score_time"][place]),
            "epochs": None if failed else _epochs_of_folds(settings | values, folds),
            "status": "FAILED" if failed else "COMPLETED",
        }
        chosen = {short[name]: value for name, value in values.items()}
        rows.append((chosen, {name: int(results[name][place]) for name in HALVING if name in results}, outcome))
    return rows


def _short_names(names):
    """Name parameters without their step, where that leaves each its own name."""
    short = [name.rsplit("__", 1)[-1] for name in names]
    return dict(zip(names, short if len(set(short)) == len(short) else names, strict=True))


def _epochs_of_folds(settings, folds):
    """Return how many epochs all folds trained together; None where callbacks, or nobody, decide that."""
    epochs = [value for name, value in settings.items() if name.rsplit("__", 1)[-1] == "epochs"]
    stoppers = [value for name, value in settings.items() if name.rsplit("__", 1)[-1] == "callbacks" and value]
    told = len(epochs) == 1 and isinstance(epochs[0], int | np.integer) and not stoppers
    return folds * int(epochs[0]) if told else None


# --- Optuna


def _study_rows(study, objective):
    """Return one triple for each trial of an `optuna.Study`.

    The score of a pruned trial is the last value it reported. Epochs are the trial's user attribute `epochs`, or else
    the number of values that it reported, since an objective reports once an epoch.
    """
    objective = arrays.whole("objective", objective)
    if objective >= len(study.directions):
        raise CourseError(f"objective={objective}: this study has {len(study.directions)}, counted from 0.")
    direction = {"MINIMIZE": "min", "MAXIMIZE": "max"}[study.directions[objective].name]
    rows = []
    for trial in study.get_trials(deepcopy=False):
        outcome = {
            "score": trial.values[objective] if trial.values else None,
            "direction": direction,
            "seconds": trial.duration.total_seconds() if trial.duration else None,
            "epochs": _epochs_of_trial(trial),
            "status": STATES.get(trial.state.name, trial.state.name),
        }
        rows.append((trial.params, {}, outcome))
    return rows


def _epochs_of_trial(trial):
    noted = trial.user_attrs.get("epochs", len(trial.intermediate_values) or None)
    whole = isinstance(noted, Real) and not isinstance(noted, bool) and noted == noted // 1 and abs(noted) < 2**63
    if noted is not None and not whole:
        raise CourseError(
            f"Trial {trial.number + 1}: its user attribute 'epochs' is {noted!r}, and a table needs a whole number: "
            "note what you mean under another name."
        )
    return noted
