"""One worker process of a parallel search: it runs trials, and asks the caller's Oracle over a pipe for each.

A worker sends (name, args, kwargs). Whoever called the search answers the names marked with an arrow, with (result, error);
the worker raises the error.

    ready                      it has read its job
    epoch (trial_id, value)    an epoch of its trial has ended, with this value of the objective, or None
    create_trial (tuner_id)  → the next trial, as soon as the Oracle has one, or word that there are no more
    end_trial (trial)        → the trial has ended, and is on disk when the answer comes
    any other                → a method of the Oracle, or an attribute, by its name
    measured (seconds)         of one short trial, which `lib.tuning.price` asks for instead of a search
    done                       there are no more trials: the last word of a worker
    fatal (error)              an error outside of any trial, which ends the search: likewise

A pipe that ends without one of the last two is a worker that has died: another takes its place and its trial.
"""

import os
import traceback

from lib.tuning import budget, child
from lib.tuning.ready import Seeds, wrap_build


def main(connection, payload, log, number, threads):
    """Run trials until the Oracle has none left, the pipe closes, or the parent is gone.

    Args:
        connection: `multiprocessing.connection.Connection` to the calling process.
        payload: Path of the pickled job: a dict with tuner, args, kwargs, fast, policy, floatx,
            and middle: hyperparameters to time one short trial with, instead of a search.
        log: Path of the file that takes everything printed here.
        number: The worker's number, from 0.
        threads: Threads for TensorFlow's operations.
    """
    child.begin(log, os.path.dirname(payload))
    try:
        child.use_threads(threads, number)
        job = child.load(payload)
        tuner = _prepare(job, connection)
        connection.send(("ready", (), {}))
        if job["middle"] is not None:
            seconds = budget.short_trial(tuner, job["middle"], job["args"], job["kwargs"])
            connection.send(("measured", (seconds,), {}))
        else:
            tuner.search(*job["args"], **job["kwargs"])
            connection.send(("done", (), {}))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass
    except BaseException as error:
        traceback.print_exc()
        connection.send(("fatal", (child.picklable(error),), {}))
    finally:
        child.end()


class OracleProxy:
    """Stands for the Oracle in a worker's tuner: the same methods, answered by the calling process.

    Args:
        values: The Oracle's plain attributes (objective, max_trials, seed, …), by name.
    """

    def __init__(self, values):
        self.__dict__.update(values)
        self.connection = None
        self.begin = lambda trial_id: None

    def ask(self, name, *args, **kwargs):
        """Call a method of the Oracle in the calling process and wait for its answer."""
        self.connection.send((name, args, kwargs))
        answer, error = self.connection.recv()
        if error is not None:
            raise error
        return answer

    def create_trial(self, tuner_id):
        """Ask for the next trial; answered when there is one, so that nobody polls."""
        trial = self.ask("create_trial", tuner_id)
        self.begin(trial.trial_id)
        return trial

    def save(self):
        """Nothing: the Oracle is saved where it lives."""

    def __getattr__(self, name):
        if name.startswith("__") or "connection" not in self.__dict__:
            raise AttributeError(name)
        return lambda *args, **kwargs: self.ask(name, *args, **kwargs)


def _prepare(job, connection):
    """Connect the tuner to the caller, and have every model it builds seeded, given its policy and made fast."""
    tuner = job["tuner"]
    tuner.oracle.connection = connection
    seeds = Seeds(tuner.oracle.seed)
    tuner.oracle.begin = seeds.begin
    tuner.save = lambda: None
    tuner._is_worker = lambda: True
    tuner.on_search_begin = tuner.on_search_end = lambda: None  # these four are the caller's
    tuner.on_trial_begin = lambda trial: None
    tuner.on_trial_end = tuner.oracle.end_trial
    _report_epochs(tuner, connection)
    if tuner.hypermodel is not None:
        wrap_build(tuner, job, seeds)
    return tuner


def _report_epochs(tuner, connection):
    original = getattr(tuner, "on_epoch_end", None)
    name = getattr(tuner.oracle.objective, "name", None)
    if original is None:
        return

    def on_epoch_end(trial, model, epoch, logs=None):
        original(trial, model, epoch, logs=logs)
        value = (logs or {}).get(name)
        connection.send(("epoch", (trial.trial_id, None if value is None else float(value)), {}))

    tuner.on_epoch_end = on_epoch_end
