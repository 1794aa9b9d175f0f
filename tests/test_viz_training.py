"""The figures of trainings: their data compared exactly, and that they can be drawn."""

import inspect

import numpy as np
import pandas as pd
import pytest

from lib import viz
from lib.errors import CourseError
from lib.viz.training import is_loss


def test_parts_are_stacked():
    parts = pd.DataFrame({"compute": [1.0, 1.0], "wait": [3.0, 0.5]}, index=["plain", "fast"])
    figure = viz.plot_parts(parts, "title")
    assert figure.layout.barmode == "stack" and [bar.name for bar in figure.data] == ["compute", "wait"]
    assert [list(bar.x) for bar in figure.data] == [[1, 1], [3, 0.5]] and list(figure.data[0].y) == ["plain", "fast"]
    assert len({bar.marker.pattern.shape for bar in figure.data}) == 2, "told apart without colours too"


def test_parts_of_several_groups_have_a_panel_for_each():
    parts = pd.DataFrame({"bias": [1.0, 2, 3], "variance": [3.0, 2, 1]}, pd.MultiIndex.from_tuples(
        [("40 people", "one"), ("40 people", "team"), ("80 people", "one")]))
    figure = viz.plot_parts(parts, "title", "error")
    assert [note.text for note in figure.layout.annotations] == ["40 people", "80 people"]
    assert [(bar.name, bar.yaxis, list(bar.y)) for bar in figure.data] == [
        ("bias", "y", ["one", "team"]), ("variance", "y", ["one", "team"]), ("bias", "y2", ["one"]), ("variance", "y2", ["one"])]
    assert figure.data[0].marker.color == figure.data[2].marker.color != figure.data[1].marker.color
    assert [bar.showlegend for bar in figure.data] == [True, True, False, False], "a part is named once"
    assert [axis.title.text for axis in figure.select_xaxes()] == [None, "error"]


def test_history_is_long():
    table = viz.history_data({"loss": [2.0, 1.0], "val_loss": [3.0, 2.5]})
    assert table.values.tolist() == [
        [1, "loss", "training", 2.0],
        [2, "loss", "training", 1.0],
        [1, "loss", "validation", 3.0],
        [2, "loss", "validation", 2.5],
    ]
    figure = viz.plot_history({"loss": [2.0, 1.0], "val_loss": [2.5, 3.0]}, ["loss"])
    assert [line.name for line in figure.data] == ["training", "validation", "best on validation"]
    assert (figure.data[2].x[0], figure.data[2].y[0]) == (1, 2.5), "of a loss the lowest"
    assert viz.plot_history({"auc": [0.5, 0.7], "val_auc": [0.5, 0.6]}, ["auc"]).data[2].y[0] == 0.6


@pytest.mark.parametrize("metric", ["binary_crossentropy", "mse", "out_mae", "kl_divergence", "logcosh", "squared_hinge_1"])
def test_of_whatever_is_a_loss_the_lowest_is_best(metric):
    history = {metric: [0.9, 0.5, 0.3], f"val_{metric}": [0.9, 0.6, 0.4]}
    figure = viz.plot_history(history, [metric])
    assert figure.data[2].x[0] == 3 and figure.layout.title.text.replace("<br>", " ").endswith("is best in epoch 3 of 3")


def test_less_is_better_of_the_metrics_of_which_keras_says_so():
    import keras

    made = [made for name, made in vars(keras.metrics).items() if inspect.isclass(made) and name not in ("IoU", "OneHotIoU")]
    needed = {"MeanIoU": [2], "OneHotMeanIoU": [2], "MeanMetricWrapper": [len]}
    known = [metric(*needed.get(metric.__name__, [0.5] if "At" in metric.__name__ else [])) for metric in made]
    said = {metric.name: metric._direction == "down" for metric in known if getattr(metric, "_direction", None)}
    assert {name: is_loss(name) for name in said} == said and sum(said.values()) > 10 and "f1_score" in said
    names = {"loss", "ce", "val_loss", *(name for name, loss in vars(keras.losses).items() if name.endswith("_error"))}
    assert all(map(is_loss, names)) and not any(map(is_loss, ["acc", "auc_1", "precision", "recall_2", "out_accuracy"]))


def test_curves_and_their_spread():
    frame = pd.DataFrame({"epoch": [1, 2] * 3, "loss": [5, 4, 3, 2, 1, 0], "policy": "float32"})
    table = viz.curves_data(frame, "epoch", "loss", "policy")
    assert table.values.tolist() == [["float32", 1, 3, 1, 5], ["float32", 2, 2, 0, 4]]
    band, line = viz.plot_curves(frame, "epoch", "loss", "policy", "title").data
    assert list(band.y) == [5, 4, 0, 1] and list(line.y) == [3, 2]


