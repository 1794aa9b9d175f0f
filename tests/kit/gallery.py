"""Each figure of the library on made-up data of the shape that lessons draw, with titles and names as long as theirs."""

import numpy as np
import optuna
import pandas as pd
import plotly.express as px
from optuna import visualization as optunas

from lib import viz
from lib.data import FASHION_CLASSES

FORMS = [f"{way}, {part}" for way in ("boosted", "shrunk") for part in ("training", "test")]


def trials(n=30, seed=1):
    """Return a trials frame of six hyperparameters, the last trials pruned and failed."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "trial": range(1, n + 1),
            "units": rng.choice([32, 64, 128, 256], n),
            "layers": rng.integers(1, 4, n),
            "learning_rate": 10 ** rng.uniform(-4, -1, n),
            "dropout": rng.uniform(0, 0.5, n).round(2),
            "optimizer": rng.choice(["adam", "sgd", "rmsprop"], n),
            "bracket": rng.integers(0, 3, n),
        }
    )
    score = 0.89 - 0.03 * (np.log10(frame.learning_rate) + 2.8) ** 2 + 0.02 * np.log2(frame.units / 32) / 3
    frame["score"] = (score + rng.normal(0, 0.004, n)).round(4)
    frame.loc[n - 3 :, "score"] = np.nan
    ends = ["COMPLETED"] * (n - 5) + ["PRUNED"] * 3 + ["FAILED"] * 2
    return frame.assign(direction="max", seconds=1.5, epochs=8, status=ends)


def study(n=25, seed=1):
    """Return an Optuna study of two hyperparameters, with values on the way, some of them pruned."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed), study_name="by chance")
    spread = {
        "learning_rate": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True),
        "hidden_gain": optuna.distributions.FloatDistribution(0.2, 3.0),
    }
    rng = np.random.default_rng(seed)
    for number in range(n):
        rate, gain = 10 ** rng.uniform(-4, -1), rng.uniform(0.2, 3)
        end = 0.88 - 0.03 * (np.log10(rate) + 2.5) ** 2 - 0.02 * (gain - 1.2) ** 2
        steps = {epoch: end - 0.3 / epoch for epoch in range(1, 3 if number % 4 == 3 else 9)}
        state = optuna.trial.TrialState.PRUNED if number % 4 == 3 else optuna.trial.TrialState.COMPLETE
        made.add_trial(
            optuna.trial.create_trial(
                state=state,
                value=end,
                params={"learning_rate": rate, "hidden_gain": gain},
                distributions=spread,
                intermediate_values=steps,
            )
        )
    return made


def curves(names, n=20, runs=5, seed=1):
    """Return rising curves of some runs each, as `plot_bands` draws them."""
    rng = np.random.default_rng(seed)
    x = np.arange(1, n + 1)
    lines = {
        name: 0.8 + 0.02 * place - (0.2 + 0.05 * place) / x + rng.normal(0, 0.004, (runs, n)) for place, name in enumerate(names)
    }
    return viz.bands_data(x, lines)


def board(seed=1):
    """Return ten models with what they cost and what they are worth."""
    names = [
        "float32",
        "float16",
        "int8, weights",
        "int8, all",
        "pruned to 0.9",
        "pruned and int8",
        "rank 16",
        "student",
        "small",
        "mine",
    ]
    kB = [430, 216, 110, 108, 150, 60, 95, 30, 55, 40]
    accuracy = [0.912, 0.912, 0.911, 0.908, 0.905, 0.903, 0.898, 0.895, 0.893, 0.880]
    return pd.DataFrame(
        {
            "kB": kB,
            "accuracy": accuracy,
            "kind": ["Keras", "Keras", "LiteRT", "LiteRT", "pruned", "pruned", "low rank", "distilled", "Keras", "mine"],
        },
        index=names,
    ).astype({"kB": float})


