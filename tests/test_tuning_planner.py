"""The planner's arithmetic against KerasTuner's own, and its estimate from a short trial."""

import os
import subprocess
import sys

import keras
import keras_tuner
import numpy as np
import pytest
from keras_tuner.oracles import HyperbandOracle

from lib.tuning import brackets, plan
from lib.tuning.budget import epochs_of, totals

PAIRS = [(10, 3), (1, 3), (2, 2), (3, 3), (9, 3), (27, 3), (81, 3), (30, 4), (100, 3), (7, 5), (64, 2)]


def oracle(max_epochs, factor):
    space = keras_tuner.HyperParameters()
    space.Float("x", 0, 1)
    return HyperbandOracle(
        keras_tuner.Objective("score", "max"), max_epochs=max_epochs, factor=factor, hyperparameters=space, seed=1
    )


@pytest.mark.parametrize(("max_epochs", "factor"), PAIRS)
def test_brackets_are_those_of_kerastuner(max_epochs, factor):
    theirs = oracle(max_epochs, factor)
    rows = brackets(max_epochs, factor)
    assert len({row["bracket"] for row in rows}) == theirs._get_num_brackets()
    for row in rows:
        assert row["trials"] == theirs._get_size(row["bracket"], row["round"])
        assert row["epochs_to"] == theirs._get_epochs(row["bracket"], row["round"])
        before = theirs._get_epochs(row["bracket"], row["round"] - 1) if row["round"] else 0
        assert (row["epochs_from"], row["epochs"]) == (before, row["trials"] * (row["epochs_to"] - before))


@pytest.mark.parametrize(("max_epochs", "factor"), PAIRS)
def test_brackets_are_what_a_search_runs(max_epochs, factor, tmp_path):
    """Drive the real Oracle with scores out of the air."""
    theirs = oracle(max_epochs, factor)
    theirs._set_project_dir(str(tmp_path), "search")
    theirs.verbose = 0
    counts, epochs = {}, 0
    while (trial := theirs.create_trial("tuner")).status == "RUNNING":
        values = trial.hyperparameters.values
        key = values["tuner/initial_epoch"], values["tuner/epochs"]
        counts[key] = counts.get(key, 0) + 1
        epochs += key[1] - key[0]
        theirs.update_trial(trial.trial_id, {"score": values["x"]})
        trial.status = "COMPLETED"
        theirs.end_trial(trial)
    rows = brackets(max_epochs, factor)
    expected = {}
    for row in rows:
        key = row["epochs_from"], row["epochs_to"]
        expected[key] = expected.get(key, 0) + row["trials"]
    assert counts == expected
    assert epochs == sum(row["epochs"] for row in rows)


def test_the_notes_search_has_30_trials_and_120_epochs():
    rows = brackets(10, 3)
    assert (sum(r["trials"] for r in rows), sum(r["epochs"] for r in rows)) == (30, 120)


@pytest.mark.parametrize(("max_epochs", "factor"), [(0, 3), (10, 1)])
def test_impossible_brackets_are_refused(max_epochs, factor):
    with pytest.raises(ValueError, match="at least"):
        brackets(max_epochs, factor)


def test_bracket_arithmetic_needs_neither_keras_nor_tensorflow():
    code = "import sys, lib.tuning; lib.tuning.brackets(10, 3); print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["False", "False"]


