"""Any finished search as one tidy table: trial, hyperparameters, score, direction, seconds, epochs, status."""

import pandas as pd

from lib.tuning import search_log

HYPERBAND = {"tuner/bracket": "bracket", "tuner/round": "round"}


def trials_frame(tuner):
    """Put the trials of a KerasTuner search into a table, one row a trial, in the order in which they started.

    Args:
        tuner: a `keras_tuner.Tuner`, whether it searched with `tuner.search` or with `lib.tuning.search`.

    Returns:
        A DataFrame with the columns trial (int from 1), one for each hyperparameter (Hyperband's own appear as
        bracket and round), score (float, NaN where there is none), direction ("min" or "max"), seconds (float,
        NaN where nobody measured), epochs (Int64, those this trial trained, NA where unknown) and status (str).
    """
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
    frame = pd.DataFrame(rows)
    last = ["score", "direction", "seconds", "epochs", "status"]
    frame = frame[["trial", *[c for c in frame if c not in ("trial", *last)], *last]]
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