def log(workers=3, n=14, seed=1):
    """Return the log of a search on some workers."""
    rng = np.random.default_rng(seed)
    free = [0.0] * workers
    rows = []
    for trial in range(n):
        worker = int(np.argmin(free))
        seconds = float(rng.uniform(1, 4))
        status = "PRUNED" if trial % 4 == 3 else "FAIL" if trial == 6 else "COMPLETE"
        rows.append(
            {
                "worker": worker,
                "start": free[worker],
                "seconds": seconds,
                "status": status,
                "trial_id": trial,
                "round": trial // 5,
            }
        )
        free[worker] += seconds
    return rows


def gallery():
    """Return the figures, a dict from what draws one, with a word where there are several, to it."""
    rng = np.random.default_rng(1)
    table, known = trials(), study()
    large = pd.concat([trials(300, seed) for seed in (1, 2, 3)], ignore_index=True)
    pictures = np.tile(np.linspace(0, 1, 784).reshape(28, 28), (40, 1, 1))
    labels = np.arange(40) % 10
    square = pd.DataFrame(
        rng.uniform(0.7, 0.9, (5, 6)),
        pd.Index([16, 32, 64, 128, 256], name="units"),
        pd.Index([1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2], name="learning rate"),
    )
    members = [f"dense {n}" for n in range(1, 5)] + [f"conv {n}" for n in range(1, 5)] + ["trees"]
    pairs = np.corrcoef(rng.normal(size=(9, 40)) + rng.normal(size=40))
    teams = pd.DataFrame(
        {
            "correlation": rng.uniform(0.3, 0.8, 60),
            "gain": rng.uniform(0, 0.03, 60),
            "kinds": rng.choice(["one kind", "two kinds", "three kinds"], 60),
        }
    )
    wrong = np.where(rng.uniform(size=400) < 0.85, np.arange(400) % 10, rng.integers(0, 10, 400))
    sure = rng.dirichlet(np.ones(10) * 0.4, 500)
    posterior = pd.DataFrame({"x": np.linspace(-4, -1, 60)})
    posterior["mean"] = 0.85 - 0.03 * (posterior.x + 2.5) ** 2
    posterior["sd"] = 0.02 + 0.01 * np.sin(3 * posterior.x)
    posterior["improvement"] = (posterior["mean"] + posterior.sd - 0.84).clip(lower=0)
    seen = (np.array([-3.8, -3.0, -2.2, -1.2]), np.array([0.8, 0.84, 0.845, 0.81]))
    asked = pd.concat([table.assign(oracle=name) for name in ("random", "grid", "Bayesian")])
    history = {"accuracy": 0.9 - 0.3 / np.arange(1, 13), "loss": 0.2 + 0.5 / np.arange(1, 13)}
    history |= {
        "val_accuracy": 0.88 - 0.28 / np.arange(1, 13) - 0.002 * np.arange(12),
        "val_loss": 0.3 + 0.4 / np.arange(1, 13) + 0.01 * np.arange(12),
    }
    sizes = 2.0 ** np.arange(-40, 25)
    formats = pd.concat(
        [
            pd.DataFrame({"size of the number": sizes, "worst relative error": 2.0**-bits + 0 * sizes, "format": name})
            for name, (_, bits) in viz.FORMATS.items()
        ]
    )
    bits = pd.DataFrame({"bits": [2, 3, 4, 8] * 3, "accuracy": [0.5, 0.86, 0.89, 0.9] * 3, "how": "rounded"})
    sums = pd.concat(
        [
            pd.DataFrame(
                {"terms": np.arange(1, 10_001, 100), "sum": np.minimum(np.arange(1, 10_001, 100) / 10, most), "format": name}
            )
            for name, most in (("float32", 1e9), ("bfloat16", 25.6), ("float16", 204.8))
        ]
    )
    steps = [
        ("Tuner", "Oracle", "create_trial()", "RUNNING"),
        ("Tuner", "Tuner", "build and fit", "RUNNING"),
        ("Tuner", "Oracle", "end_trial(trial)", "COMPLETED"),
        ("Oracle", "disk", "trial.json", "COMPLETED"),
    ]
    rounds = [
        {"bracket": b, "round": r, "trials": t, "epochs_from": f, "epochs_to": e}
        for b, r, t, f, e in ((2, 0, 9, 0, 1), (2, 1, 3, 1, 3), (1, 0, 5, 0, 3), (1, 1, 2, 3, 9), (0, 0, 3, 0, 9))
    ]
    cv = {
        "params": [{"net__batch_size": size} for size in (16, 32, 64, 128)],
        "rank_test_score": [2, 1, 3, 4],
        "mean_fit_time": np.array([4.0, 2.5, 1.5, 1.0]),
        "mean_score_time": np.full(4, 0.1),
        "mean_test_score": np.array([0.95, 0.96, 0.94, 0.93]),
        "std_test_score": np.full(4, 0.01),
    }
    cv |= {f"split{fold}_test_score": cv["mean_test_score"] + 0.01 * (fold - 1) for fold in range(3)}
    costs = pd.DataFrame(
        [
            (kind, size, step, policy, 4.0 / fast, 3.8 / fast, 4.4 / fast, fast)
            for kind in ("dense", "conv")
            for size in (256, 1024)
            for step in ("predict", "train")
            for policy, fast in (("float32", 1.0), ("mixed_bfloat16", 1.7), ("mixed_float16", 0.4))
        ],
        columns=["block", "size", "step", "policy", "ms", "low", "high", "times_faster"],
    )
    folds = pd.DataFrame(rng.uniform(0.8, 0.86, (8, 3)), columns=["fold 1", "fold 2", "fold 3"], index=range(1, 9))
    folds = folds.assign(mean=folds.mean(axis=1), sd=folds.std(axis=1))
    dots = pd.concat(
        {
            f"{n:,} pictures": pd.DataFrame(rng.uniform(0.1, 0.5, (3, 3)), columns=["one network", "clones", "bagged"])
            for n in (500, 2000, 8000)
        }
    )
    parts = pd.DataFrame(
        rng.uniform(0.1, 1, (8, 2)),
        columns=["bias² and noise", "variance"],
        index=[f"{n} people: {who}" for n in (50, 300) for who in ("one, whole", "one, bagged", "team, whole", "team, bagged")],
    )
    iris = px.data.iris()
    alive = px.parallel_coordinates(iris, color="species_id", labels={"sepal_length": "sepal length (cm)"})
    named = px.parallel_categories(table.astype({"layers": str}), ["layers", "optimizer", "status"])
    both = {"synchronous: every round waits for its last": log(3), "asynchronous: whoever is free goes on": log(3, seed=2)}
    fits = {
        f"trial {n}": {"accuracy": history["accuracy"] + n / 100, "val_accuracy": history["val_accuracy"]} for n in (3, 7, 12)
    }
    return {
        "bags": viz.plot_bags([rng.integers(0, 40, 40) for _ in range(8)], 40, "Which of 40 rows eight members have drawn"),
        "bands": viz.plot_bands(
            curves(FORMS), "Wrong labels, two classes: training error falls, test error rises", "rounds", "share wrong, hard vote"
        ),
        "bands, log": viz.plot_bands(
            curves(["random", "Hyperband", "Bayesian", "grid that fits", "grid cut off"], 16),
            "A grid that is cut off stays far behind (mean, and where 8 in 10 searches lie)",
            "epochs spent",
            "best validation accuracy so far",
            log_x=True,
        ),
        "bits": viz.plot_bits(0.1),
        "brackets": viz.plot_brackets(rounds),
        "busy": viz.plot_busy(both, 3, "Synchronous rounds leave workers idle (simulated)"),
        "confusion": viz.plot_confusion(np.arange(400) % 10, wrong, FASHION_CLASSES),
        "costs": viz.plot_costs(costs, "A step on this machine, against float32"),
        "coverage": viz.plot_coverage(9, np.random.default_rng(1)),
        "curves, many": viz.plot_curves(
            formats, "size of the number", "worst relative error", "format", "How well a number is kept, by its size", True, True
        ),
        "curves, few": viz.plot_curves(
            bits, "bits", "accuracy", "how", "Eight bits are as good as thirty-two, and four nearly so", level=("float32", 0.91)
        ),
        "curves, counts": viz.plot_curves(sums, "terms", "sum", "format", "The sum of many small numbers"),
        "deviations": viz.plot_deviations(
            rng.normal(size=(30, 12)) * 10.0 ** np.arange(-4, 8), [f"mean of column {n}" for n in range(12)]
        ),
        "diagnosis": viz.plot_diagnosis(fits, "What the curves of three trials say"),
        "division": viz.plot_division(
            20,
            {f"fold {n + 1}": {"train": [i for i in range(20) if i % 5 != n], "measure": range(n, 20, 5)} for n in range(5)},
            "Five folds of twenty samples: each column is measured once",
        ),
        "dots": viz.plot_dots(
            dots, "Bagging narrows the gap, most where data are few", "test loss minus loss on the own pictures"
        ),
        "dress, contour": viz.dress(optunas.plot_contour(known, params=["learning_rate", "hidden_gain"]), "Contour", 440),
        "dress, edf": viz.dress(optunas.plot_edf([known]), "EDF: share of trials that scored lower"),
        "dress, history": viz.dress(optunas.plot_optimization_history(known), "History"),
        "dress, importances": viz.dress(optunas.plot_param_importances(known), "Importances", 300),
        "dress, intermediate": viz.dress(optunas.plot_intermediate_values(known), "Intermediate values", showlegend=False),
        "dress, parallel": viz.dress(optunas.plot_parallel_coordinate(known), "Parallel coordinates"),
        "dress, rank": viz.dress(optunas.plot_rank(known, params=["learning_rate", "hidden_gain"]), "Rank"),
        "dress, slice": viz.dress(optunas.plot_slice(known), "Slice"),
        "dress, timeline": viz.dress(optunas.plot_timeline(known), "Timeline", 440),
        "edges": viz.plot_edges(table, "Where the best trials lie on each axis, and whether they crowd an edge"),
        "fold scores": viz.plot_fold_scores(folds, "Every fold of every trial, and the mean that decides", "validation accuracy"),
        "front": viz.plot_front(
            board(),
            "kB",
            "accuracy",
            "A vote of the four decent members comes close to the stack, and needs no folds",
            "kB, compressed",
            "test accuracy",
            "kind",
            budget=100,
            least=0.004,
        ),
        "front, two kinds": viz.plot_front(board(), "kB", "accuracy", "What a point of accuracy costs", "kB", "test accuracy"),
        "gates": viz.plot_gates(large, "Gates of the best hundredth", 0.05),
        "gradients": viz.plot_gradients(10 ** rng.normal(-7, 2, 4000), (1.0, 2.0**15)),
        "heavy": viz.plot_heavy(pictures, rng.uniform(0, 3, 40), [FASHION_CLASSES[n] for n in labels]),
        "history": viz.plot_history(history),
        "inner and outer": viz.plot_inner_outer(
            pd.DataFrame({"inner score": [0.86, 0.87, 0.85], "outer score": [0.84, 0.86, 0.83]}),
            "What each search reported, and what its winner was worth",
            "accuracy",
        ),
        "intermediates": viz.plot_intermediates(
            {"no pruner": known, "median": study(seed=2), "halving": study(seed=3)},
            "The same trials under four pruners: a cross is where one was given up",
            "accuracy",
        ),
        "isolation": viz.plot_isolation(table, "learning_rate", "What the learning rate does, with the others at their best"),
        "journey": viz.plot_journey(steps, "One trial: who calls whom, and what its file says then"),
        "map": viz.plot_map(square, "Validation accuracy of every network in the space"),
        "map, path": viz.plot_map(
            square, "A climber on the map: the numbers are its trials", [(0, 0), (1, 1), (2, 2), (2, 3), (3, 3), (4, 5)]
        ),
        "map, loss": viz.plot_map(square, "Median loss", direction="min"),
        "matrix": viz.plot_matrix(table, "Every pair of four axes", order=["units", "learning_rate", "dropout"]),
        "pairs": viz.plot_pairs(pairs, members, "Pairwise disagreement", "share of<br>pictures"),
        "pairs, against": viz.plot_pairs(pairs, members, "Error correlation", "correlation", good=False),
        "parallel": viz.plot_parallel(table, "All trials of the search: drag along an axis to select"),
        "parallel, every": viz.plot_parallel(
            table, "Every trial", every=True, order=["units", "learning_rate", "optimizer", "status"]
        ),
        "parallel, iris": viz.layout(alive, "As in the notes: the petals tell the species apart", 420, paper_bgcolor="#ffffff"),
        "parcats": viz.layout(named, "All that failed had one optimizer", 380, margin={"l": 90, "r": 90, "b": 20}),
        "parts": viz.plot_parts(parts, "What the error is made of", "mean squared error"),
        "pictures": viz.plot_pictures(pictures, labels, FASHION_CLASSES),
        "points": viz.plot_points(
            teams,
            "correlation",
            "gain",
            "kinds",
            "Every team of three",
            "mean error correlation of its members",
            "gain over the mean skill",
            trend=True,
        ),
        "points, equal": viz.plot_points(
            teams,
            "correlation",
            "gain",
            "kinds",
            "Members that know different things make the better stack",
            "mean test accuracy of the members",
            "test accuracy of the stack",
            equal="as good as its members",
        ),
        "posterior": viz.plot_posterior(
            posterior, seen, "A guess from four trainings, and where it would look next", "power of ten", "accuracy"
        ),
        "proposals": viz.plot_proposals(
            asked,
            "learning_rate",
            "dropout",
            "Random spreads, the grid walks an edge, Bayesian learns (cross: the peak)",
            log_x=True,
            peak=(1e-3, 0.3),
        ),
        "proposals, landscape": viz.plot_proposals(
            asked,
            "dropout",
            "bracket",
            "Where 25 trials look: pale is early, strong is late",
            landscape=lambda x, y: (x - 0.2) ** 2 + y,
        ),
        "reliability": viz.plot_reliability(
            {
                name: viz.reliability_data(sure, rng.integers(0, 10, 500))
                for name in ("one network", "the vote", "a forest", "by temperature")
            },
            "One network promises too much, a forest too little",
        ),
        "shifts": viz.plot_shifts(both, "Nine workers, one bracket: waiting, or going on (simulated)", rounds=True),
        "shifts, one": viz.plot_shifts({"chief and workers": log()}, "Who ran what when, as the chief saw it"),
        "slices": viz.plot_slices(table, "Our own HyperModel: every trial over each of its choices"),
        "speedup": viz.plot_speedup(
            {"this search, by the law": {2**n: 100 / 2 ** (0.8 * n) for n in range(8)}, "this search, measured": {1: 100, 2: 60}},
            "How much faster than one worker",
            points=["this search, measured"],
        ),
        "spread, few": viz.plot_spread(
            {f"{n} units, rate {r:g}": rng.normal(0.8, 0.01, 5) for n in (16, 128) for r in (1e-3, 0.1)},
            "5 trainings of one setting may lie close together, or far apart",
            "validation accuracy",
        ),
        "spread, many": viz.plot_spread(
            {name: rng.normal(0.8, 0.01, 30) for name in ("hold-out", "5-fold")},
            "One network measured again and again: each dot is what somebody would have reported",
            "accuracy",
            truth=0.8,
        ),
        "stages": viz.plot_stages(
            np.linspace(-2, 3, 80),
            rng.normal(size=80),
            np.outer([0, 1, 1.5, 2], np.linspace(-1, 1, 80)),
            range(4),
            "Ten rounds on one column",
            "body mass index (standard deviations)",
            "progress (standard deviations)",
        ),
        "still": viz.plot_still(table, "The trials that have a score", objective="accuracy"),
        "still, every": viz.plot_still(
            table, "From scikit-learn: versicolor, or not?", "accuracy", every=True, brush={"learning_rate": (1e-3, 1e-2)}
        ),
        "still, many": viz.plot_still(large, "The best hundredth, and 600 others", "loss", ranks=True),
        "validation curve": viz.plot_validation_curve(cv, "net__batch_size"),
        "variants": viz.plot_variants(
            {"as it is": pictures[:6], "flip": pictures[:6], "shift": pictures[:6]}, "Six shoes, and their changed copies"
        ),
        "weights": viz.plot_weights(
            {"before": rng.normal(size=500), "after": rng.normal(size=500) * (rng.uniform(size=500) > 0.9)},
            "Weights of the wide layer, and what a sparsity of 0.9 leaves of them",
        ),
    }
