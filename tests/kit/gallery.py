"""Each figure of the library on made-up data of the shape that lessons draw, with titles and names as long as theirs."""

import numpy as np
import optuna
import pandas as pd
import plotly.express as px
from optuna import visualization as optunas

from lib import viz
from lib.data import FASHION_CLASSES

EPOCHS = np.arange(1, 13)
HISTORY = {"accuracy": 0.9 - 0.3 / EPOCHS, "val_accuracy": 0.88 - 0.28 / EPOCHS - 0.002 * EPOCHS,
           "loss": 0.2 + 0.5 / EPOCHS, "val_loss": 0.3 + 0.4 / EPOCHS + 0.01 * EPOCHS}


def rng():
    return np.random.default_rng(1)


def trials(n=30, seed=1):
    """Return a trials frame of six hyperparameters, the last trials pruned and failed."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "trial": range(1, n + 1), "units": rng.choice([32, 64, 128, 256], n), "layers": rng.integers(1, 4, n),
        "learning_rate": 10 ** rng.uniform(-4, -1, n), "dropout": rng.uniform(0, 0.5, n).round(2),
        "optimizer": rng.choice(["adam", "sgd", "rmsprop"], n), "bracket": rng.integers(0, 3, n),
    })
    score = 0.89 - 0.03 * (np.log10(frame.learning_rate) + 2.8) ** 2 + 0.02 * np.log2(frame.units / 32) / 3
    frame["score"] = (score + rng.normal(0, 0.004, n)).round(4)
    frame.loc[n - 3 :, "score"] = np.nan
    ends = ["COMPLETED"] * (n - 5) + ["PRUNED"] * 3 + ["FAILED"] * 2
    return frame.assign(direction="max", seconds=1.5, epochs=8, status=ends)


def study(n=25, seed=1):
    """Return an Optuna study of two hyperparameters, with values on the way, some of its trials pruned."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made = optuna.create_study(direction="maximize", study_name="by chance")
    spread = {"learning_rate": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True),
              "hidden_gain": optuna.distributions.FloatDistribution(0.2, 3.0)}
    rng = np.random.default_rng(seed)
    for number in range(n):
        rate, gain = 10 ** rng.uniform(-4, -1), rng.uniform(0.2, 3)
        end = 0.88 - 0.03 * (np.log10(rate) + 2.5) ** 2 - 0.02 * (gain - 1.2) ** 2
        pruned = number % 4 == 3
        made.add_trial(optuna.trial.create_trial(
            state=optuna.trial.TrialState.PRUNED if pruned else optuna.trial.TrialState.COMPLETE, value=end,
            params={"learning_rate": rate, "hidden_gain": gain}, distributions=spread,
            intermediate_values={epoch: end - 0.3 / epoch for epoch in range(1, 3 if pruned else 9)}))
    return made


