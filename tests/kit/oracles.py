"""Oracles without a tuner: trials that are given out and ended as a tuner does it, and nothing is trained."""


def in_folder(oracle, folder):
    """Give an Oracle its folder, as a tuner does, and keep its tables off the screen; return it."""
    oracle._set_project_dir(folder, "project")
    oracle.verbose = 0
    return oracle


def finish(oracle, trial, score=None, status="INVALID"):
    """End a trial as a tuner does: with a score (a number, or a dict), or without one as failed."""
    if score is None:
        trial.status, trial.message = status, "out of memory"
    else:
        oracle.update_trial(trial.trial_id, score if isinstance(score, dict) else {"score": score})
        trial.status = "COMPLETED"
    oracle.end_trial(trial)
    oracle.save()


def run(oracle, trials, score):
    """Run up to so many trials, each with the score of its values; return the values of those that there were."""
    proposed = []
    for _ in range(trials):
        trial = oracle.create_trial("tuner0")
        if trial.status == "STOPPED":
            break
        proposed.append(dict(trial.hyperparameters.values))
        finish(oracle, trial, score(proposed[-1]))
    return proposed


def distinct(proposed):
    """Count the different points among dicts of values."""
    return len({tuple(sorted(values.items())) for values in proposed})
