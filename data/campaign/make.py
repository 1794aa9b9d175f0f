"""Train the studies of a tuning campaign: python data/campaign/make.py [--study NAME]… [--out FOLDER] [--plan].

Two processes train on one core each. Each training that has ended is kept at once, and the same call goes on where it was
stopped. Lesson 17 reads the two tables: trials.csv, a line a training, and curves.csv, its accuracies and its validation
loss after each epoch. A second run gives other last digits: weights are drawn from the same seeds, but sums are rounded
in another order on another processor. `--plan` only says what there is to do.
"""

import argparse
import functools
import itertools
import math
import multiprocessing
import os
import queue
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from scipy.stats import qmc

from lib.files import replace_text

PICTURES, VALIDATION, FRESH = 8_000, 6_000, 12_000  # to train on, to choose by, and to see what choosing has flattered
# What a training is made of, and the baseline's values; a study changes some of them.
BASE = {
    "filters": 8,  # of the first convolution; all others have twice as many
    "extra": 0,  # convolutions after the first two
    "norm": False,  # whether batch normalization follows each convolution
    "batch": 64,  # pictures in a step
    "optimizer": "adam",  # or sgd, with a momentum of 0.9
    "rate": 1e-3,  # the peak learning rate
    "one_minus_beta_1": 0.1,  # of Adam: the decay of the first moment is 1 minus this
    "one_minus_beta_2": 1e-3,  # and of the second moment
    "epsilon": 1e-7,  # of Adam
    "decay": 0.0,  # of the weights: each step takes away this times the learning rate
    "smoothing": 0.0,  # share of each label that is spread over all ten classes
    "schedule": "constant",  # of the learning rate after its peak: or linear, cosine, exponential
    "warm": 0,  # steps in which the rate rises to its peak
    "clip": 0.0,  # the longest gradient; 0 for any
    "epochs": 8,
    "seed": 1,
}
SCHEDULES = ["constant", "linear", "cosine", "exponential"]
VARIANTS = {"baseline": {}, "deeper": {"extra": 2}, "wider": {"filters": 16}, "normalized": {"norm": True}}
SPACE = {  # of the search: low, high, scale
    "rate": (1e-4, 1e-1, "log"), "one_minus_beta_1": (1e-2, 1.0, "log"),
    "decay": (1e-3, 1.0, "log"), "smoothing": (0.0, 0.4, "linear"),
}
ADAM = {
    "rate": (1e-4, 1e-1, "log"), "one_minus_beta_1": (1e-2, 1.0, "log"),
    "one_minus_beta_2": (1e-4, 1e-1, "log"), "epsilon": (1e-8, 1.0, "log"),
}
NO_SCORE = 0.1  # what a training whose loss became no number counts for: one class for all pictures
COMPILED = ["filters", "extra", "norm", "batch", "optimizer", "clip"]  # other values of these are another program
OUTCOME = ["score", "fresh", "best_fresh", "seconds", "status"]
TRIALS = ["study", "trial", *BASE, *OUTCOME]
CURVES = ["study", "trial", "part", *(f"epoch_{n}" for n in range(1, 33))]
PARTS = ["accuracy", "val_accuracy", "val_loss", "fresh_accuracy"]


# --- the studies: which trainings each of them is made of, as what differs from the baseline


def sobol(points, space, seed):
    """Lay points over a space by a scrambled Sobol sequence, each a dict; rounded, so that the table holds what was trained.

    Source: I. M. Sobol, 1967; Art Owen's scrambling, 1998, as scipy.stats.qmc does it.
    """
    drawn = []
    for place in qmc.Sobol(len(space), rng=seed).random(points):
        values = {}
        for share, (name, (low, high, scale)) in zip(place, space.items(), strict=True):
            value = low * (high / low) ** share if scale == "log" else low + (high - low) * share
            values[name] = _rounded(value, low, high)
        drawn.append(values)
    return drawn


def grid(**values):
    return [dict(zip(values, row, strict=True)) for row in itertools.product(*values.values())]


def turn():
    """Four networks at seven learning rates, with five seeds: who wins at one rate, and who at its own?"""
    rates = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1]
    return [change | point for change in VARIANTS.values() for point in grid(rate=rates, seed=range(1, 6))]


