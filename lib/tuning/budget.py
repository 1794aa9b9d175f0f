"""Trials and epochs of a search, counted without a training; and one short trial on the clock."""

import math
import numbers
import time


def brackets(max_epochs, factor=3):
    """List the rounds of one Hyperband iteration in the order in which KerasTuner starts them.

    Follows `HyperbandOracle` of KerasTuner 1.4.8 (Li et al., JMLR 18, 2018), whose sizes differ from the paper's.

    Args:
        max_epochs: Epochs of a trial that is never stopped.
        factor: Of `factor` trials of a round, one goes on to the next.

    Returns:
        A list of dicts: bracket, round, trials (models trained), epochs_from, epochs_to (where their training starts
        and ends), epochs (trained in the round by all its trials together).

    Raises:
        ValueError: `max_epochs` below 1 or `factor` below 2.
    """
    if max_epochs < 1 or factor < 2:
        raise ValueError(f"max_epochs must be at least 1 and factor at least 2, not {max_epochs!r}, {factor!r}")
    rows = []
    for bracket in reversed(range(_count(max_epochs, factor))):
        before = 0
        for round_number in range(bracket + 1):
            trials = _size(max_epochs, factor, bracket, round_number)
            epochs = math.ceil(max_epochs / factor ** (bracket - round_number))
            rows.append({
                "bracket": bracket, "round": round_number, "trials": trials,
                "epochs_from": before, "epochs_to": epochs, "epochs": trials * (epochs - before),
            })
            before = epochs
    return rows


def _count(max_epochs, factor):
    # Repeated division, as KerasTuner does it: a logarithm rounds otherwise at exact powers.
    count = 0
    while max_epochs >= 1:
        max_epochs, count = max_epochs / factor, count + 1
    return count


def _size(max_epochs, factor, bracket, round_number):
    last = math.ceil(1 + math.log(max_epochs, factor)) / (bracket + 1)
    return math.ceil(last * factor ** (bracket - round_number))


def totals(tuner, fit_kwargs, fit_args=()):
    """Count the trials and epochs of a whole search.

    Args:
        tuner: A KerasTuner tuner.
        fit_kwargs: The keyword arguments of its search.
        fit_args: Its positional arguments.

    Returns:
        The tuple (trials, epochs); None for either that the tuner does not fix beforehand.
    """
    oracle = tuner.oracle
    executions = getattr(tuner, "executions_per_trial", 1)
    if hasattr(oracle, "hyperband_iterations"):
        if oracle.hyperband_iterations == float("inf"):
            return None, None
        rows = brackets(oracle.max_epochs, oracle.factor)
        trials = sum(row["trials"] for row in rows) * oracle.hyperband_iterations
        epochs = sum(row["epochs"] for row in rows) * oracle.hyperband_iterations
        return trials, epochs * executions
    if oracle.max_trials is None:
        return None, None
    return oracle.max_trials, oracle.max_trials * _epochs(fit_args, fit_kwargs) * executions


def epochs_of(trial, tuner, fit_kwargs, fit_args=()):
    """Count the epochs one trial will train.

    Args:
        trial: A `keras_tuner` Trial.
        tuner: Its tuner.
        fit_kwargs: The keyword arguments of the search.
        fit_args: Its positional arguments.

    Returns:
        Epochs, over all executions of the trial.
    """
    values = trial.hyperparameters.values
    if "tuner/epochs" in values:  # Hyperband's, which the tuner puts into the place of the caller's
        epochs = values["tuner/epochs"] - values.get("tuner/initial_epoch", 0)
    else:
        epochs = _epochs(fit_args, fit_kwargs)
    return epochs * getattr(tuner, "executions_per_trial", 1)


def _epochs(fit_args, fit_kwargs):
    """Count the epochs of one `fit` with these arguments."""
    import inspect

    import keras

    names = list(inspect.signature(keras.Model.fit).parameters)[1:]
    call = dict(zip(names, fit_args, strict=False)) | fit_kwargs
    found = call.get("epochs", 1), call.get("initial_epoch", 0)
    epochs, first = found if all(isinstance(each, numbers.Integral) for each in found) else (1, 0)  # a tuner's own arguments
    return max(0, epochs - first)


def short_trial(tuner, hp, fit_args, fit_kwargs, batches=(125, 500)):
    """Time short trials in this process: three epochs over a little data, three over more, and then from the start again.

    An epoch costs something however short it is, so its price is read off a line through two lengths. And the first model of a
    process costs more than those after it, which find much done already, such as its compiled programs.

    Args:
        tuner: A tuner whose `hypermodel` builds a model.
        hp: The hyperparameters to build with.
        fit_args: As for `search`.
        fit_kwargs: As for `search`.
        batches: Batches of training data in a short and in a longer epoch.

    Returns:
        A dict of seconds: `trial` (building and tracing a model), `once` (what the first one of a process takes besides),
        `epoch` (over all data, validation included).
    """
    import inspect

    import keras

    call = inspect.signature(keras.Model.fit).bind(None, *fit_args, **fit_kwargs).arguments
    samples = keras.tree.flatten(call["x"])[0].shape[0]
    shares = [min(1.0, some * (call.get("batch_size") or 32) / samples) for some in batches]
    cold, model = _built(tuner, hp)
    (first, short), (_, longer) = (_few_epochs(model, call, share) for share in shares)
    a_whole = (longer - short) / (shares[1] - shares[0]) if shares[1] > shares[0] else short
    epoch = max(short, short + a_whole * (1 - shares[0]))
    built, model = _built(tuner, hp)
    again, _ = _few_epochs(model, call, shares[0])
    trial = built + max(0.0, again - short)
    return {"trial": trial, "once": max(0.0, cold + first - short - trial), "epoch": epoch}


def _built(tuner, hp):
    """Build a model; return the seconds that it took, and the model."""
    began = time.monotonic()
    model = tuner.hypermodel.build(hp)
    return time.monotonic() - began, model


def _few_epochs(model, call, share):
    """Fit over a share of the training and validation data; return the seconds of the first epoch, and of a later one.

    Of two later ones the shorter: whatever else a machine does makes an epoch longer, and never shorter.
    """
    from keras import tree

    call = {name: value for name, value in call.items() if name != "self"}
    for name in {"x", "y", "sample_weight", "validation_data"} & set(call):
        call[name] = tree.map_structure(lambda a: None if a is None else a[: max(1, round(share * len(a)))], call[name])
    clock = _clock()
    began = time.monotonic()
    model.fit(**call | {"epochs": 3, "initial_epoch": 0, "verbose": 0, "callbacks": [clock]})
    ends = clock.times
    return ends[0] - began, min(ends[1] - ends[0], ends[2] - ends[1])


def _clock():
    import keras

    class Clock(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.times = []

        def on_epoch_end(self, epoch, logs=None):
            self.times.append(time.monotonic())

    return Clock()
