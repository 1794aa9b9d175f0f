"""What a search leaves on disk, and how the same call goes on from it: its log, trials put back, files replaced whole."""

import contextlib
import json
import os
import shutil

from lib.files import whole

DEATHS_AT_MOST = 2  # deaths of a trial's worker after which that trial is not given out again
LOG = "search_log.jsonl"


def search_log(tuner):
    """Read when each trial ran, and for how long; it is written beside the trials and survives a restart.

    Args:
        tuner: A tuner that `search` has run, or its folder (`tuner.project_dir`).

    Returns:
        A list of dicts, one for each time a trial ran to its end: trial_id, worker, start (seconds since 1970),
        seconds, epochs (trained), status, values (of the objective, one after each epoch; None where Keras told none).
        Empty where no parallel search has run. A trial that ended in the instant before a kill may have none: KerasTuner's
        file of it comes first, so that it never runs twice.
    """
    path = os.path.join(getattr(tuner, "project_dir", tuner), LOG)
    rows = []
    with contextlib.suppress(FileNotFoundError), open(path) as file:
        for line in file:
            with contextlib.suppress(ValueError):  # the last line of a killed search may be cut
                rows.append(json.loads(line))
    return rows


def forget(trial):
    """Take out of a trial what an earlier run of it has left, so that no two runs are mixed when it runs again.

    Args:
        trial: A `keras_tuner` Trial. KerasTuner's own keeps the metrics of a run that failed or was killed: the mean of
            both runs is then its score, or the new run's result is dropped.
    """
    trial.metrics = type(trial.metrics)()
    trial.score = trial.message = None


def give_out(oracle, tuner_id):
    """Have the Oracle give out a trial, with nothing in it of an earlier run.

    Args:
        oracle: A `keras_tuner.Oracle`.
        tuner_id: The worker's name.

    Returns:
        The `keras_tuner` Trial, as `Oracle.create_trial` returns it.
    """
    again = oracle._retry_queue and tuner_id not in oracle.ongoing_trials
    trial = oracle.create_trial(tuner_id)
    if again:
        forget(trial)
    return trial


def put_back(oracle, tuner_id):
    """Take a running trial from a worker, and have the Oracle give it out before any new one.

    Args:
        oracle: A `keras_tuner.Oracle`.
        tuner_id: The worker's name; nothing happens if it runs no trial.
    """
    trial = oracle.ongoing_trials.pop(tuner_id, None)
    if trial is not None:
        forget(trial)
        oracle._retry_queue.append(trial.trial_id)
        oracle.save()


def repair(oracle):
    """Bring what a reloaded Oracle believes in order after a kill at any moment.

    KerasTuner writes a trial and then the Oracle. A kill between the two leaves a trial the Oracle has not heard of,
    or a finished one that it believes running. A kill before the trial has ended leaves half of its metrics. A finished
    trial that the Oracle has not given out stays: somebody has put it there for the search to start from.

    Args:
        oracle: A `keras_tuner.Oracle` of which no trial runs.
    """
    for tuner_id in list(oracle.ongoing_trials):
        put_back(oracle, tuner_id)
    for trial_id in [i for i in oracle.trials if i not in oracle.start_order and oracle.trials[i].status == "RUNNING"]:
        del oracle.trials[trial_id]
        shutil.rmtree(oracle._get_trial_dir(trial_id), ignore_errors=True)
    finished = [i for i in oracle.start_order if oracle.trials[i].status in ("COMPLETED", "FAILED")]
    oracle.end_order.extend(i for i in finished if i not in oracle.end_order)
    lost = [i for i in oracle.start_order if i not in finished]
    for trial_id in lost:
        forget(oracle.trials[trial_id])
    oracle._retry_queue[:] = list(reversed(lost))  # taken from the end: the oldest first


@contextlib.contextmanager
def quiet_oracle(tuner):
    """Keep KerasTuner's own tables off the screen while the line of progress is on it."""
    before = tuner.oracle.verbose
    tuner.oracle.verbose = 0
    try:
        yield
    finally:
        tuner.oracle.verbose = before


@contextlib.contextmanager
def atomic_saves():
    """Have KerasTuner replace its files whole, so that a kill while it writes leaves the file before."""
    from keras_tuner.src import utils

    original = utils.save_json

    def save_json(path, obj):
        with whole(path) as half:
            return original(str(half), obj)

    utils.save_json = save_json
    try:
        yield
    finally:
        utils.save_json = original
