"""Imported by the fork server before it makes workers: all that a worker imports, and nothing that starts a thread."""

import os

from lib.tuning.child import environment, silence

silence(os.devnull)
environment()

import keras  # noqa: E402
import keras_tuner  # noqa: E402, F401

if keras.backend.backend() == "tensorflow":
    import tensorboard.plugins.hparams.api  # noqa: F401  KerasTuner imports it in every trial
