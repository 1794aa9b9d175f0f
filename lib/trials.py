"""Any finished search as one tidy table: trial, hyperparameters, score, direction, seconds, epochs, status."""

import pandas as pd

from lib.tuning import search_log

HYPERBAND = {"tuner/bracket": "bracket", "tuner/round": "round"}


LAST = ["score", "direction", "seconds", "epochs", "status"]


def trials_frame(tuner):
    """Put the trials of a finished search into a table, one row a trial, in the order in which they started.

    Args:
        tuner: a `keras_tuner.Tuner`, whether it searched with `tuner.search` or with `lib.tuning.search`; or a fitted
            search of scikit-learn (see `_search_rows`).

    Returns:
        A DataFrame with the columns trial (int from 1), one for each hyperparameter (Hyperband's own appear as
        bracket and round), score (float, NaN where there is none), direction ("min" or "max"), seconds (float,
        NaN where nobody measured), epochs (Int64, those this trial trained, NA where unknown) and status (str).
    """
    if hasattr(tuner, "cv_results_"):
        return _tidy(_search_rows(tuner))
    log = {row["trial_id"]: row for row in search_log(tuner)}
    oracle = tuner.oracle
    rows = []
    for number, trial_id in enumerate(oracle.start_order, start=1):
        trial, logged = oracle.trials[trial_id], log.get(trial_id, {})
        rows.append({
            "trial": number,
            **_hyperparameters(trial.hyperparameters),
            "score": trial.score,
            "direction": oracle.objective.direction,
            "seconds": logged.get("seconds"),
            "epochs": logged.get("epochs", _hyperband_epochs(trial.hyperparameters.values)),
            "status": trial.status,
        })  # fmt: skip
    return _tidy(rows)


def _tidy(rows):
    frame = pd.DataFrame(rows)
    frame = frame[["trial", *[c for c in frame if c not in ("trial", *LAST)], *LAST]]
    return frame.astype({"score": float, "seconds": float, "epochs": "Int64"})


def _hyperparameters(hp):
    """Return the active values, without those that only Hyperband's own bookkeeping needs."""
    active = {entry.name for entry in hp.space if hp.is_active(entry)}
    own = {name: value for name, value in hp.values.items() if name in active}
    return own | {column: hp.values[name] for name, column in HYPERBAND.items() if name in hp.values}


def _hyperband_epochs(values):
    if "tuner/epochs" in values:
        return values["tuner/epochs"] - values["tuner/initial_epoch"]
    return None


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
        raise ValueError("The search has several metrics, and `refit` does not name the one that decides.")
    rows = []
    for place, values in enumerate(results["params"]):
        score = results[f"mean_test_{metric}"][place]
        failed = pd.isna(score)
        rows.append({
            "trial": place + 1,
            **_short_names(values),
            "score": score,
            "direction": "max",
            "seconds": folds * (results["mean_fit_time"][place] + results["mean_score_time"][place]),
            "epochs": None if failed else _epochs_of_folds(search.estimator, values, folds),
            "status": "FAILED" if failed else "COMPLETED",
        })  # fmt: skip
    return rows


def _short_names(values):
    """Name parameters without their step, where that leaves each its own name."""
    short = [name.rsplit("__", 1)[-1] for name in values]
    if len(set(short)) < len(short):
        short = list(values)
    return {
        f"param_{name}" if name in ("trial", *LAST) else name: value
        for name, value in zip(short, values.values(), strict=True)
    }


def _epochs_of_folds(estimator, values, folds):
    """Return how many epochs all folds trained together; None where callbacks, or nobody, decide that."""
    settings = estimator.get_params() | values
    epochs = [value for name, value in settings.items() if name.rsplit("__", 1)[-1] == "epochs"]
    stoppers = [value for name, value in settings.items() if name.rsplit("__", 1)[-1] == "callbacks" and value]
    return None if len(epochs) != 1 or stoppers else folds * int(epochs[0])