def space():
    """The same 64 quasi-random points for the baseline and for the deeper network."""
    return [VARIANTS[name] | point for name in ("baseline", "deeper") for point in sobol(64, SPACE, seed=1)]


def edge():
    """A space whose learning rates end too low."""
    return sobol(32, SPACE | {"rate": (1e-5, 1e-3, "log")}, seed=2)


def more():
    """As many more quasi-random points as a search that learns gets at the end: those that follow the 64 of `space`."""
    return sobol(128, SPACE, seed=1)[64 : 64 + CHAIN]


def adam():
    """Three spaces: the rate alone, the rate and the first moment, and all four that Adam has."""
    one, two = {"rate": ADAM["rate"]}, {name: ADAM[name] for name in ("rate", "one_minus_beta_1")}
    return [*sobol(16, one, seed=3), *sobol(32, two, seed=4), *sobol(64, ADAM, seed=5)]


def batch():
    """Four batch sizes at five learning rates, for the same number of epochs."""
    return grid(batch=[16, 64, 256, 1024], rate=[3e-4, 1e-3, 3e-3, 1e-2, 3e-2], seed=[1, 2])


def schedule():
    """Four schedules, each at five peak rates."""
    return grid(schedule=SCHEDULES, rate=[3e-4, 1e-3, 3e-3, 1e-2, 3e-2], seed=[1, 2, 3])


def diverge():
    """The rate raised until training breaks: as it is, with warm-up, with clipped gradients, with both."""
    rates = [0.02 * 2**power for power in range(8)]
    points = grid(warm=[0, 125], clip=[0.0, 1.0], rate=rates, seed=[1, 2])
    return [point | {"optimizer": "sgd", "epochs": 2} for point in points]


def length():
    """Long trainings at three rates: where on the curve the best epoch lies, and what choosing it flatters."""
    return [point | {"epochs": 32} for point in grid(rate=[1e-3, 3e-3, 1e-2], seed=range(1, 6))]


def seeds(trials):
    """The four networks, each at its best rate of the study `turn` and at the baseline's, with ten seeds that chose nothing."""
    done = trials[trials.study == "turn"]
    if len(done) < len(turn()):
        raise SystemExit("The study seeds needs the whole of turn: run that first.")
    best = {name: _best_rate(done, BASE | change) for name, change in VARIANTS.items()}
    points = []
    for name, change in VARIANTS.items():
        for rate in dict.fromkeys([best[name], best["baseline"]]):
            points += [change | {"rate": rate, "seed": seed} for seed in range(11, 21)]
    return points


def _best_rate(trials, setting):
    own = trials[(trials[["filters", "extra", "norm"]] == [setting[name] for name in ("filters", "extra", "norm")]).all(axis=1)]
    return own.assign(score=own.score.fillna(NO_SCORE)).groupby("rate").score.mean().idxmax()


def known(trials, name="baseline"):
    """Return a network's trainings of the study `space`, a DataFrame."""
    had = trials[(trials.study == "space") & (trials.extra == VARIANTS[name].get("extra", 0))]
    if len(had) < 64:
        raise SystemExit("This study needs the whole of space: run that first.")
    return had


def finals(trials):
    """The best of 64 points of each of two networks, as it is and with a rate that falls, with ten seeds that chose nothing."""
    points = []
    for name in ("baseline", "deeper"):
        had = known(trials, name)
        best = had.loc[had.score.idxmax(), list(SPACE)].to_dict()
        points += [VARIANTS[name] | best | more for more in grid(schedule=["constant", "cosine"], seed=range(11, 21))]
    return points


