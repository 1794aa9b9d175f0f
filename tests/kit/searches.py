"""Small searches over a small model: data, tuners, and trials that fail or die."""

import collections
import multiprocessing
import os
import signal
import time
from pathlib import Path

import keras
import keras_tuner
import numpy as np

RNG = np.random.default_rng(3)
X = RNG.normal(size=(330, 8)).astype("float32")
Y = (X[:, 0] > X[:, 1] * X[:, 2]).astype("int32")
STEPS = 11  # an epoch: ten batches of 32 and one of 10
DATA = {"validation_data": (X[:100], Y[:100]), "batch_size": 32}


def build(hp):
    """Return a model of a few weights; two shapes, each of which is compiled once."""
    model = keras.Sequential([
        keras.Input((8,)),
        keras.layers.Dense(hp.Int("units", 8, 16, step=8), activation="relu"),
        keras.layers.Dropout(0.1),
        keras.layers.Dense(2),
    ])
    model.compile(
        keras.optimizers.Adam(hp.Float("learning_rate", 1e-3, 1e-1, sampling="log")),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


class Slow(keras.callbacks.Callback):
    """Wait before each training, so that there is time to end the search within one."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def on_train_begin(self, logs=None):
        time.sleep(self.seconds)


def fail(hp):
    """Build a model in the process of the test, and in no other."""
    if multiprocessing.parent_process() is not None:
        raise ArithmeticError("nothing works")
    return build(hp)


def random_search(folder, hypermodel=build, trials=4, **kwargs):
    """Return a RandomSearch in a folder."""
    return keras_tuner.RandomSearch(
        hypermodel, "val_accuracy", max_trials=trials, directory=folder, project_name="p", seed=1, **kwargs
    )


def hyperband(folder, max_epochs=2):
    """Return a Hyperband in a folder."""
    return keras_tuner.Hyperband(
        build, "val_accuracy", max_epochs=max_epochs, factor=2, directory=folder, project_name="p", seed=1
    )


def statuses(tuner):
    """Count the trials of each status."""
    return collections.Counter(trial.status for trial in tuner.oracle.trials.values())


class DiesOnce(keras.callbacks.Callback):
    """Kills its process at the end of an epoch, unless the file `mark` says that it has done so already."""

    def __init__(self, mark, always=False):
        super().__init__()
        self.mark = str(mark)
        self.always = always

    def on_epoch_end(self, epoch, logs=None):
        if self.always or not os.path.exists(self.mark):
            Path(self.mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)
