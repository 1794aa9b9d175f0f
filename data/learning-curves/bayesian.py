"""Let KerasTuner's Bayesian optimization search the table many times: python data/learning-curves/bayesian.py [FILE].

Nothing is trained: a trial is looked up in fashion_mnist.csv. It still takes some minutes on two cores, since each
choice fits a Gaussian process and climbs it from fifty places. The file says which networks each search tried, in order.
"""

import csv
import multiprocessing
import os
import sys
from pathlib import Path

# Far apart: KerasTuner counts its seed up with each draw, so searches with neighbouring seeds share most of their points.
SEEDS, TRIALS = range(1000, 61_000, 1000), 25
SPACE = ["units", "layers", "learning_rate", "dropout"]


def read_table():
    """Return the table's hyperparameters, a list of dict, and the best validation accuracy of each network."""
    with Path(__file__).with_name("fashion_mnist.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    kinds = {"units": int, "layers": int, "learning_rate": float, "dropout": float}
    points = [{name: kind(row[name]) for name, kind in kinds.items()} for row in rows]
    return points, [max(float(row[name]) for name in row if name.startswith("epoch_")) for row in rows]


def search(seed):
    """Run one search; return the positions in the table of the networks it tried."""
    import keras_tuner as kt

    points, scores = read_table()
    hp = kt.HyperParameters()
    for name in SPACE:
        hp.Choice(name, sorted({point[name] for point in points}))
    objective = kt.Objective("val_accuracy", "max")
    oracle = kt.oracles.BayesianOptimizationOracle(objective, max_trials=TRIALS, seed=seed, hyperparameters=hp)
    oracle.verbose, oracle.save, oracle._save_trial = 0, lambda: None, lambda trial: None
    tried = []
    for _ in range(TRIALS):
        trial = oracle.create_trial("replay")
        tried.append(points.index({name: trial.hyperparameters.values[name] for name in SPACE}))
        oracle.update_trial(trial.trial_id, {"val_accuracy": scores[tried[-1]]})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    return tried


def one_thread():
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", OPENBLAS_NUM_THREADS="1")


def main(path):
    """Run the searches that the file does not have yet, and add each to it when it is over."""
    done = set()
    if path.exists():
        with path.open(encoding="utf-8") as file:
            done = {int(row["seed"]) for row in csv.DictReader(file)}
    else:
        append(path, ["seed", *(f"trial_{n}" for n in range(1, TRIALS + 1))])
    seeds = [seed for seed in SEEDS if seed not in done]
    one_thread()  # before the workers start, which read it while they import NumPy
    with multiprocessing.get_context("spawn").Pool(2, one_thread) as pool:
        for seed, tried in zip(seeds, pool.imap(search, seeds), strict=True):
            append(path, [seed, *tried])


def append(path, row):
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerow(row)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("bayesian.csv"))
