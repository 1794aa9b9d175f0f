"""Any finished search as one tidy table: trial, hyperparameters, score, direction, seconds, epochs, status."""

import json
import os
from pathlib import Path

import pandas as pd

from lib.columns import OUTCOME
from lib.errors import CourseError
from lib.tuning.resume import search_log

HYPERBAND = {"tuner/bracket": "bracket", "tuner/round": "round"}
STATES = {"COMPLETE": "COMPLETED", "FAIL": "FAILED"}  # Optuna's names that differ from KerasTuner's


def trials_frame(search, objective=0, direction=None):
    """Put the trials of a search into a table, one row a trial, in the order in which they started.

    Whatever made the search, columns, types and order are the same. Trials that failed, were pruned or never came to
    an end keep their rows.

    Args:
        search: A `keras_tuner.Tuner`, whether it searched with `tuner.search` or with `lib.tuning.search`, or the
            folder on disk that it left (`tuner.project_dir`); a fitted search of scikit-learn (see `_search_rows`);
            or an `optuna.Study` (see `_study_rows`).
        objective: Which of a study's objectives is the score, from 0.
        direction: "min" or "max", asked for only where a folder does not tell.

    Returns:
        A DataFrame with the columns trial (int from 1), one for each hyperparameter (Hyperband's own appear as
        bracket and round; one that is called like another column gets `param_` before its name), score (float, NaN
        where there is none), direction ("min" or "max"), seconds (float, NaN where nobody measured), epochs (Int64,
        those this trial trained, NA where unknown) and status (str: COMPLETED, PRUNED, FAILED, INVALID, RUNNING or
        WAITING).

    Raises:
        CourseError: There is no search in this folder, its direction is not told, or this is no search.
    """
    if isinstance(search, (str, os.PathLike)):
        return _tidy(_folder_rows(Path(search), direction))
    if hasattr(search, "oracle"):
        oracle = search.oracle
        trials = [oracle.trials[trial_id] for trial_id in oracle.start_order]
        return _tidy(_tuner_rows(trials, oracle.objective.direction, search_log(search)))
    if hasattr(search, "cv_results_"):
        return _tidy(_search_rows(search))
    if hasattr(search, "directions"):
        return _tidy(_study_rows(search, objective))
    kind = type(search).__name__
    if hasattr(search, "get_params"):
        raise CourseError(f"This {kind} has no results yet: call its fit first.")
    raise CourseError(
        f"A {kind} is no search: give a KerasTuner tuner or its folder, a fitted search of scikit-learn, or an Optuna study."
    )


def _tidy(rows):
    rows = [{"trial": number} | row for number, row in enumerate(rows, start=1)]
    frame = pd.DataFrame(rows, columns=None if rows else ["trial", *OUTCOME])
    frame = frame[["trial", *[c for c in frame if c not in ("trial", *OUTCOME)], *OUTCOME]]
    return frame.astype(
        {"trial": int, "score": float, "direction": str, "seconds": float, "epochs": "Int64", "status": str}
    )


def _own_names(values):
    """Keep a hyperparameter that is called like another column apart from it: `param_epochs`, as in `cv_results_`."""
    return {f"param_{name}" if name in ("trial", *OUTCOME) else name: value for name, value in values.items()}


# --- KerasTuner


def _tuner_rows(trials, direction, log):
    """Return one dict for each `keras_tuner` trial; seconds and epochs come from the search's log, where it has one."""
    log = {row["trial_id"]: row for row in log}
    rows = []
    for trial in trials:
        logged, hp = log.get(trial.trial_id, {}), trial.hyperparameters
        rows.append({
            **_own_names(_hyperparameters(hp)),
            "score": trial.score,
            "direction": direction,
            "seconds": logged.get("seconds"),
            "epochs": logged.get("epochs", _hyperband_epochs(hp.values)),
            "status": trial.status,
        })
    return rows


def _hyperparameters(hp):
    """Return the active values, without those that only Hyperband's own bookkeeping needs."""
    active = {entry.name for entry in hp.space if hp.is_active(entry)}
    own = {name: value for name, value in hp.values.items() if name in active and not name.startswith("tuner/")}
    return own | {column: hp.values[name] for name, column in HYPERBAND.items() if name in hp.values}


def _hyperband_epochs(values):
    if "tuner/epochs" in values:
        return values["tuner/epochs"] - values["tuner/initial_epoch"]
    return None


