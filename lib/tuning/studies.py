"""Run an Optuna study in several processes, on a journal file or a database, through the death of any of them.

The workers meet in the study's storage. Over a pipe each is sent True for one more trial or False for no more, and answers
None when a trial has ended, or the error that ended it. A pipe that ends earlier is a worker that has died.
"""

import collections
import contextlib
import os
import socket
import tempfile
import time
import traceback
import warnings
import zlib
from datetime import datetime
from multiprocessing.connection import wait

from lib.errors import CourseError, first_line
from lib.machine import cores
from lib.tuning import child, processes
from lib.tuning.progress import Progress
from lib.tuning.resume import DEATHS_AT_MOST

UNSIGNED = 60  # seconds after which a trial without the name of a process has none


def optimize(objective, storage, study_name, n_trials, workers=None, sampler=None, pruner=None, direction="maximize",
             seed=1, log=None, verbose=1):
    """Run `study.optimize(objective)` in several processes until the study has `n_trials` trials that came to an end.

    A worker that dies is replaced. Its trial is marked FAIL and given out once more with the same parameters, under a
    new number, so that no trial stays RUNNING and exactly `n_trials` others end. When the call is stopped, the same call
    goes on. Each trial's user attribute `worker` is the number of the worker that ran it (see `study_log`).

    Args:
        objective: Function of an `optuna.Trial`, as for Optuna. It is sent to other processes; the dtype policy is
            float32 there unless it sets another. Its error ends the search.
        storage: Path of a journal file, or URL of a PostgreSQL or MySQL database.
        study_name: Name of the study, made if it is not there.
        n_trials: Trials in all, with those that the study has already, those pruned, and without given-out-again ones.
        workers: Number of processes. None: one a core, or one for each GPU.
        sampler: A class of `optuna.samplers` or a function that takes `seed`. None: TPESampler.
        pruner: An `optuna.pruners` object, or None for Optuna's own choice.
        direction: "maximize" or "minimize".
        seed: Whole number; every worker's sampler is seeded from it, each differently.
        log: Path of the file for what workers print; None: nowhere.
        verbose: 1 for the line of progress, 0 for none.

    Returns:
        The `optuna.Study`.

    Raises:
        CourseError: The storage cannot be opened, or is SQLite; the study is there, and goes the other way.
        ValueError: `workers` is no positive whole number.
        RuntimeError: Workers do not start.
    """
    import optuna

    count, storage = processes.count_workers(workers), os.fspath(storage)
    study = _study(storage, optuna.create_study, study_name=study_name, direction=direction, load_if_exists=True,
                   sampler=sampler(seed=seed) if sampler else None, pruner=pruner)
    _check_direction(study, direction)
    job = {"objective": objective, "storage": storage, "name": study_name, "seed": seed,
           "sampler": sampler or optuna.samplers.TPESampler, "pruner": pruner}
    experimental = optuna.exceptions.ExperimentalWarning  # what gives a trial out again is that, in Optuna's words
    with (tempfile.TemporaryDirectory(prefix="optuna-job-", ignore_cleanup_errors=True) as folder,
          warnings.catch_warnings(action="ignore", category=experimental)):
        path = os.path.join(folder, "job.pickle")
        with open(path, "wb") as file:
            processes.pickler(file, folder).dump(job)
        _Team(study, n_trials, count, (path, os.path.abspath(log or os.devnull)), Progress(verbose)).run()
    return study


def study_log(study):
    """Tell who ran which trial when, as `lib.tuning.search_log` does.

    Args:
        study: An `optuna.Study` that `optimize` has run.

    Returns:
        A list of dicts, one for each trial that ended: trial_id (str), worker (int), start (seconds since 1970),
        seconds, status.
    """
    return [
        {"trial_id": str(t.number), "worker": t.user_attrs["worker"], "start": t.datetime_start.timestamp(),
         "seconds": t.duration.total_seconds(), "status": t.state.name}
        for t in study.trials if t.duration and "worker" in t.user_attrs
    ]


def _study(storage, get, **settings):
    """Make or load a study; a storage that cannot be had is told in one line."""
    import optuna
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend
    from sqlalchemy.exc import SQLAlchemyError

    if storage.startswith("sqlite"):
        raise CourseError("SQLite locks its file under several writers. Give the path of a journal file, or PostgreSQL's URL.")
    try:
        opened = RDBStorage(storage) if "://" in storage else JournalStorage(JournalFileBackend(storage))
        return get(storage=opened, **settings)
    except (SQLAlchemyError, ImportError, OSError) as error:
        raise CourseError(f"The storage of the study cannot be opened: {first_line(error, type(error).__name__)}") from None
    except optuna.exceptions.StorageInternalError as error:
        raise CourseError(f"The storage of the study does not work: {error}") from None


def _check_direction(study, direction):
    """Refuse a study that was made with another direction: Optuna would go on with that one, and say nothing."""
    asked, made = getattr(direction, "name", direction).lower(), " and ".join(each.name.lower() for each in study.directions)
    if made != asked:
        raise CourseError(
            f"The study {study.study_name!r} is there already, and was made to {made}; this call asks to {asked}: "
            "give the same direction, or another study_name."
        )


