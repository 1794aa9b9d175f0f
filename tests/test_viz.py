"""The data behind the figures, compared exactly; and that each figure can be drawn from them."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from lib import viz


def frame(**columns):
    defaults = {"score": [0.8, 0.9, np.nan], "direction": "max", "seconds": 1.0, "epochs": 2, "status": "COMPLETED"}
    return pd.DataFrame({"trial": [1, 2, 3], **columns, **defaults})


def test_the_first_picture_of_each_class():
    x = np.stack([np.full((2, 3), value, "float32") for value in (0.2, 0.4, 0.6, 0.8)])
    pictures = viz.pictures_data(x, np.array([1, 0, 2, 1]), ("a", "b", "c"))
    assert {name: picture.tolist() for name, picture in pictures.items()} == {
        "a": [[102] * 3] * 2,
        "b": [[51] * 3] * 2,
        "c": [[153] * 3] * 2,
    }
    figure = viz.plot_pictures(x, np.array([1, 0, 2, 1]), ("a", "b", "c"))
    assert [title.text for title in figure.layout.annotations] == ["a", "b", "c"] and len(figure.data) == 3


def test_the_area_of_a_bracket_is_its_cost():
    rows = [
        {"bracket": 1, "round": 0, "trials": 6, "epochs_from": 0, "epochs_to": 4},
        {"bracket": 1, "round": 1, "trials": 2, "epochs_from": 4, "epochs_to": 10},
        {"bracket": 0, "round": 0, "trials": 4, "epochs_from": 0, "epochs_to": 10},
    ]
    outlines = viz.brackets_data(rows)
    assert outlines == {1: ([0, 4, 4, 10], [6, 6, 2, 2]), 0: ([0, 10], [4, 4])}
    assert [np.trapezoid(trials, epochs) for epochs, trials in outlines.values()] == [36, 40]
    assert len(viz.plot_brackets(rows).data) == 2


def test_parallel_axes():
    axes = viz.parallel_data(frame(rate=[1e-4, 1e-2, 1e-3], kind=["b", "a", "a"], same=[1, 1, 1], units=[32, 64, 96]))
    assert [axis["label"] for axis in axes] == ["rate (log)", "kind", "units", "score"]
    rate, kind, units, score = axes
    assert rate["values"].tolist() == [-4, -2] and rate["names"] == ["0.0001", "0.001", "0.01"]
    assert kind["values"].tolist() == [1, 0] and kind["names"] == ["a", "b"]
    assert units["ticks"] == [32, 64] and score["values"].tolist() == [0.8, 0.9]


def test_parallel_picture_is_coloured_by_the_score():
    (drawn,) = viz.plot_parallel(frame(units=[32, 64, 96]), "title").data
    assert list(drawn.line.color) == [0.8, 0.9] and drawn.dimensions[-1].label == "score"


def test_history_is_long():
    table = viz.history_data({"loss": [2.0, 1.0], "val_loss": [3.0, 2.5]})
    assert table.values.tolist() == [
        [1, "loss", "training", 2.0],
        [2, "loss", "training", 1.0],
        [1, "loss", "validation", 3.0],
        [2, "loss", "validation", 2.5],
    ]
    assert [line.name for line in viz.plot_history({"loss": [2.0], "val_loss": [3.0]}, ["loss"]).data] == [
        "training",
        "validation",
    ]


def test_confusion_agrees_with_scikit_learn():
    from sklearn.metrics import confusion_matrix

    rng = np.random.default_rng(1)
    y_true, y_pred = rng.integers(0, 4, (2, 200))
    counts = viz.confusion_data(y_true, y_pred, list("abcd"))
    assert np.array_equal(counts, confusion_matrix(y_true, y_pred))
    assert counts.index.tolist() == list("abcd")
    assert viz.plot_confusion(counts).data[0].z.sum() == 4  # each class divides into shares of 1


def test_parts_are_stacked():
    parts = pd.DataFrame({"compute": [1.0, 1.0], "wait": [3.0, 0.5]}, index=["plain", "fast"])
    figure = viz.plot_parts(parts, "title")
    assert figure.layout.barmode == "stack" and [bar.name for bar in figure.data] == ["compute", "wait"]


def test_bits_of_a_number():
    table = viz.bits_data(-0.1).set_index("format")
    assert table.loc["float32", ["sign", "exponent", "mantissa"]].tolist() == [
        "1",
        "01111011",
        "10011001100110011001101",
    ]
    assert table.stored["float16"] == np.float16(-0.1) and table.stored["float8_e4m3fn"] == -0.1015625
    assert table.error["bfloat16"] == abs(-0.10009765625 + 0.1) / 0.1
    assert viz.bits_data(1e6, ["float16"]).stored[0] == np.inf
    assert sum(len(part.x) for part in viz.plot_bits(0.1).data) == 32 + 16 + 16 + 8 + 8


def test_what_float16_makes_of_gradients():
    values = np.array([0, 2.0**-25, 2.0**-24, -(2.0**-14), 65519, 65520])
    before = viz.gradients_data(values).set_index("exponent").fate
    with np.errstate(over="ignore"):
        becomes = values.astype("float16")
    assert before[-25] == "lost: becomes 0" and becomes[1] == 0
    assert before[-24] == "coarse: subnormal" and becomes[2] != 0
    assert before[-14] == "kept" and becomes[3] == -(2.0**-14)
    assert set(before[15]) == {"kept", "too large: becomes infinite"} and np.isinf(becomes).tolist() == [False] * 5 + [
        True
    ]
    after = viz.gradients_data(values[:2], scale=2**15)
    assert after.exponent.tolist() == [-10] and after.fate.tolist() == ["kept"] and after.share.tolist() == [1.0]
    assert len(viz.plot_gradients(values, [1, 4]).data) == 8


def test_curves_and_their_spread():
    frame = pd.DataFrame({"epoch": [1, 2] * 3, "loss": [5, 4, 3, 2, 1, 0], "policy": "float32"})
    table = viz.curves_data(frame, "epoch", "loss", "policy")
    assert table.values.tolist() == [["float32", 1, 3, 1, 5], ["float32", 2, 2, 0, 4]]
    band, line = viz.plot_curves(frame, "epoch", "loss", "policy", "title").data
    assert list(band.y) == [5, 4, 0, 1] and list(line.y) == [3, 2]


def test_costs_are_bars_from_the_first_policy():
    rows = [
        ("dense", 64, step, p, 4.0, 2.0, 8.0, f) for step in ("train", "predict") for p, f in (("a", 1.0), ("b", 2.0))
    ]
    table = pd.DataFrame(rows, columns=["block", "size", "step", "policy", "ms", "low", "high", "times_faster"])
    assert viz.costs_data(table)[["slowest", "fastest"]].values.tolist() == [[0.5, 2], [1, 4]] * 2
    assert [(bar.name, list(bar.x)) for bar in viz.plot_costs(table, "title").data] == [("a", [1.0]), ("b", [2.0])] * 2


# --- columns of a table, and searches of scikit-learn

CV = {
    "params": [{"net__C": 0.1, "net__size": 8}, {"net__C": 0.1, "net__size": 16}, {"net__C": 0.01, "net__size": 8}],
    "split0_test_score": np.array([0.5, 0.7, 0.9]),
    "split1_test_score": np.array([0.7, 0.7, 0.8]),
    "mean_test_score": np.array([0.6, 0.7, 0.85]),
    "std_test_score": np.array([0.1, 0.0, 0.05]),
    "rank_test_score": np.array([3, 2, 1]),
    "mean_fit_time": np.array([1.0, 2.0, 3.0]),
    "mean_score_time": np.array([0.5, 0.5, 0.5]),
}


def test_spreads_of_columns():
    x = np.array([[0.0, 10, 5], [2, -10, 5]])
    assert viz.spreads_data(x, ("a", "b", "same")).to_dict() == {"b": 10.0, "a": 1.0}
    assert viz.plot_spreads(x, ("a", "b", "same")).data[0].x.tolist() == [10.0, 1.0]


def test_folds_of_a_search():
    table = viz.folds_data(CV, "net__size")
    assert table.columns.tolist() == ["value", "fold", "score", "mean", "std", "rank", "seconds"]
    assert table.iloc[1].tolist() == ["8", 2, 0.7, 0.6, 0.1, 3, 3.0] and len(table) == 6
    assert len(viz.plot_folds(CV, "net__size").data) == 3


def test_the_grid_of_two_parameters():
    table = viz.grid_data(CV, "net__C", "net__size")
    assert table.index.tolist() == [0.01, 0.1] and table.columns.tolist() == [8, 16]
    assert table.loc[0.1].tolist() == [0.6, 0.7] and np.isnan(table.loc[0.01, 16])
    assert viz.plot_grid(CV, "net__C", "net__size").data[0].x == ("8", "16")


def test_slices():
    axes, scores = viz.slices_data(frame(rate=[1e-4, 1e-2, 1e-3], kind=["b", "a", "a"]))
    assert [axis["label"] for axis in axes] == ["rate (log)", "kind"] and scores.tolist() == [0.8, 0.9]
    assert len(viz.plot_slices(frame(rate=[1e-4, 1e-2, 1e-3], kind=["b", "a", "a"]), "All").data) == 2


def test_coverage():
    points = viz.coverage_data(9, np.random.default_rng(1))
    assert len(np.unique(points["grid"][:, 0])) == 3 and len(np.unique(points["random"][:, 0])) == 9
    titles = [title.text for title in viz.plot_coverage(points).layout.annotations]
    assert titles == ["grid: 9 trials, 3 different values", "random: 9 trials, 9 different values"]


# --- maps, bands, spreads and divisions (notebook 01)


def test_a_path_is_numbered_in_the_order_of_its_trials():
    table = pd.DataFrame([[0.1, 0.2], [0.3, 0.4]], pd.Index([8, 16], name="units"), pd.Index([1e-3, 1e-2], name="rate"))
    path = viz.path_data(table, [(1, 0), (1, 1)])
    assert path.values.tolist() == [["0.001", "16", 1], ["0.01", "16", 2]]
    assert len(viz.plot_map(table, "title").data) == 1
    heat, drawn = viz.plot_map(table, "title", [(1, 0), (1, 1)]).data
    assert list(heat.y) == ["8", "16"] and list(drawn.text) == [1, 2]


def test_bands_keep_eight_runs_in_ten():
    runs = np.arange(11)[:, None] + np.array([0, 100])  # eleven runs of two points
    table = viz.bands_data([1, 2], {"a": runs, "b": runs * 2.0})
    assert table[table.line == "a"].drop(columns="line").values.tolist() == [[1, 5, 1, 9], [2, 105, 101, 109]]
    figure = viz.plot_bands(table, "title", "x", "y", log_x=True)
    assert [line.name for line in figure.data if line.name] == ["a", "b"]
    assert list(figure.layout.xaxis.ticktext) == ["1", "2"]


def test_spread_counts_with_n_minus_1():
    table = viz.spread_data({"hold-out": [0.7, 0.9], "k-fold": pd.Series([0.8, 0.8, 0.8])})
    assert np.allclose(table.loc["hold-out"], [2, 0.8, 0.1 * 2**0.5, 0.7, 0.9])
    assert np.allclose(table.loc["k-fold"], [3, 0.8, 0, 0.8, 0.8])
    figure = viz.plot_spread({"hold-out": [0.7, 0.9], "k-fold": [0.8]}, "title", "x", truth=0.75)
    assert [box.name for box in figure.data] == ["hold-out", "k-fold"] and figure.layout.shapes[0].x0 == 0.75


def test_a_division_gives_each_sample_its_role():
    table = viz.division_data(4, {"fold 1": {"train": [0, 3], "measure": np.array([1])}, "fold 2": {"train": [2]}})
    assert table.values.tolist() == [["train", "measure", "", "train"], ["", "", "train", ""]]
    train, measure = viz.plot_division(table, ["train", "measure"], "title").data
    assert list(train.x) == [0, 3, 2] and list(train.y) == ["fold 1", "fold 1", "fold 2"] and list(measure.x) == [1]


def test_every_figure_of_the_library_describes_itself():
    history = {"loss": [1.0, 0.5], "val_loss": [0.9, 0.6]}
    figure = viz.plot_history(history, metrics=("loss",))
    alt = figure.layout.meta["alt"]
    assert alt.startswith("Learning curve. A figure of lines or points.")
    assert "Across: epoch, from 1 to 2." in alt and "training: 1, 0.5. validation: 0.9, 0.6." in alt
    for path in sorted((Path(viz.__file__).parent).glob("*.py")):
        if path.name not in ("__init__.py", "look.py", "alt.py"):
            drawn = re.findall(r"^def (plot_\w+)\(.*?(?=^def |\Z)", path.read_text(), flags=re.M | re.S)
            bodies = re.findall(r"^def plot_\w+\(.*?(?=^def |\Z)", path.read_text(), flags=re.M | re.S)
            for name, body in zip(drawn, bodies, strict=True):
                assert re.search(r"\blayout\(|\bdress\(|return plot_", body), f"{path.name}, {name}: end with layout(…)"