def _folder_rows(folder, direction):
    """Read a tuner's folder as it is, also while its search runs, or after it was killed."""
    from keras_tuner.engine.trial import Trial

    if not (folder / "oracle.json").exists():
        near = sorted(path.parent.as_posix() for path in folder.glob("*/oracle.json"))
        where = f"there is one in {near[0]}" if near else "its folder holds an oracle.json"
        raise CourseError(f"There is no search of KerasTuner in {folder}; {where}.")
    order = json.loads((folder / "oracle.json").read_text())["start_order"]
    # A search that was killed between two writes has named a trial that has no file yet.
    files = [path for trial_id in order if (path := folder / f"trial_{trial_id}" / "trial.json").exists()]
    trials = [Trial.load(str(path)) for path in files]
    return _tuner_rows(trials, direction or _direction(trials, folder), search_log(folder))


def _direction(trials, folder):
    """Find the direction, which the files do not name: that of the metric whose best value is the score, in every trial."""
    scored = [trial for trial in trials if trial.score is not None]
    names = set.intersection(*[set(trial.metrics.metrics) for trial in scored]) if scored else set()
    fits = [n for n in names if all(trial.metrics.get_best_value(n) == trial.score for trial in scored)]
    found = {scored[0].metrics.get_direction(name) for name in fits}
    if len(found) != 1:
        raise CourseError(
            f"The trials in {folder} do not tell whether greater is better: give direction='max' or direction='min'."
        )
    return found.pop()


# --- scikit-learn


def _search_rows(search):
    """Return one dict for each candidate of a fitted GridSearchCV, RandomizedSearchCV or halving search.

    The score is the mean over the folds (of the metric that `refit` names, where there are several), and greater is
    always better; seconds and epochs are those of all folds together. A candidate of which a fold failed has no score
    and the status FAILED. Parameters lose the names of the pipeline's steps: `net__units` is `units`, and one that
    would then be called like another column is `param_epochs`, as in `cv_results_`.
    """
    results, folds = search.cv_results_, search.n_splits_
    metric = search.refit if search.multimetric_ else "score"
    if f"mean_test_{metric}" not in results:
        raise CourseError("The search has several metrics, and `refit` does not name the one that decides.")
    rows = []
    for place, values in enumerate(results["params"]):
        score = results[f"mean_test_{metric}"][place]
        failed = pd.isna(score)
        rows.append({
            **_short_names(values),
            "score": score,
            "direction": "max",
            "seconds": folds * (results["mean_fit_time"][place] + results["mean_score_time"][place]),
            "epochs": None if failed else _epochs_of_folds(search.estimator, values, folds),
            "status": "FAILED" if failed else "COMPLETED",
        })
    return rows


def _short_names(values):
    """Name parameters without their step, where that leaves each its own name."""
    short = [name.rsplit("__", 1)[-1] for name in values]
    return _own_names(dict(zip(short if len(set(short)) == len(short) else values, values.values(), strict=True)))


def _epochs_of_folds(estimator, values, folds):
    """Return how many epochs all folds trained together; None where callbacks, or nobody, decide that."""
    settings = estimator.get_params() | values
    epochs = [value for name, value in settings.items() if name.rsplit("__", 1)[-1] == "epochs"]
    stoppers = [value for name, value in settings.items() if name.rsplit("__", 1)[-1] == "callbacks" and value]
    return None if len(epochs) != 1 or stoppers else folds * int(epochs[0])


# --- Optuna


def _study_rows(study, objective):
    """Return one dict for each trial of an `optuna.Study`.

    The score of a pruned trial is the last value it reported. Epochs are the trial's user attribute `epochs`, or else
    the number of values that it reported, since an objective reports once an epoch.
    """
    if not 0 <= objective < len(study.directions):
        raise CourseError(f"objective={objective}: this study has {len(study.directions)}, counted from 0.")
    direction = {"MINIMIZE": "min", "MAXIMIZE": "max"}[study.directions[objective].name]
    rows = []
    for trial in study.trials:
        reported = len(trial.intermediate_values) or None
        rows.append({
            **_own_names(trial.params),
            "score": trial.values[objective] if trial.values else None,
            "direction": direction,
            "seconds": trial.duration.total_seconds() if trial.duration else None,
            "epochs": trial.user_attrs.get("epochs", reported),
            "status": STATES.get(trial.state.name, trial.state.name),
        })
    return rows