def build(hp):
    model = keras.Sequential([
        keras.Input((5,)), keras.layers.Dense(hp.Int("units", 2, 100), activation="relu"), keras.layers.Dense(1)
    ])
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize(("kind", "arguments", "kwargs", "expected"), [
    (keras_tuner.RandomSearch, {"max_trials": 7}, {"epochs": 3}, (7, 21)),
    (keras_tuner.RandomSearch, {"max_trials": 7, "executions_per_trial": 2}, {"epochs": 3}, (7, 42)),
    (keras_tuner.BayesianOptimization, {"max_trials": 4}, {}, (4, 4)),
    (keras_tuner.GridSearch, {"max_trials": 5}, {"epochs": 2}, (5, 10)),
    (keras_tuner.GridSearch, {}, {"epochs": 2}, (None, None)),
    (keras_tuner.RandomSearch, {"max_trials": 3}, {"epochs": 10, "initial_epoch": 8}, (3, 6)),
    (keras_tuner.RandomSearch, {"max_trials": 3}, {"epochs": 2, "initial_epoch": 8}, (3, 0)),
    (keras_tuner.Hyperband, {"max_epochs": 10, "hyperband_iterations": 2}, {}, (60, 240)),
    (keras_tuner.Hyperband, {"max_epochs": 10}, {"epochs": 99, "initial_epoch": 1}, (30, 120)),
])
def test_totals(kind, arguments, kwargs, expected, tmp_path):
    tuner = kind(build, "val_loss", directory=tmp_path, **arguments)
    assert totals(tuner, kwargs) == expected


@pytest.mark.parametrize(("args", "kwargs"), [
    ((32, 10), {}), ((32,), {"epochs": 10}), ((), {"epochs": 10}), ((None, 10, 0), {"initial_epoch": 8}),
    ((), {"epochs": 10, "initial_epoch": 8}), ((), {}), ((32, 10, 0, None, 0.0, None, True, None, None, 8), {}),
])
def test_a_trial_has_the_epochs_that_fit_trains_with_the_same_arguments(args, kwargs, tmp_path):
    x, y = np.ones((4, 5), "float32"), np.ones((4, 1), "float32")
    model = build(keras_tuner.HyperParameters())
    trained = len(model.fit(x, y, *args, **{"verbose": 0} | kwargs if len(args) < 3 else kwargs).epoch)
    tuner = keras_tuner.RandomSearch(build, "loss", max_trials=3, executions_per_trial=2, directory=tmp_path)
    trial = tuner.oracle.create_trial("tuner")
    assert totals(tuner, kwargs, (x, y, *args)) == (3, 6 * trained)
    assert epochs_of(trial, tuner, kwargs, (x, y, *args)) == 2 * trained


@pytest.mark.parametrize("initial_epoch", [0, 8])
def test_a_promoted_trial_has_hyperbands_epochs(initial_epoch, tmp_path):
    tuner = keras_tuner.Hyperband(build, "loss", max_epochs=10, directory=tmp_path)
    trial = tuner.oracle.create_trial("tuner")
    trial.hyperparameters.values |= {"tuner/epochs": 10, "tuner/initial_epoch": 4}
    assert epochs_of(trial, tuner, {"epochs": 99, "initial_epoch": initial_epoch}) == 6


def test_plan_measures_and_leaves_the_tuner_alone(tmp_path):
    tuner = keras_tuner.RandomSearch(build, "val_loss", max_trials=6, directory=tmp_path, project_name="p", seed=1)
    before = tuner.oracle.get_state()
    x, y = np.random.default_rng(1).random((2000, 5), "float32"), np.ones((2000, 1), "float32")
    made = plan(tuner, x, y, 32, 4, validation_data=(x, y), workers=2)  # batch size and epochs by their places
    assert (made.trials, made.epochs, made.workers) == (6, 24, 2)
    assert 0 < made.seconds_parallel < 600
    assert 0 < made.seconds_plain < 600
    assert str(made).startswith("6 trials, 24 epochs: about ")
    assert list((tmp_path / "p").iterdir()) == []
    assert tuner.oracle.get_state() == before
    assert not tuner.oracle.trials


def test_plan_measures_in_as_many_workers_as_search_has(tmp_path):
    def noting(hp):
        (tmp_path / f"built by {os.getpid()}").touch()
        return build(hp)

    tuner = keras_tuner.RandomSearch(noting, "val_loss", max_trials=6, directory=tmp_path, project_name="p", seed=1)
    x, y = np.random.default_rng(1).random((300, 5), "float32"), np.ones((300, 1), "float32")
    plan(tuner, x, y, validation_data=(x, y), workers=2)
    others = {path.name for path in tmp_path.glob("built by *")} - {f"built by {os.getpid()}"}
    assert len(others) == 1 + 2, "one process for plain Keras, and one for each worker"