def test_each_run_is_drawn_in_the_look_of_its_kind():
    frame = pd.DataFrame({"epoch": [1, 2] * 3, "loss": [5, 4, 3, 2, 1, 0], "how": list("aabbbb"), "trial": list("uuvvww")})
    lines = viz.plot_curves(frame, "epoch", "loss", "how", "title", each="trial").data
    assert [(line.name, list(line.y), line.showlegend) for line in lines] == [
        ("a", [5, 4], True), ("b", [3, 2], True), ("b", [1, 0], False)]
    assert lines[1].line == lines[2].line != lines[0].line and lines[2].hovertemplate.startswith("w: ")


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA])
def test_a_run_without_a_kind_or_a_name_is_drawn_too(gap):
    frame = pd.DataFrame({"epoch": [1, 2] * 3, "loss": [5, 4, 3, 2, 1, 0], "how": ["a"] * 2 + [gap] * 4, "trial": list("uuvvww")})
    figure = viz.plot_curves(frame, "epoch", "loss", "how", "title", each="trial")
    assert [(line.name, list(line.y)) for line in figure.data] == [("a", [5, 4]), ("(none)", [3, 2]), ("(none)", [1, 0])]
    assert figure.layout.showlegend
    lines = viz.plot_curves(frame, "epoch", "loss", "how", "title").data
    assert [(line.name, list(line.y)) for line in lines if line.name] == [("a", [5, 4]), ("(none)", [2, 1])]
    unnamed = frame.assign(how="a", trial=["u"] * 4 + [gap] * 2)
    lines = viz.plot_curves(unnamed, "epoch", "loss", "how", "title", each="trial").data
    assert [line.hovertemplate.split(":")[0] for line in lines] == ["u", "(none)"]


def test_a_name_of_two_parts_has_a_colour_for_the_one_and_a_dash_for_the_other():
    names = [f"{way}, {part}" for way in ("boosted", "clones") for part in ("training", "test")]
    table = viz.bands_data([1, 2], {name: [[0.1, 0.2]] for name in names})
    by_part, by_way = (viz.plot_bands(table, "title", "x", "y", colour_by=place).data for place in (1, 0))
    assert [(line.line.color, line.line.dash) for line in by_part] == [
        (viz.BLUE, "solid"), (viz.ORANGE, "solid"), (viz.BLUE, "dash"), (viz.ORANGE, "dash")]
    assert [(line.line.color, line.line.dash) for line in by_way] == [
        (viz.BLUE, "solid"), (viz.BLUE, "dash"), (viz.ORANGE, "solid"), (viz.ORANGE, "dash")]


def test_bands_keep_eight_runs_in_ten():
    runs = np.arange(11)[:, None] + np.array([0, 100])  # eleven runs of two points
    table = viz.bands_data([1, 2], {"a": runs, "b": runs * 2.0})
    assert table[table.line == "a"].drop(columns="line").values.tolist() == [[1, 5, 1, 9], [2, 105, 101, 109]]
    figure = viz.plot_bands(table, "title", "x", "y", log_x=True)
    assert [line.name for line in figure.data if line.name] == ["a", "b"]
    assert list(figure.layout.xaxis.ticktext) == ["1", "2"]


def test_more_than_two_lines_have_bars_side_by_side_and_no_bands():
    runs = np.arange(11)[:, None] + 100 * np.arange(30)  # eleven runs of thirty points
    table = viz.bands_data(range(1, 31), {"a": runs, "b": runs + 2.0, "c": runs * 2.0, "one run": runs[:1]})
    figure = viz.plot_bands(table, "title", "x", "y")
    assert not [trace for trace in figure.data if trace.fill], "three bands over each other are one"
    bars = [trace for trace in figure.data if trace.error_y.array is not None]
    assert [(trace.name, len(trace.x), trace.showlegend) for trace in bars] == [(name, 6, False) for name in "abc"]
    for bar in bars:
        line = table[table.line == bar.name].set_index("x").loc[bar.customdata[:, 0]]
        assert list(bar.y + bar.error_y.array) == list(line.high) and list(bar.y - bar.error_y.arrayminus) == list(line.low)
    apart = np.diff([bar.x for bar in bars], axis=0)
    assert (apart > 0).all() and apart.max() < 0.02 * 29, "side by side, and still by their place"
    assert bars[1].x == pytest.approx(bars[1].customdata[:, 0]) and bars[1].customdata[-1, 0] == 30
    assert [line.name for line in figure.data if line.showlegend is not False] == ["a", "b", "c", "one run", "eight in ten runs"]
    assert "Across, x, from 1 to 30." in figure.layout.meta["alt"]
    assert "The last bars: a 2,901 to 2,909, b 2,903 to 2,911, c 5,802 to 5,818." in figure.layout.meta["alt"]


