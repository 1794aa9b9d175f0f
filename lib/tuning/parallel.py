"""Run any KerasTuner search on this machine's cores: one worker process a core, the Oracle here, one line of progress."""

import contextlib
import io
import json
import os
import shutil
import time
from multiprocessing.connection import wait

from lib.tuning import budget
from lib.tuning.processes import Worker, count_workers, pack, warm_up
from lib.tuning.progress import Progress
from lib.tuning.resume import DEATHS_AT_MOST, LOG, atomic_saves, give_out, put_back, quiet_oracle, repair


def search(tuner, *fit_args, workers=None, fast=True, threads=None, verbose=1, **fit_kwargs):
    """Run `tuner.search(*fit_args, **fit_kwargs)` on several processes.

    Afterwards `tuner` is as after its own search: trials, best hyperparameters, best models, `results_summary`. An
    error in one trial is recorded in the trial (`message`, status FAILED); a worker that dies is replaced and its
    trial given out again. When the search is stopped (Ctrl-C, the stop button, a kill), the same call goes on from
    the trials that are finished. A trial's seed comes from the tuner's seed and the trial's number. A trial that
    Hyperband promotes goes on with its optimizer's state. What the workers print is in `worker-N.log`, beside the
    trials. Arrays are given to the workers as read-only memory maps.

    In a tuner of your own, what belongs to the search runs here: `on_search_begin`, `on_trial_begin`, `on_trial_end`,
    `on_search_end`. What belongs to a trial runs in a worker: `run_trial`, the hypermodel, `on_epoch_end` and the like;
    what they put into `self` stays there.

    Args:
        tuner: A `keras_tuner.Tuner`: Hyperband, RandomSearch, BayesianOptimization, GridSearch or one of your own.
        *fit_args: As for `tuner.search`. Arrays, not `tf.data.Dataset`, which no other process can read.
        workers: Number of processes. None: as many as cores this process may use, or one for each GPU.
        fast: Whether models get `lib.tuning.fast`, and models of equal shape share one compiled loop.
        threads: Threads for TensorFlow in each worker. None: the cores that this process may use, shared out evenly.
        verbose: 1 for the line of progress, 0 for none.
        **fit_kwargs: As for `tuner.search`.

    Returns:
        The tuner.

    Raises:
        ValueError: `workers` is no positive whole number, or a `val_` objective has no validation data.
        TypeError: Something that the workers need cannot be sent to another process.
        RuntimeError: Too many trials failed one after another, or workers do not start.
    """
    count = count_workers(workers)
    check(tuner, fit_args, fit_kwargs)
    # Beside the trials and not under /tmp: what a kill leaves there is found, and removed, by the next call.
    folder = os.path.join(tuner.project_dir, "job")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    try:
        payload = pack(tuner, fit_args, {**fit_kwargs, "verbose": 0}, fast, folder)
        run = _Run(tuner, fit_args, fit_kwargs, count, payload, Progress(verbose), threads)
        with quiet_oracle(tuner), _quiet_retries(tuner.oracle), atomic_saves():
            tuner.on_search_begin()
            run.run()
            tuner.on_search_end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tuner


def check(tuner, fit_args, fit_kwargs):
    """Refuse what would fail in every trial."""
    from keras_tuner import HyperModel
    from keras_tuner.engine.base_tuner import BaseTuner

    if not isinstance(tuner, BaseTuner):
        raise TypeError(f"search takes a KerasTuner tuner, such as keras_tuner.Hyperband(…), not {type(tuner).__name__}")
    if hasattr(tuner, "check_search"):  # `CrossValidated`
        tuner.check_search(*fit_args, **fit_kwargs)
    if not type(tuner).__module__.startswith("keras_tuner.") or tuner.hypermodel is None:
        return
    if type(tuner.hypermodel).fit is not HyperModel.fit:
        return
    name = getattr(tuner.oracle.objective, "name", "")
    given = fit_kwargs.get("validation_data") is not None or fit_kwargs.get("validation_split")
    if name.startswith("val_") and not given and len(fit_args) < 7:
        raise ValueError(
            f"the objective is {name!r}, and there is nothing to validate on: "
            "add validation_data=(x_val, y_val) or validation_split=0.2"
        )


@contextlib.contextmanager
def _quiet_retries(oracle):
    """Keep KerasTuner's "Trial 03 failed 1 times" off the screen: it is in the table."""
    end_trial = oracle.end_trial

    def end_quietly(trial):
        with contextlib.redirect_stdout(io.StringIO()):
            end_trial(trial)

    oracle.end_trial = end_quietly
    try:
        yield
    finally:
        del oracle.end_trial


