"""A finished search as one table: columns, order, values, and the rows of trials that failed."""

import keras_tuner as kt
import pandas as pd
import pytest

from lib import tuning
from lib.trials import trials_frame

LAST = ["score", "direction", "seconds", "epochs", "status"]


def space(hp):
    hp.Int("units", 32, 96, step=32)
    if hp.Choice("optimizer", ["adam", "sgd"]) == "sgd":
        with hp.conditional_scope("optimizer", ["sgd"]):
            hp.Float("momentum", 0.0, 0.9)


class Fake(kt.RandomSearch):
    """A search without training: the score is computed from the hyperparameters, and 64 units fail."""

    def _populate_initial_space(self):
        hp = self.oracle.get_space()
        for optimizer in ("adam", "sgd"):
            hp.values["optimizer"] = optimizer
            space(hp)
        self.oracle.update_space(hp)

    def run_trial(self, trial, **kwargs):
        if trial.hyperparameters.get("units") == 64:
            raise ValueError("no 64 here")
        return {"accuracy": trial.hyperparameters.get("units") / 100}


@pytest.fixture
def fake(tmp_path):
    objective = kt.Objective("accuracy", "max")
    tuner = Fake(None, objective, max_trials=12, seed=1, directory=tmp_path, max_consecutive_failed_trials=12)
    tuner.search(verbose=0)
    return tuner


def test_columns_types_and_order(fake):
    frame = trials_frame(fake)
    assert frame.columns[0] == "trial" and frame.columns[-5:].tolist() == LAST
    assert set(frame.columns) == {"trial", "units", "optimizer", "momentum", *LAST}
    assert frame.trial.tolist() == list(range(1, 13))
    assert frame.dtypes[["score", "seconds"]].tolist() == ["float64", "float64"] and frame.epochs.dtype == "Int64"
    assert set(frame.direction) == {"max"}


def test_failed_trials_keep_their_rows(fake):
    frame = trials_frame(fake)
    failed = frame.units == 64
    assert failed.any() and not failed.all()
    assert (frame.status[failed] != "COMPLETED").all() and (frame.status[~failed] == "COMPLETED").all()
    assert frame.score[failed].isna().all()
    assert (frame.score[~failed] == frame.units[~failed] / 100).all()


def test_a_condition_leaves_a_gap(fake):
    frame = trials_frame(fake)
    assert (frame.momentum.isna() == (frame.optimizer == "adam")).all()


def test_hyperband_says_bracket_round_and_epochs(tmp_path):
    class FakeHyperband(kt.Hyperband):
        run_trial = Fake.run_trial

    hp = kt.HyperParameters()
    hp.Int("units", 1, 1000)
    objective = kt.Objective("accuracy", "max")
    tuner = FakeHyperband(lambda hp: None, objective, max_epochs=10, hyperparameters=hp, seed=1, directory=tmp_path)
    tuner.search(verbose=0)
    frame = trials_frame(tuner)
    rows = pd.DataFrame(tuning.brackets(10, 3))
    found = frame.groupby(["bracket", "round"]).epochs.agg(["size", "sum"]).sort_index()
    expected = rows.set_index(["bracket", "round"])[["trials", "epochs"]].sort_index()
    assert found.to_numpy().tolist() == expected.to_numpy().tolist()
    assert not [column for column in frame if column.startswith("tuner/")]