def log(workers=3, n=14, seed=1):
    """Return the log of a search on some workers."""
    rng = np.random.default_rng(seed)
    free = [0.0] * workers
    rows = []
    for trial in range(n):
        worker, seconds = int(np.argmin(free)), float(rng.uniform(1, 4))
        row = {"worker": worker, "start": free[worker], "seconds": seconds, "trial_id": trial, "round": trial // 5}
        rows.append(row | {"status": "PRUNED" if trial % 4 == 3 else "FAIL" if trial == 6 else "COMPLETE"})
        free[worker] += seconds
    return rows


# --- the figures, family by family: dicts from what draws one, with a word where there are several, to the figure


def parallel():
    table = trials()
    many = pd.concat([trials(300, seed) for seed in (1, 2, 3)], ignore_index=True)
    notes = px.parallel_coordinates(px.data.iris(), color="species_id", labels={"sepal_length": "sepal length (cm)"})
    bands = px.parallel_categories(table.astype({"layers": str}), ["layers", "optimizer", "status"])
    brush = {"learning_rate": (1e-3, 1e-2)}
    return {
        "parallel": viz.plot_parallel(table, "All trials of the search: drag along an axis to select"),
        "parallel, every": viz.plot_parallel(table, "Every trial", every=True, order=["units", "learning_rate", "optimizer"]),
        "parallel, iris": viz.layout(notes, "As in the notes: the petals tell the species apart", 420, paper_bgcolor="#ffffff"),
        "parcats": viz.layout(bands, "All that failed had one optimizer", 380, margin={"l": 90, "r": 90, "b": 20}),
        "still": viz.plot_still(table, "The trials that have a score", "accuracy"),
        "still, every": viz.plot_still(table, "From scikit-learn: versicolor, or not?", "accuracy", every=True, brush=brush),
        "still, many": viz.plot_still(many, "The best hundredth, and 600 others", "loss", ranks=True),
        "gates": viz.plot_gates(many, "Gates of the best hundredth", 0.05),
        "matrix": viz.plot_matrix(table, "Every pair", order=["units", "learning_rate", "dropout"]),
        "slices": viz.plot_slices(table, "Our own HyperModel: every trial over each of its choices"),
        "edges": viz.plot_edges(table, "Where the best trials lie on each axis, and whether they crowd an edge"),
        "isolation": viz.plot_isolation(table, "learning_rate", "What the learning rate does, with the others at their best"),
    }


def searches():
    asked = pd.concat([trials().assign(oracle=name) for name in ("random", "grid", "Bayesian")])
    steps = [("Tuner", "Oracle", "create_trial()", "RUNNING"), ("Tuner", "Tuner", "build and fit", "RUNNING"),
             ("Tuner", "Oracle", "end_trial(trial)", "COMPLETED"), ("Oracle", "disk", "trial.json", "COMPLETED")]
    square = pd.DataFrame(rng().uniform(0.7, 0.9, (5, 6)), pd.Index([16, 32, 64, 128, 256], name="units"),
                          pd.Index([1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2], name="learning rate"))
    climbed = [(0, 0), (1, 1), (2, 2), (2, 3), (3, 3), (4, 5)]
    peak = "Random spreads, the grid walks an edge, Bayesian learns (cross: the peak)"
    return {
        "journey": viz.plot_journey(steps, "One trial: who calls whom, and what its file says then"),
        "map": viz.plot_map(square, "Validation accuracy of every network in the space"),
        "map, path": viz.plot_map(square, "A climber on the map: the numbers are its trials", climbed),
        "map, loss": viz.plot_map(square, "Median loss", direction="min"),
        "proposals": viz.plot_proposals(asked, "learning_rate", "dropout", peak, log_x=True, peak=(1e-3, 0.3)),
        "proposals, landscape": viz.plot_proposals(asked, "dropout", "bracket", "Where they look: pale is early, strong is late",
                                                   landscape=lambda x, y: (x - 0.2) ** 2 + y),
    }


def dressed():
    known, pair = study(), ["learning_rate", "hidden_gain"]
    three = {"no pruner": known, "median": study(seed=2), "halving": study(seed=3)}
    return {
        "contour": viz.dress(optunas.plot_contour(known, params=pair), "The score over two hyperparameters", 440),
        "edf": viz.dress(optunas.plot_edf([known]), "EDF: share of trials that scored lower"),
        "history of a study": viz.dress(optunas.plot_optimization_history(known), "Every trial, and the best score so far"),
        "importances": viz.dress(optunas.plot_param_importances(known), "How much of the score each explains", 300),
        "intermediate": viz.dress(optunas.plot_intermediate_values(known), "Every trial on its way", showlegend=False),
        "parallel, Optuna's": viz.dress(optunas.plot_parallel_coordinate(known), "Every trial a line, strong where it is good"),
        "rank": viz.dress(optunas.plot_rank(known, params=pair), "The trials alone, by their ranks"),
        "slice": viz.dress(optunas.plot_slice(known), "Every trial over each hyperparameter"),
        "intermediates": viz.plot_intermediates(three, "The same trials under four pruners: a cross is where one was given up",
                                                "accuracy"),
    }


def workers():
    both = {"synchronous: every round waits for its last": log(), "asynchronous: whoever is free goes on": log(seed=2)}
    curves = {"this search, by the law": {2**n: 100 / 2 ** (0.8 * n) for n in range(8)}, "this search, measured": {1: 100, 2: 60}}
    return {
        "busy": viz.plot_busy(both, 3, "Synchronous rounds leave workers idle (simulated)"),
        "shifts": viz.plot_shifts(both, "Nine workers, one bracket: waiting, or going on (simulated)", rounds=True),
        "shifts, one": viz.plot_shifts({"chief and workers": log()}, "Who ran what when, as the chief saw it"),
        "speedup": viz.plot_speedup(curves, "How much faster than one worker", points=["this search, measured"]),
    }


def ensembles():
    members = [f"dense {n}" for n in range(1, 5)] + [f"conv {n}" for n in range(1, 5)] + ["trees"]
    pairs = np.corrcoef(rng().normal(size=(9, 40)) + rng().normal(size=40))
    teams = pd.DataFrame({"members": rng().uniform(0.7, 0.9, 60), "kinds": ["one kind", "two kinds", "three kinds"] * 20})
    teams["stack"] = teams.members + rng().normal(0, 0.02, 60)
    dots = {f"{n:,} pictures": pd.DataFrame(rng().uniform(0.1, n / 1e4, (3, 3)), columns=["one network", "clones", "bagged"])
            for n in (5000, 2000)}
    rows = [["50 people", "300 people"], ["one, whole", "one, bagged", "team, whole", "team, bagged"]]
    parts = pd.DataFrame(rng().uniform(0.1, 1, (8, 2)), pd.MultiIndex.from_product(rows), ["bias² and noise", "variance"])
    names = ["float32", "float16", "int8, weights", "int8, all", "pruned to 0.9", "pruned and int8", "rank 16", "student", "mine"]
    kinds = ["Keras", "Keras", "LiteRT", "LiteRT", "pruned", "pruned", "low rank", "distilled", "mine"]
    board = pd.DataFrame({"kB": [430.0, 216, 110, 108, 150, 60, 95, 30, 40],
                          "accuracy": [0.912, 0.912, 0.911, 0.908, 0.905, 0.903, 0.898, 0.895, 0.88],
                          "kind": kinds}, names)
    sure = rng().dirichlet(np.ones(10) * 0.2, 500)
    tables = {name: viz.reliability_data(sure, np.where(rng().uniform(size=500) < share, sure.argmax(axis=1), 0))
              for name, share in (("one network", 0.7), ("the vote", 0.8), ("a forest", 0.9))}
    knowing = "Members that know different things make the better stack"
    x, rounds = np.linspace(-2, 3, 80), np.outer(range(4), np.linspace(-1, 1, 80))
    decent = "A vote of the four decent members comes close to the stack, and needs no folds"
    axes = "mean test accuracy of the members", "test accuracy of the stack"
    return {
        "bags": viz.plot_bags([rng().integers(0, 40, 40)] * 8, 40, "Which of 40 rows eight members have drawn"),
        "dots": viz.plot_dots(pd.concat(dots), "Bagging narrows the gap, most where data are few", "test loss minus own loss"),
        "front": viz.plot_front(board, "kB", "accuracy", decent, "kB", "test accuracy", "kind", budget=100, least=0.004),
        "front, two kinds": viz.plot_front(board, "kB", "accuracy", "What a point of accuracy costs", "kB", "test accuracy"),
        "pairs": viz.plot_pairs(pairs, members, "Pairwise disagreement", "share of<br>pictures"),
        "pairs, against": viz.plot_pairs(pairs, members, "Error correlation", "correlation", good=False),
        "parts": viz.plot_parts(parts, "What the error is made of", "mean squared error"),
        "points": viz.plot_points(teams, "members", "stack", "kinds", "Every team of three", *axes, trend=True),
        "points, equal": viz.plot_points(teams, "members", "stack", "kinds", knowing, *axes, equal="as good as its members"),
        "reliability": viz.plot_reliability(tables, "One network promises too much, a forest too little"),
        "stages": viz.plot_stages(x, rng().normal(size=80), rounds, range(4), "Ten rounds on one column",
                                  "body mass index (standard deviations)", "progress"),
    }


def samples():
    pictures = np.tile(np.linspace(0, 1, 784).reshape(28, 28), (40, 1, 1))
    truth = np.arange(400) % 10
    said = np.where(rng().uniform(size=400) < 0.85, truth, rng().integers(0, 10, 400))
    spread, columns = rng().normal(size=(30, 12)) * 10.0 ** np.arange(-4, 8), [f"mean of column {n}" for n in range(12)]
    kinds = dict.fromkeys(("as it is", "flip", "shift"), pictures[:6])
    return {
        "confusion": viz.plot_confusion(truth, said, FASHION_CLASSES),
        "deviations": viz.plot_deviations(spread, columns),
        "pictures": viz.plot_pictures(pictures, np.arange(40) % 10, FASHION_CLASSES),
        "variants": viz.plot_variants(kinds, "Six shoes, and their changed copies"),
    }


def trainings():
    def rising(names, n):
        lines = {name: 0.8 + 0.02 * place - (0.2 + 0.05 * place) / np.arange(1, n + 1) + rng().normal(0, 0.004, (5, n))
                 for place, name in enumerate(names)}
        return viz.bands_data(np.arange(1, n + 1), lines)

    forms = [f"{way}, {part}" for way in ("boosted", "shrunk") for part in ("training", "test")]
    kinds = ["random", "Hyperband", "Bayesian", "grid that fits", "grid cut off"]
    trials = pd.DataFrame({"epoch": [1, 2, 3] * 4, "accuracy": rng().uniform(0.5, 0.9, 12), "trial": np.repeat([*"abcd"], 3)})
    trials["how"] = trials.trial.map(lambda trial: "ends at its best" if trial < "c" else "ends below its best")
    fits = {f"trial {n}": HISTORY | {"accuracy": HISTORY["accuracy"] + n / 100} for n in (3, 7, 12)}
    cut = "A grid that is cut off stays far behind (mean, and where 8 in 10 searches lie)"
    apart = "5 trainings of one setting may lie close together, or far apart"
    few = {f"{n} units, rate {rate:g}": rng().normal(0.8, rate, 5) for n in (16, 128) for rate in (1e-3, 0.01)}
    many = {name: rng().normal(0.8, 0.01, 30) for name in ("hold-out", "5-fold")}
    again = "One network measured again and again: each dot is what somebody would have reported"
    kernel, mask = rng().normal(size=500), rng().uniform(size=500) > 0.9
    return {
        "bands": viz.plot_bands(rising(forms, 20), "Wrong labels, two classes: training error falls, test error rises", "rounds",
                                "share wrong, hard vote", colour_by=1),
        "bands, log": viz.plot_bands(rising(kinds, 16), cut, "epochs spent", "best validation accuracy so far", log_x=True),
        "curves, each": viz.plot_curves(trials, "epoch", "accuracy", "how", "Every trial, and how it ends", each="trial"),
        "diagnosis": viz.plot_diagnosis(fits, "What the curves of three trials say"),
        "history": viz.plot_history(HISTORY),
        "spread, few": viz.plot_spread(few, apart, "validation accuracy"),
        "spread, many": viz.plot_spread(many, again, "accuracy", truth=0.8),
        "weights": viz.plot_weights({"before": kernel, "after": kernel * mask},
                                    "Weights of the wide layer, and what a sparsity of 0.9 leaves of them"),
    }


def formats():
    sizes, terms = 2.0 ** np.arange(-40, 25), np.arange(1, 10_001, 100)
    errors = pd.concat([pd.DataFrame({"size of the number": sizes, "worst relative error": 2.0**-bits, "format": name})
                        for name, (_, bits) in viz.FORMATS.items()])
    bits = pd.DataFrame({"bits": [2, 3, 4, 8] * 3, "accuracy": [0.5, 0.86, 0.89, 0.9] * 3, "how": "rounded"})
    sums = pd.concat([pd.DataFrame({"terms": terms, "sum": np.minimum(terms / 10, most), "format": name})
                      for name, most in (("float32", 1e9), ("bfloat16", 25.6), ("float16", 204.8))])
    costs = pd.DataFrame([(kind, size, step, policy, 4.0 / fast, 3.8 / fast, 4.4 / fast, fast) for kind in ("dense", "conv")
                          for size in (256, 1024) for step in ("predict", "train")
                          for policy, fast in (("float32", 1.0), ("mixed_bfloat16", 1.7), ("mixed_float16", 0.4))],
                         columns=["block", "size", "step", "policy", "ms", "low", "high", "times_faster"])
    return {
        "costs": viz.plot_costs(costs, "A step on this machine, against float32"),
        "curves, many": viz.plot_curves(errors, "size of the number", "worst relative error", "format",
                                        "How well a number is kept, by its size", True, True),
        "curves, few": viz.plot_curves(bits, "bits", "accuracy", "how", "The wide layer in fewer bits, all seeds",
                                       level=("float32", 0.91)),
        "curves, counts": viz.plot_curves(sums, "terms", "sum", "format", "The sum of many small numbers"),
    }


def folds():
    turns = {f"fold {n + 1}": {"train": [i for i in range(20) if i % 5 != n], "measure": range(n, 20, 5)} for n in range(5)}
    scores = pd.DataFrame(rng().uniform(0.8, 0.86, (8, 3)), range(1, 9), ["fold 1", "fold 2", "fold 3"])
    nest = pd.DataFrame({"inner score": [0.86, 0.87, 0.85], "outer score": [0.84, 0.86, 0.83]})
    means = np.array([0.95, 0.96, 0.94, 0.93])
    cv = {"params": [{"net__batch_size": size} for size in (16, 32, 64, 128)], "rank_test_score": [2, 1, 3, 4],
          "mean_fit_time": np.array([4.0, 2.5, 1.5, 1.0]), "mean_score_time": np.full(4, 0.1),
          "mean_test_score": means, "std_test_score": np.full(4, 0.01)}
    cv |= {f"split{fold}_test_score": means + 0.01 * (fold - 1) for fold in range(3)}
    return {
        "division": viz.plot_division(20, turns, "Five folds of twenty samples: each column is measured once"),
        "fold scores": viz.plot_fold_scores(scores.assign(mean=scores.mean(axis=1), sd=scores.std(axis=1)),
                                            "Every fold of every trial, and the mean that decides", "validation accuracy"),
        "inner and outer": viz.plot_inner_outer(nest, "What each search reported, and what its winner was worth", "accuracy"),
        "validation curve": viz.plot_validation_curve(cv, "net__batch_size"),
    }


def tournament(seed=1):
    """Return the curves of a Hyperband search of three brackets, in which the best third of each round goes on."""
    rng = np.random.default_rng(seed)
    rows, first = [], 1
    for bracket, models, ends in ((2, 9, (1, 3, 9)), (1, 5, (3, 9)), (0, 3, (9,))):
        top = rng.uniform(0.75, 0.9, models)
        going = np.arange(models)
        for round_, (begin, end) in enumerate(zip((0, *ends), ends, strict=False)):
            going = going[np.argsort(-top[going])[: models if round_ == 0 else max(1, len(going) // 3)]]
            rows += [(first + model, first + model, bracket, round_, epoch, top[model] - 0.3 / epoch)
                     for model in going for epoch in range(begin + 1, end + 1)]
        first += models
    return pd.DataFrame(rows, columns=["trial", "model", "bracket", "round", "epoch", "score"])


def looks(n=5):
    """Return n looks at one hyperparameter, each surer than the one before, and what was measured for them."""
    grid, x = np.linspace(-4, -1, 61), np.array([-3.8, -3.0, -2.2, -1.2, -2.6, -2.4, -2.7])[: n + 2]
    y = 0.85 - 0.03 * (x + 2.5) ** 2
    parts = []
    for known in range(3, n + 3):
        sd = 0.03 * np.min(np.abs(grid[:, None] - x[:known]), axis=1)
        mean = np.interp(grid, np.sort(x[:known]), y[:known][np.argsort(x[:known])])
        parts.append(pd.DataFrame({"x": grid, "mean": mean, "sd": sd, "improvement": np.clip(mean + sd - y[:known].max(), 0, 1)}))
    return parts, x, y


def living():
    square = pd.DataFrame(rng().uniform(0.7, 0.9, (6, 8)), pd.Index([8, 16, 32, 64, 128, 256], name="units"),
                          pd.Index([3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1], name="learning rate"))
    cells = [(row, column) for row in range(6) for column in range(8)]
    paths = {"climbing": [(0, 0), (1, 0), (1, 1), (1, 2), (2, 2), (3, 2), (3, 3), (3, 4), (4, 4), (4, 5), (4, 6), (5, 6)],
             "random": [cells[n] for n in rng().permutation(48)[:12]]}
    parts, x, y = looks()
    pictures = np.tile(np.linspace(0, 1, 784).reshape(28, 28), (40, 1, 1))
    history = np.cumprod(np.vstack([np.ones(40), rng().uniform(0.7, 1.4, (8, 40))]), axis=0)
    spreads = {epoch: np.histogram(rng().normal(0, 0.05 + 0.01 * epoch, 4000), 30) for epoch in range(6)}
    hills = {epoch: np.stack([edges[:-1], edges[1:], counts], axis=1) for epoch, (counts, edges) in spreads.items()}
    teams = 150 + 40 * np.linspace(-1, 1, 60) + rng().normal(0, 25, (12, 20, 60))
    between = {f"{n} people": 600 / np.arange(1, 21) + n / 10 for n in (50, 300)}
    names = ["float32", "float16", "int8, weights", "int8, all", "pruned to 0.9", "pruned and int8", "rank 16", "student", "mine"]
    board = pd.DataFrame({"kB": [430.0, 216, 110, 108, 150, 60, 95, 30, 40], "accuracy": np.linspace(0.912, 0.88, 9),
                          "ms": [0.2, 0.19, 0.11, 0.05, 0.2, 0.06, 0.03, 0.011, 0.02]}, names)
    agree = "12 teams, each with 50 people of its own, come to agree"
    budgets = "Two budgets: what does not fit goes grey; a larger dot is more accurate"
    way = "The same number of trials on the same map: a climber goes up from where it is, chance goes anywhere"
    costs = "kB, compressed", "milliseconds for one picture"
    return {
        "budgets": viz.plot_budgets(board, ("kB", "ms"), "accuracy", budgets, costs, "test accuracy"),
        "climb": viz.plot_climb(square, paths, way),
        "flips": viz.plot_flips(0.1),
        "gaining": viz.plot_gaining(pictures, history, [FASHION_CLASSES[n % 10] for n in range(40)]),
        "joining": viz.plot_joining(teams, between, agree, "predicted progress"),
        "margins": viz.plot_margins(9, rng()),
        "narrowed": viz.plot_narrowed(trials(), "learning_rate", "The same trials as lines, points and a table: keep the best"),
        "ridges": viz.plot_ridges(hills, "As in HISTOGRAMS: one hill, whose foot grows wider"),
        "scaling": viz.plot_scaling(10 ** rng().normal(-7, 2, 4000)),
        "thinking": viz.plot_thinking(parts, (x, y), "power of ten", "accuracy"),
        "tournament": viz.plot_tournament(tournament()),
    }


FAMILIES = (parallel, searches, dressed, workers, ensembles, samples, trainings, formats, folds, living)


def gallery():
    """Return all figures, a dict as each family's."""
    return {name: figure for family in FAMILIES for name, figure in family().items()}