class _Run:
    """One run of a search: serves the Oracle to the workers until there are no more trials.

    Args:
        tuner: The caller's tuner, whose Oracle decides.
        fit_args: Positional arguments of the search.
        fit_kwargs: Keyword arguments of the search.
        count: Number of workers.
        payload: Path of the job.
        progress: What shows how far the search is.
        threads: Threads of each worker, or None.
    """

    def __init__(self, tuner, fit_args, fit_kwargs, count, payload, progress, threads):
        self.tuner, self.oracle, self.fit_args, self.fit_kwargs = tuner, tuner.oracle, fit_args, fit_kwargs
        self.count, self.payload, self.progress = count, payload, progress
        self.threads = threads
        self.workers, self.deaths, self.false_starts = [], {}, 0

    def run(self):
        """Run the search to its end, or stop all workers and put their trials back."""
        repair(self.oracle)
        self.tuner.save()
        total, epochs = budget.totals(self.tuner, self.fit_kwargs, self.fit_args)
        finished = [self.oracle.trials[i] for i in self.oracle.end_order]
        done = sum(budget.epochs_of(trial, self.tuner, self.fit_kwargs, self.fit_args) for trial in finished)
        self.progress.start(total, epochs, len(finished), done, self.best(), self.count)
        if give_out(self.oracle, "worker0").status == "STOPPED":  # all done: no process needs to start
            return self.progress.end()
        warm_up()
        try:
            for number in range(self.count):
                self.start(number)
            while self.workers:
                self.turn()
        except BaseException:
            self.progress.stopped = True
            raise
        finally:
            self.close()

    def start(self, number):
        self.workers.append(Worker(number, self.count, self.payload, self.tuner.project_dir, self.threads))

    def turn(self):
        """Answer whoever has asked something, then those who wait for a trial."""
        by_pipe = {w.pipe: w for w in self.workers}
        for pipe in wait(list(by_pipe), timeout=1.0):
            try:
                name, args, kwargs = pipe.recv()
            except (EOFError, ConnectionResetError):
                self.replace(by_pipe[pipe])
            else:
                self.serve(by_pipe[pipe], name, args, kwargs)
        for waiting in [w for w in self.workers if w.waiting]:
            self.give_trial(waiting)
        self.progress.tick()

    def serve(self, worker, name, args, kwargs):
        """Do what one message of a worker asks."""
        if name == "ready":
            worker.ready = True
        elif name == "epoch":
            worker.epochs += 1
            worker.values.append(args[1])
            self.progress.epoch()
        elif name == "done":
            self.workers.remove(worker)
            worker.process.join(timeout=5)
        elif name == "fatal":
            raise args[0]
        elif name == "create_trial":
            self.give_trial(worker)
        elif name == "end_trial":
            self.end_trial(worker, *args)
            self.answer(worker, None)
        else:
            self.call(worker, name, args, kwargs)

    def call(self, worker, name, args, kwargs):
        """Call any other method of the Oracle; its error belongs to the trial that asked."""
        try:
            attribute = getattr(self.oracle, name)
            result = attribute(*args, **kwargs) if callable(attribute) else attribute
        except Exception as error:
            self.answer(worker, None, error)
        else:
            self.answer(worker, result)

    def answer(self, worker, result, error=None):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a death shows itself at the next recv
            worker.pipe.send((result, error))

    def give_trial(self, worker):
        """Give a worker the next trial, or let it wait while the Oracle has none yet."""
        trial = give_out(self.oracle, worker.id)
        worker.waiting = trial.status == "IDLE"
        if worker.waiting:
            return
        if trial.status == "RUNNING":
            worker.trial, worker.began, worker.epochs = trial, time.time(), 0
            worker.values = []
            self.tuner.on_trial_begin(trial)
        self.answer(worker, trial)

    def end_trial(self, worker, trial):
        """Book a finished trial: with the Oracle, on disk, in the log, on the screen."""
        ended = self.oracle.trials[trial.trial_id]
        ended.hyperparameters, ended.status, ended.message = trial.hyperparameters, trial.status, trial.message
        try:
            self.tuner.on_trial_end(ended)
        finally:
            self.write_log(worker, ended)  # at once: a kill before it leaves a finished trial without a line
            self.oracle.ongoing_trials.pop(worker.id, None)  # not reached in the Oracle when it gives up
            ended.save(os.path.join(self.tuner.get_trial_dir(ended.trial_id), "trial.json"))
            self.oracle.save()
            worker.trial = None
        self.progress.trial(
            len(self.oracle.end_order),
            self.best(),
            budget.epochs_of(ended, self.tuner, self.fit_kwargs, self.fit_args) - worker.epochs,
        )

    def write_log(self, worker, trial):
        row = {
            "trial_id": trial.trial_id, "worker": worker.number, "start": round(worker.began, 3),
            "seconds": round(time.time() - worker.began, 3), "epochs": worker.epochs, "status": trial.status,
            "values": [None if value is None else round(value, 6) for value in worker.values],
        }
        with open(os.path.join(self.tuner.project_dir, LOG), "a") as file:
            file.write(json.dumps(row) + "\n")

    def replace(self, worker):
        """Start a new worker for one that has died, and give its trial out again, unless that kills every worker."""
        self.workers.remove(worker)
        worker.stop()
        trial, worker.trial = worker.trial, None
        if not worker.ready:
            self.false_starts += 1
            if self.false_starts > 2:
                raise RuntimeError(f"the workers of the search do not start; what they said is in {worker.log}")
        if trial is not None:
            self.deaths[trial.trial_id] = self.deaths.get(trial.trial_id, 0) + 1
            self.progress.epoch(-worker.epochs)
            if self.deaths[trial.trial_id] < DEATHS_AT_MOST:
                put_back(self.oracle, worker.id)
            else:
                trial.status = "FAILED"
                trial.message = (
                    f"its worker process died {DEATHS_AT_MOST} times (exit {worker.process.exitcode}): "
                    "killed, or out of memory"
                )
                worker.epochs = 0
                self.end_trial(worker, trial)
        self.start(worker.number)

    def best(self):
        trials = [t for t in self.oracle.get_best_trials(1) if t.score is not None]
        return trials[0].score if trials else None

    def close(self):
        """Stop what still runs; the Oracle's state on disk is then one the same call goes on from."""
        for one in self.workers:
            one.stop()
            put_back(self.oracle, one.id)
        self.oracle.save()
        self.progress.end()
