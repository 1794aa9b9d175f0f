"""What a search will cost, before it runs: seconds, from one short trial measured as plain Keras and in a worker."""

import contextlib
import tempfile
import time
from dataclasses import dataclass

from lib.tuning import budget
from lib.tuning.parallel import check
from lib.tuning.processes import Worker, count_workers, pack, warm_up


@dataclass(frozen=True)
class Plan:
    """What a search will cost. Seconds are estimates from one short trial in the middle of the space.

    Attributes:
        trials: Models the search trains; None if the tuner does not fix it.
        epochs: Epochs of all trials together; None likewise.
        workers: Worker processes of the parallel search.
        seconds_plain: The tuner's own search, in this process. None where it cannot be measured.
        seconds_parallel: `lib.tuning.search`. None likewise.
    """

    trials: int | None
    epochs: int | None
    workers: int
    seconds_plain: float | None
    seconds_parallel: float | None

    def __str__(self):
        known = [f"{n} {what}" for n, what in ((self.trials, "trials"), (self.epochs, "epochs")) if n is not None]
        words = ", ".join(known) or "no end of its own"
        if self.seconds_plain is None:
            return words
        workers = f"{self.workers} worker" + ("s" if self.workers > 1 else "")
        return f"{words}: about {_words(self.seconds_plain)} plain, {_words(self.seconds_parallel)} on {workers}"


def _words(seconds):
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def plan(tuner, *fit_args, workers=None, **fit_kwargs):
    """Estimate what `search(tuner, *fit_args, **fit_kwargs)` will cost; the tuner and its folder stay as they are.

    One model from the middle of the space is trained for some hundred batches, twice as plain Keras on all cores and
    twice in each worker of the search, all of them at the same time, in processes of their own. Left out: that the
    models which a search trains longest may be larger, that each new kind of model is compiled once on a machine, and the
    wait for the last trial.

    Args:
        tuner: A `keras_tuner.Tuner` that trains with `fit`: its own `run_trial` or `HyperModel.fit` is not measured.
        *fit_args: As for `search`; arrays.
        workers: As for `search`.
        **fit_kwargs: As for `search`.

    Returns:
        A `Plan`.

    Raises:
        ValueError, TypeError: As `search`.
    """
    count = count_workers(workers)
    trials, epochs = budget.totals(tuner, fit_kwargs, fit_args)
    hp = _middle(tuner)
    plain = _measure(tuner, fit_args, fit_kwargs, hp, fast=False, workers=1)
    quick = _measure(tuner, fit_args, fit_kwargs, hp, fast=True, workers=count)
    if trials is None or plain is None or quick is None:
        return Plan(trials, epochs, count, None, None)
    return Plan(
        trials, epochs, count,
        plain["once"] + trials * plain["trial"] + epochs * plain["epoch"],
        quick["start"] + quick["once"] + (trials * quick["trial"] + epochs * quick["epoch"]) / min(count, trials),
    )


def _middle(tuner):
    """Hyperparameters from the middle of each range, where `default` would mostly give the smallest model."""
    hp = tuner.oracle.get_space()
    for parameter in hp.space:
        if hp.is_active(parameter):
            hp.values[parameter.name] = parameter.prob_to_value(0.5)
    return hp


def _measure(tuner, fit_args, fit_kwargs, hp, fast, workers):
    """Time one short trial in each of `workers` workers, all at once: they share caches and memory, as in a search.

    Args:
        tuner: The caller's tuner; nothing of it is changed.
        fit_args: As for `search`.
        fit_kwargs: As for `search`.
        hp: Hyperparameters to build the model with.
        fast: Whether the model gets `lib.tuning.fast`.
        workers: How many workers share the cores.

    Returns:
        A dict of seconds, means over the workers: start (of all of them), once (of the first trial of each), trial (fixed cost
        of any), epoch; None if it cannot be timed.
    """
    check(tuner, fit_args, fit_kwargs)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="keras-search-", ignore_cleanup_errors=True) as folder:
        payload = pack(tuner, fit_args, fit_kwargs, fast, folder, middle=hp)
        warm_up()
        team = [Worker(number, workers, payload, folder) for number in range(workers)]
        try:
            heard = [_hear(one, "ready") for one in team]
            start = time.monotonic() - began
            found = [_hear(one, "measured") for one in team] if None not in heard else [None]
        finally:
            for one in team:
                one.stop()
    if None in found:
        return None
    seconds = [each[0] for each in found]
    return {"start": start, **{name: sum(each[name] for each in seconds) / len(seconds) for name in seconds[0]}}


def _hear(one, word):
    """Return the arguments of a worker's next message of that name; None where it has died or failed before."""
    with contextlib.suppress(EOFError, ConnectionResetError):
        while (message := one.pipe.recv())[0] != "fatal":
            if message[0] == word:
                return message[1]
    return None