def proposed(chain, done):
    """Return the next point that TPE proposes in the space of `space`.

    Args:
        chain: int, which of the two searches of the study `tpe` asks.
        done: list of dict, the trainings that this search knows, each with its values and its score.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ranges = {name: optuna.distributions.FloatDistribution(low, high, log=scale == "log")
              for name, (low, high, scale) in SPACE.items()}
    sampler = optuna.samplers.TPESampler(seed=100 * chain + len(done))  # one made anew with the same seed repeats itself
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for row in done:
        values = {name: row[name] for name in SPACE}
        score = NO_SCORE if math.isnan(row["score"]) else row["score"]
        study.add_trial(optuna.trial.create_trial(params=values, distributions=ranges, value=score))
    params = study.ask(ranges).params
    return {name: _rounded(params[name], *SPACE[name][:2]) for name in SPACE}


def _rounded(value, low, high):
    return min(max(float(f"{value:.4g}"), low), high)


STUDIES = {study.__name__: study for study in (turn, seeds, space, edge, batch, schedule, length, diverge, more, adam, finals)}
LATER = {"seeds": 10 * (2 * len(VARIANTS) - 1), "finals": 40}  # those that lean on others, and their sizes
NAMES = [*STUDIES, "tpe"]
CHAIN = 32  # trainings of each of the two searches of tpe: one that knows nothing, one that knows those of `space`


# --- one training


@functools.cache
def pictures():
    """Return the pictures to train on, to validate on, and fresh ones, each with its labels as rows of ten."""
    import numpy as np

    from lib import data

    split, ten = data.load("fashion_mnist"), np.eye(10, dtype="float32")
    train = split.x_train[:PICTURES], ten[split.y_train[:PICTURES]]
    fresh = split.x_train[-FRESH:], ten[split.y_train[-FRESH:]]  # of those to train on, so that nobody has to look at the test
    return train, (split.x_val[:VALIDATION], ten[split.y_val[:VALIDATION]]), fresh


def make_model(filters, extra, norm):
    """Build a plain convolutional network, not compiled: two convolutions that halve the picture, then as many as you like."""
    import keras

    parts = [keras.Input((28, 28)), keras.layers.Reshape((28, 28, 1))]
    for number in range(2 + extra):
        stride = 2 if number < 2 else 1
        parts.append(keras.layers.Conv2D(filters * (1 + (number > 0)), 3, strides=stride, padding="same", use_bias=not norm))
        parts += [keras.layers.BatchNormalization()] if norm else []
        parts.append(keras.layers.Activation("relu"))
    return keras.Sequential([*parts, keras.layers.Flatten(), keras.layers.Dense(10)])


@functools.cache
def compiled(filters, extra, norm, batch, optimizer, clip):
    """Return a model ready to train and its dials, a dict of variables: what can change without compiling anew."""
    import keras
    import tensorflow as tf

    from lib import tuning

    dials = {name: tf.Variable(0.0) for name in ("peak", "steps", "warm", "way", "decay", "beta_1", "beta_2", "epsilon")}
    settings = {"weight_decay": 0.1, "global_clipnorm": clip or None}
    if optimizer == "adam":
        steps = keras.optimizers.Adam(rate_of(dials), **settings)
        for name in ("beta_1", "beta_2", "epsilon"):
            setattr(steps, name, dials[name])
    else:
        steps = keras.optimizers.SGD(rate_of(dials), momentum=0.9, **settings)
    steps.weight_decay = dials["decay"]
    model = make_model(filters, extra, norm)
    model.compile(steps, keras.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    steps.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    steps.build(model.trainable_variables)
    return tuning.fast(model, jit_compile=False), dials  # on a CPU small convolutions are quicker without XLA


def rate_of(dials):
    """Return the schedule: a straight way up over the warm-up, then one of four ways down to the last step."""
    import keras
    import tensorflow as tf

    class Rate(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            step = tf.cast(step, tf.float32)
            left = 1 - tf.minimum(step / dials["steps"], 1.0)
            ways = tf.stack([tf.ones(()), left, (1 - tf.cos(math.pi * left)) / 2, 0.01 ** (1 - left)])
            up = tf.minimum((step + 1) / tf.maximum(dials["warm"], 1.0), 1.0)
            return dials["peak"] * up * tf.gather(ways, tf.cast(dials["way"], tf.int32))

        def get_config(self):  # Keras asks for one; nobody saves these models
            return {}

    return Rate()


def begin(model, dials, setting):
    """Give a compiled model new weights and an empty optimizer, and turn its dials to a setting."""
    import keras

    keras.utils.set_random_seed(setting["seed"])
    for weight in [*model.weights, *model.optimizer.variables]:
        if weight.name == "kernel":
            weight.assign(keras.initializers.GlorotUniform()(weight.shape))
        else:
            weight.assign((keras.ops.ones_like if weight.name in ("gamma", "moving_variance") else keras.ops.zeros_like)(weight))
    steps = setting["epochs"] * math.ceil(PICTURES / setting["batch"])
    turned = {"peak": setting["rate"], "steps": steps, "warm": setting["warm"], "way": SCHEDULES.index(setting["schedule"]),
              "decay": setting["decay"], "beta_1": 1 - setting["one_minus_beta_1"],
              "beta_2": 1 - setting["one_minus_beta_2"], "epsilon": setting["epsilon"]}
    for name, value in turned.items():
        dials[name].assign(float(value))


def accuracy(model, x, y, chunk=2_000):
    """Return the share of pictures that a model gets right."""
    import numpy as np

    right = [np.asarray(model(x[i : i + chunk])).argmax(1) == y[i : i + chunk].argmax(1) for i in range(0, len(x), chunk)]
    return float(np.mean(np.concatenate(right)))


def train(setting):
    """Train one model.

    Args:
        setting: dict, what differs from BASE.

    Returns:
        Its outcome, a dict: score (validation accuracy after the last epoch, NaN where the loss became no number), fresh
        (accuracy on fresh pictures then), best_fresh (in the epoch with the best validation accuracy; NaN unless the
        training is long), seconds and status; and its curves, a dict from each of PARTS to a list, one value an epoch.
    """
    import keras

    setting = BASE | setting
    model, dials = compiled(*(setting[name] for name in COMPILED))
    begin(model, dials, setting)
    (x, y), check, fresh = pictures()
    smooth = setting["smoothing"]
    long, seen = setting["epochs"] > BASE["epochs"], []
    look = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(accuracy(model, *fresh) if long else None))
    began = time.perf_counter()
    curves = model.fit(
        x, (y * (1 - smooth) + smooth / 10).astype("float32"), batch_size=setting["batch"], epochs=setting["epochs"],
        validation_data=check, callbacks=[look, keras.callbacks.TerminateOnNaN()], verbose=0,
    ).history
    seconds = time.perf_counter() - began
    whole = len(curves["loss"]) == setting["epochs"] and math.isfinite(curves["loss"][-1])
    outcome = {"score": math.nan, "fresh": math.nan, "best_fresh": math.nan, "seconds": seconds, "status": "FAILED"}
    if whole:
        score = curves["val_accuracy"][-1]
        best = seen[curves["val_accuracy"].index(max(curves["val_accuracy"]))] if long else math.nan
        outcome |= {"score": score, "fresh": accuracy(model, *fresh), "best_fresh": best, "status": "COMPLETED"}
    return outcome, {part: curves[part] for part in PARTS[:3]} | ({"fresh_accuracy": seen} if long else {})


# --- many trainings: lines of them, each for one process, and the tables


@dataclass(frozen=True)
class Line:
    """Trainings of a study that one process runs in turn.

    Attributes:
        study: its name.
        points: pairs of the trial's number in the study, from 1, and its setting; for tpe its numbers alone.
        chain: of tpe, which of the two; 0 for any other study.
        done: of tpe, the rows that the search knows already.
    """

    study: str
    points: tuple
    chain: int = 0
    done: tuple = ()


def lines(study, trials):
    """Return what a study still has to do, in lines; those with the most to do first."""
    had = trials[trials.study == study]
    if study == "tpe":
        found = []
        for chain, before in ((1, []), (2, known(trials).to_dict("records"))):
            own = had[(had.trial > CHAIN * (chain - 1)) & (had.trial <= CHAIN * chain)].sort_values("trial").to_dict("records")
            left = range(CHAIN * (chain - 1) + len(own) + 1, CHAIN * chain + 1)
            found += [Line(study, tuple(left), chain, (*before, *own))] if left else []
        return found
    points = STUDIES[study](trials) if study in LATER else STUDIES[study]()
    left = [(number, point) for number, point in enumerate(points, start=1) if number not in set(had.trial)]
    programs = {}
    for number, point in left:
        programs.setdefault(tuple((BASE | point)[name] for name in COMPILED), []).append((number, point))
    halves = [part for group in programs.values() for part in (group[::2], group[1::2]) if part]
    return [Line(study, tuple(part)) for part in sorted(halves, key=_cost, reverse=True)]


def _cost(part):
    """Guess how long some trainings take, in no unit: a pool ends sooner if it begins with the longest line."""
    settings = [BASE | point for _, point in part]
    return sum(s["epochs"] * s["filters"] ** 2 * (1 + 2 * s["extra"]) * (1 + 32 / s["batch"]) for s in settings)


def run(line, results):
    """Run a line in a process of its own; put (study, trial, setting, outcome, curves) into `results` for each training."""
    done = list(line.done)
    for item in line.points:
        trial, point = (item, proposed(line.chain, done)) if line.chain else item
        setting = BASE | point
        outcome, curves = train(setting)
        done.append(setting | outcome)
        results.put((line.study, trial, setting, outcome, curves))


def one_thread():
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def read(folder):
    """Return the two tables as they are, DataFrames without lines where there is no file."""
    tables = []
    for name, columns in (("trials.csv", TRIALS), ("curves.csv", CURVES)):
        path = folder / name
        tables.append(pd.read_csv(path) if path.exists() else pd.DataFrame(columns=columns))
    return tables


def add(tables, study, trial, setting, outcome, curves):
    """Return the two tables with one more training, in the order of the studies and of their trials."""
    row = {"study": study, "trial": trial, **setting, **outcome}
    row |= {name: round(row[name], 4) for name in ("score", "fresh", "best_fresh")} | {"seconds": round(row["seconds"], 1)}
    spread = [{"study": study, "trial": trial, "part": part} | {f"epoch_{n}": round(v, 4) for n, v in enumerate(values, 1)}
              for part, values in curves.items()]
    added = [pd.DataFrame([row], columns=TRIALS), pd.DataFrame(spread, columns=CURVES)]
    return [pd.concat([old, new] if len(old) else [new]).sort_values(
                ["study", "trial"], key=lambda column: column.map(NAMES.index) if column.name == "study" else column,
                kind="stable", ignore_index=True)
            for old, new in zip(tables, added, strict=True)]


def write(folder, tables):
    for name, table in zip(("trials.csv", "curves.csv"), tables, strict=True):
        replace_text(folder / name, table.to_csv(index=False, lineterminator="\n"))


def main(names, folder):
    """Train what the tables do not have yet, in two processes."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = read(folder)
    for name in names:
        todo = lines(name, tables[0])
        left = sum(len(line.points) for line in todo)
        print(f"{name}: {left} trainings to do", flush=True)
        with multiprocessing.Manager() as manager, multiprocessing.get_context("spawn").Pool(2, one_thread) as pool:
            results = manager.Queue()
            running = [pool.apply_async(run, (line, results)) for line in todo]
            while left:
                tables, left = collect(tables, results, running, left)
                write(folder, tables)


def collect(tables, results, running, left):
    """Wait for a training to end; return the tables with it, and how many are left. An error in a process is raised here."""
    while True:
        try:
            return add(tables, *results.get(timeout=5)), left - 1
        except queue.Empty:
            for line in running:
                if line.ready():
                    line.get()


def plan(names, folder):
    """Print how many trainings of each study there are, and how many are left."""
    trials, _ = read(folder)
    for name in names:
        had = (trials.study == name).sum()
        total = ({"tpe": 2 * CHAIN} | LATER).get(name) or len(STUDIES[name]())
        print(f"{name:9} {total:4} trainings, {total - had:4} left, {trials.seconds[trials.study == name].sum():6.0f} s so far")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", action="append", choices=NAMES, help="one of the studies; all of them without it")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="the folder of the two tables")
    parser.add_argument("--plan", action="store_true", help="say what there is to do, and do nothing")
    asked = parser.parse_args()
    (plan if asked.plan else main)(asked.study or NAMES, asked.out)