def test_bars_on_a_logarithmic_axis_stand_by_equal_factors_where_something_was_tried():
    frame = pd.DataFrame([(kind, rate, rate + seed) for kind in "abc" for rate in (0.01, 0.1, 1.0) for seed in (0, 1)],
                         columns=["kind", "rate", "score"])
    figure = viz.plot_curves(frame, "rate", "score", "kind", "title", log_x=True)
    bars = [trace for trace in figure.data if trace.customdata is not None]
    assert [list(bar.customdata[:, 0]) for bar in bars] == [[0.01, 0.1, 1.0]] * 3
    factors = bars[2].x / bars[1].x
    assert factors == pytest.approx(factors[0]) and 1 < factors[0] < 1.1
    for rates in (frame.rate.map(str), frame.rate.where(frame.rate > 0.01, 0.0)):
        figure = viz.plot_curves(frame.assign(rate=rates), "rate", "score", "kind", "title", log_x=rates.dtype == float)
        assert sum(trace.fill == "toself" for trace in figure.data) == 3, "words, and 0 among powers, have no place beside them"


def test_spread_counts_with_n_minus_1():
    table = viz.spread_data({"hold-out": [0.7, 0.9], "k-fold": pd.Series([0.8, 0.8, 0.8])})
    assert np.allclose(table.loc["hold-out"], [2, 0.8, 0.1 * 2**0.5, 0.7, 0.9])
    assert np.allclose(table.loc["k-fold"], [3, 0.8, 0, 0.8, 0.8])


@pytest.mark.parametrize("dtype", ["float16", "float32", "int16", "float64"])
def test_a_spread_is_worked_out_in_64_bits(dtype):
    for values in (np.full(5, 30000, dtype), np.arange(0, 30000, 1000).astype(dtype), (np.arange(9) % 2 + 100).astype(dtype)):
        row = viz.spread_data({"a": values}).loc["a"]
        wide = values.astype(float)
        assert row.tolist() == [len(values), wide.mean(), wide.std(ddof=1), wide.min(), wide.max()]
    with pytest.raises(CourseError, match=r"^a: <U1 found; expected numbers"):
        viz.spread_data({"a": ["x"]})


def test_few_measurements_are_dots_with_their_mean_and_ten_have_a_box():
    scores = {"hold-out": [0.7, 0.9], "k-fold": np.linspace(0, 1, 10), "nine": np.linspace(0, 1, 9)}
    figure = viz.plot_spread(scores, "title", "x", truth=0.75, truth_name="known")
    assert [trace.type for trace in figure.data] == ["scatter", "scatter", "box", "scatter", "scatter"]
    assert figure.data[1].x[0] == pytest.approx(0.8) and list(figure.data[1].y) == ["hold-out"]
    (line,) = figure.layout.shapes
    assert (line.x0, line.x1, line.name, line.showlegend) == (0.75, 0.75, "known", True)
    assert [trace.name for trace in figure.data if trace.showlegend] == ["one of them", "their mean"]


def test_a_line_to_compare_with_is_named_and_lies_where_it_should():
    frame = pd.DataFrame({"bits": [2, 4, 8], "accuracy": [0.5, 0.8, 0.9], "how": "rounded"})
    figure = viz.plot_curves(frame, "bits", "accuracy", "how", "title", level=("float32", 0.91))
    (line,) = figure.layout.shapes
    assert (line.y0, line.name) == (0.91, "float32") and list(figure.layout.xaxis.tickvals) == [2, 4, 8]
    assert figure.data[0].mode == "lines+markers", "what was not tried between three points is not promised"


KERNELS = {"before": np.array([[-1.0, 0.1], [0.2, 1.0]]), "after": np.array([[-1.0, 0.0], [0.0, 1.0]])}


def test_weights_share_their_bins_and_zeros_stand_apart():
    table = viz.weights_data(KERNELS, bins=4)
    before, after = (table[table.kernel == name] for name in KERNELS)
    assert before.weight.tolist() == after.weight.tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert before["count"].tolist() == [1, 0, 2, 1] and after["count"].tolist() == [1, 0, 0, 1]
    assert set(before.zeros) == {0.0} and set(after.zeros) == {0.5}


def test_weights_are_drawn_with_their_zeros_in_the_legend():
    first, second = viz.plot_weights(KERNELS, "title", bins=4).data
    assert first.name == "before: 0% are exactly 0" and second.name == "after: 50% are exactly 0"
    assert first.line.dash != second.line.dash and list(second.y) == [1, 0, 0, 1]
