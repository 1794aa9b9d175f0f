"""The tables of results that lesson 04 replays: whole, as README says, and what the commands beside them make."""

import hashlib
import importlib.util
import itertools
import re

import keras_tuner
import numpy as np
import pandas as pd
import pytest
from kit.notebooks import ROOT

FOLDER = ROOT / "data" / "learning-curves"
CURVES = pd.read_csv(FOLDER / "fashion_mnist.csv")
SEARCHES = pd.read_csv(FOLDER / "bayesian.csv", index_col="seed")


def command(name):
    """Load a command of the folder as a module."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("file", ["fashion_mnist.csv", "bayesian.csv"])
def test_the_files_are_those_that_readme_names(file):
    content = (FOLDER / file).read_bytes()
    readme = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    size, digest = re.search(rf"`learning-curves/{file}` \| ([\d,]+) \| `(\w+)`", readme).groups()
    assert int(size.replace(",", "")) == len(content)
    assert digest == hashlib.sha256(content).hexdigest()


def test_every_network_of_the_space_once():
    make = command("make")
    points = itertools.product(make.UNITS, make.LAYERS, make.RATES, make.DROPOUTS)
    assert sorted(points) == sorted(CURVES[make.NAMES[:4]].itertuples(index=False, name=None))
    scores = CURVES[make.NAMES[4:]].to_numpy()
    assert scores.shape == (240, make.EPOCHS) and scores.min() > 0.05 and scores.max() < 0.95


def test_a_network_trained_again_gives_its_line():
    make = command("make")
    (row,) = make.curves((32, 1, 0.0), rates=[3e-3])
    line = CURVES.query("units == 32 and layers == 1 and learning_rate == 0.003 and dropout == 0").to_numpy()[0]
    again = np.array(row, float)
    assert np.array_equal(again[:4], line[[0, 1, 2, 3]])
    assert np.abs(again - line)[4:].mean() < 0.02


def test_a_bayesian_search_begins_with_the_random_points_of_its_seed():
    bayesian = command("bayesian")
    assert list(SEARCHES.index) == list(bayesian.SEEDS) and SEARCHES.shape[1] == bayesian.TRIALS
    points, scores = bayesian.read_table()
    assert len(scores) == 240 and SEARCHES.to_numpy().max() < 240
    for seed in (1000, 30_000, 60_000):
        hp = keras_tuner.HyperParameters()
        for name in bayesian.SPACE:
            hp.Choice(name, sorted({point[name] for point in points}))
        oracle = keras_tuner.oracles.RandomSearchOracle("val_accuracy", 12, seed=seed, hyperparameters=hp)
        oracle.verbose, oracle.save, oracle._save_trial = 0, lambda: None, lambda trial: None
        drawn = [oracle.create_trial(f"worker{n}").hyperparameters.values for n in range(12)]
        assert SEARCHES.loc[seed].tolist()[:12] == [points.index(values) for values in drawn]