class _Team:
    """The workers of one call. Each does one trial for every `True` it is sent, and leaves at `False`."""

    def __init__(self, study, n_trials, count, job, progress):
        self.study = study
        self.n_trials = n_trials
        self.count = count
        self.job = job
        self.progress = progress
        self.workers = {}
        self.busy = set()
        self.deaths = collections.Counter()
        self.starts = self.false_starts = 0

    def run(self):
        """Run until enough trials have ended, or stop all workers and leave no trial RUNNING."""
        self._repair()
        self.done = _ended(self.study)
        self.progress.start(self.n_trials, None, self.done, 0, self._best(), self.count)
        try:
            if self.done < self.n_trials:
                processes.warm_up()
                for number in range(min(self.count, self.n_trials - self.done)):
                    self._start(number)
            while self.workers:
                for pipe in wait(list(self.workers), timeout=1.0):
                    self._receive(pipe)
                self.progress.tick()
        except BaseException:
            self.progress.stopped = True
            raise
        finally:
            for pipe in list(self.workers):
                self._reap(pipe)
            self._repair()
            self.progress.end()

    def _repair(self):
        """Put back what processes of this machine that are gone have left RUNNING, also those of a call that was killed."""
        for trial in self._running():
            if _is_left(trial):
                self._put_back(trial)

    def _start(self, number):
        pipe, theirs = processes.pipe()
        self.starts += 1
        threads = max(1, cores() // self.count)
        arguments = (theirs, *self.job, number, zlib.crc32(f"{self.starts} {len(self.study.trials)}".encode()), threads)
        process = processes.start(_work, *arguments)
        theirs.close()
        self.workers[pipe] = process, number
        self._give(pipe)

    def _give(self, pipe):
        """Give a worker leave for one more trial, unless those that run are enough."""
        more = self.done + len(self.busy) < self.n_trials
        if more:
            self.busy.add(pipe)
        else:
            self.busy.discard(pipe)
        with contextlib.suppress(OSError):  # a death shows itself at the next recv
            pipe.send(more)

    def _receive(self, pipe):
        try:
            error = pipe.recv()
        except (EOFError, ConnectionResetError):
            return self._replace(pipe)
        if error is not None:
            raise error
        self.busy.discard(pipe)
        self.done = _ended(self.study)
        self.progress.trial(self.done, self._best(), 0)
        self._give(pipe)

    def _replace(self, pipe):
        """A worker has gone: because it was told to, or it has died, and its trial is given to another."""
        _, number = self.workers[pipe]
        was_busy = pipe in self.busy
        if not self._reap(pipe, died=True) and was_busy:
            self.false_starts += 1
            if self.false_starts > 2:
                raise RuntimeError(f"the workers of the study die before their first trial; what they said is in {self.job[1]}")
        if was_busy:
            self.done = _ended(self.study)
            self._start(number)

    def _reap(self, pipe, died=False):
        """End a worker's process, if it has not died; return the number of its trials that were RUNNING, and are put back."""
        from optuna.storages import RetryHeartbeatStaleTrialCallback

        process, _ = self.workers.pop(pipe)
        self.busy.discard(pipe)
        process.kill()
        process.join()
        pipe.close()
        mine = [t for t in self._running() if _pid(t) == process.pid]
        if not mine and any(_pid(t) is None for t in self._running()):
            time.sleep(1)  # a trial bears no name for some milliseconds after it was made: after that it is this one's
            mine = [t for t in self._running() if _pid(t) is None]
        for trial in mine:
            first = (RetryHeartbeatStaleTrialCallback.retry_history(trial) or [trial.number])[0]
            self.deaths[first] += died
            self._put_back(trial, self.deaths[first] < DEATHS_AT_MOST)
        return len(mine)

    def _running(self):
        from optuna.trial import TrialState

        return self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))

    def _put_back(self, trial, again=True):
        """Mark a trial FAIL and give its parameters out again, unless it kills every worker."""
        import optuna

        self.study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        if again:
            optuna.storages.RetryHeartbeatStaleTrialCallback()(self.study, self.study.trials[trial.number])

    def _best(self):
        with contextlib.suppress(ValueError):  # none has ended yet
            return self.study.best_value


def _ended(study):
    """Count the trials that came to an end: all but those that were given out again under another number."""
    from optuna.storages import RetryHeartbeatStaleTrialCallback

    trials = study.get_trials(deepcopy=False)
    again = {number for trial in trials for number in RetryHeartbeatStaleTrialCallback.retry_history(trial)}
    return sum(trial.state.is_finished() and trial.number not in again for trial in trials)


def _pid(trial):
    """Return the number of the process that runs a trial on this machine; None where it bears no name yet."""
    process = trial.user_attrs.get("process")
    return process and process[0] == socket.gethostname() and process[1]


def _is_left(trial):
    """Say whether the process that ran a trial has ended; of other machines nobody here knows."""
    import psutil

    process = trial.user_attrs.get("process")
    if process is None:  # for some milliseconds this is so in any trial
        return (datetime.now() - trial.datetime_start).total_seconds() > UNSIGNED
    if process[0] != socket.gethostname():
        return False
    with contextlib.suppress(psutil.NoSuchProcess):
        found = psutil.Process(process[1])
        another = abs(found.create_time() - process[2]) > 2  # which has got its number
        return another or found.status() == psutil.STATUS_ZOMBIE
    return True


def _work(pipe, path, log, number, seed, threads):
    """Run trials in a worker's process, one for every `True` that the pipe brings."""
    child.begin(log, os.path.dirname(path))
    try:
        import optuna
        import psutil

        child.use_threads(threads, number)
        me = [socket.gethostname(), os.getpid(), round(psutil.Process().create_time())]
        job = child.load(path)
        sampler = job["sampler"](seed=(job["seed"] + seed) % 2**31)
        study = _study(job["storage"], optuna.load_study, study_name=job["name"], sampler=sampler, pruner=job["pruner"])

        def signed(trial):
            trial.set_user_attr("process", me)
            trial.set_user_attr("worker", number)
            return job["objective"](trial)

        while pipe.recv():
            study.optimize(signed, n_trials=1)
            pipe.send(None)
    except EOFError:
        pass
    except BaseException as error:
        traceback.print_exc()
        pipe.send(child.picklable(error))
    finally:
        child.end()
