"""What holds for every figure of the library: it has a text alternative, and one look for one meaning."""

import inspect
from itertools import pairwise

import numpy as np
import optuna
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import pytest

from lib import viz
from lib.errors import CourseError
from lib.viz import look

TRIALS = pd.DataFrame({
    "trial": range(1, 7), "rate": [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 1e-3], "kind": ["b", "a", "a", "b", "a", "b"],
    "score": [0.8, 0.9, 0.7, 0.6, 0.5, np.nan], "direction": "max", "seconds": 1.0, "epochs": 2,
    "status": ["COMPLETED"] * 4 + ["PRUNED", "FAILED"],
})
CV = {"params": [{"net__C": 1}, {"net__C": 2}], "rank_test_score": [2, 1], "split0_test_score": [0.5, 0.7]}
CV |= {name: np.array([0.5, 0.7]) for name in ("mean_test_score", "std_test_score", "mean_fit_time", "mean_score_time")}
MODELS = pd.DataFrame({"kB": [1.0, 5.0], "accuracy": [0.8, 0.9], "kind": ["a", "b"]}, index=["one", "two"])
COSTS = {"block": ["dense"], "size": [64], "step": ["train"], "policy": ["float32"], "ms": [4.0], "low": [2.0], "high": [8.0]}
LOG = [{"worker": 0, "start": 0.0, "seconds": 2.0, "status": "COMPLETE"}]
FOLDS = pd.DataFrame([[0.9, 0.8, 0.85, 0.07]], columns=["fold 1", "fold 2", "mean", "sd"], index=[1])
POSTERIOR = pd.DataFrame({"x": [0.0, 1.0], "mean": [1.0, 2.0], "sd": [0.5, 0.1], "improvement": [0.1, 0.2]})
PICTURES = np.linspace(0, 1, 24).reshape(4, 2, 3)


def study():
    known = optuna.create_study()
    known.add_trial(optuna.trial.create_trial(value=1.0, intermediate_values={1: 0.5, 2: 1.0}))
    return known


CURVES = pd.DataFrame({"trial": 1, "model": 1, "bracket": 0, "round": 0, "epoch": [1, 2], "score": [0.5, 0.6]})
MAP = pd.DataFrame([[0.1, 0.2]], pd.Index([8], name="units"), pd.Index([1, 2], name="rate"))


DRAWN = {
    "dress": lambda: viz.dress(optuna.visualization.plot_edf(study()), "T"),
    "plot_bags": lambda: viz.plot_bags([[0, 0, 2]], 3, "T"),
    "plot_bands": lambda: viz.plot_bands(viz.bands_data([1, 2], {"a": np.ones((3, 2))}), "T", "x", "y"),
    "plot_budgets": lambda: viz.plot_budgets(MODELS.assign(ms=2.0), ("kB", "ms"), "accuracy", "T", ("x", "y"), "z"),
    "plot_busy": lambda: viz.plot_busy({"a": LOG}, 2, "T"),
    "plot_climb": lambda: viz.plot_climb(MAP, {"chance": [(0, 0), (0, 1)]}, "T"),
    "plot_confusion": lambda: viz.plot_confusion([0, 1], [0, 0], ["a", "b"]),
    "plot_costs": lambda: viz.plot_costs(pd.DataFrame(COSTS | {"times_faster": [1.0]}), "T"),
    "plot_curves": lambda: viz.plot_curves(TRIALS, "trial", "score", "kind", "T"),
    "plot_deviations": lambda: viz.plot_deviations(PICTURES.reshape(4, 6), list("abcdef")),
    "plot_division": lambda: viz.plot_division(3, {"fold 1": {"train": [0, 1], "measure": [2]}}, "T"),
    "plot_diagnosis": lambda: viz.plot_diagnosis({"trial 1": {"loss": [*range(6)], "val_loss": [*range(6)]}}, "T", "loss", "min"),
    "plot_dots": lambda: viz.plot_dots(pd.DataFrame({"vote": [0.8, 0.9]}, [["four", "five"], [0, 0]]), "T", "x"),
    "plot_edges": lambda: viz.plot_edges(TRIALS, "T"),
    "plot_flips": lambda: viz.plot_flips(0.1),
    "plot_fold_scores": lambda: viz.plot_fold_scores(FOLDS, "T", "y"),
    "plot_front": lambda: viz.plot_front(MODELS, "kB", "accuracy", "T", "x", "y"),
    "plot_gaining": lambda: viz.plot_gaining(PICTURES, np.ones((2, 4)), list("abcd"), n=2),
    "plot_gates": lambda: viz.plot_gates(TRIALS, "T"),
    "plot_history": lambda: viz.plot_history({"loss": [1.0, 0.5], "val_loss": [0.9, 0.6]}, metrics=("loss",)),
    "plot_inner_outer": lambda: viz.plot_inner_outer(pd.DataFrame({"inner score": [0.9], "outer score": [0.8]}), "T", "y"),
    "plot_intermediates": lambda: viz.plot_intermediates({"a": study()}, "T", "y"),
    "plot_isolation": lambda: viz.plot_isolation(TRIALS, "rate", "T", parts=2),
    "plot_journey": lambda: viz.plot_journey([("Tuner", "Oracle", "create_trial()", "RUNNING")], "T"),
    "plot_joining": lambda: viz.plot_joining(np.ones((2, 2, 3)), {"a": [2.0, 1.0]}, "T", "y"),
    "plot_map": lambda: viz.plot_map(pd.DataFrame([[0.1, 0.2]], [8], [1, 2]), "T"),
    "plot_margins": lambda: viz.plot_margins(4, np.random.default_rng(1)),
    "plot_matrix": lambda: viz.plot_matrix(TRIALS, "T"),
    "plot_narrowed": lambda: viz.plot_narrowed(TRIALS, "rate", "T"),
    "plot_pairs": lambda: viz.plot_pairs([[1, 0.5], [0.5, 1]], ["a", "b"], "T", "share"),
    "plot_parallel": lambda: viz.plot_parallel(TRIALS, "T"),
    "plot_parts": lambda: viz.plot_parts(pd.DataFrame({"compute": [1.0]}, ["plain"]), "T"),
    "plot_pictures": lambda: viz.plot_pictures(PICTURES, np.arange(4), list("abcd")),
    "plot_points": lambda: viz.plot_points(MODELS, "kB", "accuracy", "kind", "T", "x", "y"),
    "plot_proposals": lambda: viz.plot_proposals(TRIALS, "rate", "seconds", "T", by="kind"),
    "plot_reliability": lambda: viz.plot_reliability({"a": viz.reliability_data([[0.9, 0.1]], [0])}, "T"),
    "plot_ridges": lambda: viz.plot_ridges({0: [[0, 1, 5]], 1: [[0, 2, 5]]}, "T"),
    "plot_scaling": lambda: viz.plot_scaling([1e-9, 1e-3], range(2), opens=1),
    "plot_shifts": lambda: viz.plot_shifts({"a": LOG}, "T"),
    "plot_slices": lambda: viz.plot_slices(TRIALS, "T"),
    "plot_speedup": lambda: viz.plot_speedup({"law": {1: 10.0, 2: 6.0}}, "T"),
    "plot_spread": lambda: viz.plot_spread({"hold-out": [0.7, 0.9]}, "T", "x"),
    "plot_stages": lambda: viz.plot_stages([2, 1], [5, 6], np.array([[5.5, 5.5], [5, 6]]), [0, 1], "T", "x", "y"),
    "plot_still": lambda: viz.plot_still(TRIALS, "T"),
    "plot_thinking": lambda: viz.plot_thinking([POSTERIOR], ([0.5], [1.5]), "x", "y"),
    "plot_tournament": lambda: viz.plot_tournament(CURVES),
    "plot_validation_curve": lambda: viz.plot_validation_curve(CV, "net__C"),
    "plot_variants": lambda: viz.plot_variants({"as it is": PICTURES}, "T"),
    "plot_weights": lambda: viz.plot_weights({"before": PICTURES}, "T"),
}


def test_every_figure_of_the_library_is_among_these():
    assert set(DRAWN) == {"dress", *(name for name, _ in inspect.getmembers(viz) if name.startswith("plot_"))}


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_has_the_look_and_describes_itself(name):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    figure = DRAWN[name]()
    assert figure.layout.template.layout.font.color == look.GREY
    alt = figure.layout.meta["alt"]
    assert alt.startswith(f"{figure.layout.title.text.replace('<br>', ' ')}. A figure of "), alt
    assert alt == look.describe(figure), "nothing was drawn after it was described"


EMPTY = {
    "dress": lambda: viz.dress(optuna.visualization.plot_parallel_coordinate(optuna.create_study()), "T"),
    "plot_bags": lambda: viz.plot_bags([], 3, "T"),
    "plot_bands": lambda: viz.plot_bands(viz.bands_data([1, 2], {}), "T", "x", "y"),
    "plot_busy": lambda: viz.plot_busy({"a": []}, 2, "T"),
    "plot_budgets": lambda: viz.plot_budgets(MODELS[:0].assign(ms=2.0), ("kB", "ms"), "accuracy", "T", ("x", "y"), "z"),
    "plot_climb": lambda: viz.plot_climb(MAP, {}),
    "plot_costs": lambda: viz.plot_costs(pd.DataFrame(COSTS | {"times_faster": [1.0]})[:0], "T"),
    "plot_curves": lambda: viz.plot_curves(TRIALS[:0], "trial", "score", "kind", "T"),
    "plot_diagnosis": lambda: viz.plot_diagnosis({}, "T"),
    "plot_dots": lambda: viz.plot_dots(pd.DataFrame({"vote": []}), "T", "x"),
    "plot_edges": lambda: viz.plot_edges(TRIALS.assign(score=np.nan), "T"),
    "plot_fold_scores": lambda: viz.plot_fold_scores(FOLDS[:0], "T", "y"),
    "plot_front": lambda: viz.plot_front(MODELS[:0], "kB", "accuracy", "T", "x", "y"),
    "plot_history": lambda: viz.plot_history({"mae": [1.0]}),
    "plot_inner_outer": lambda: viz.plot_inner_outer(pd.DataFrame({"inner score": [], "outer score": []}), "T", "y"),
    "plot_intermediates": lambda: viz.plot_intermediates({"a": optuna.create_study()}, "T", "y"),
    "plot_isolation": lambda: viz.plot_isolation(TRIALS.assign(score=np.nan), "rate", "T"),
    "plot_joining": lambda: viz.plot_joining(np.ones((2, 2, 3)), {}, "T", "y"),
    "plot_journey": lambda: viz.plot_journey([], "T"),
    "plot_map": lambda: viz.plot_map(pd.DataFrame(), "T"),
    "plot_narrowed": lambda: viz.plot_narrowed(TRIALS.assign(score=np.nan), "rate", "T"),
    "plot_pairs": lambda: viz.plot_pairs(np.zeros((0, 0)), [], "T", "share"),
    "plot_parts": lambda: viz.plot_parts(pd.DataFrame(), "T"),
    "plot_points": lambda: viz.plot_points(MODELS[:0], "kB", "accuracy", "kind", "T", "x", "y", trend=True),
    "plot_proposals": lambda: viz.plot_proposals(TRIALS[:0], "rate", "seconds", "T", by="kind"),
    "plot_reliability": lambda: viz.plot_reliability({}, "T"),
    "plot_ridges": lambda: viz.plot_ridges({}, "T"),
    "plot_shifts": lambda: viz.plot_shifts({"a": []}, "T"),
    "plot_speedup": lambda: viz.plot_speedup({}, "T"),
    "plot_spread": lambda: viz.plot_spread({}, "T", "x"),
    "plot_thinking": lambda: viz.plot_thinking([], ([], []), "x", "y"),
    "plot_tournament": lambda: viz.plot_tournament(CURVES[:0]),
    "plot_validation_curve": lambda: viz.plot_validation_curve(CV, "net__D"),
    "plot_variants": lambda: viz.plot_variants({}, "T"),
    "plot_weights": lambda: viz.plot_weights({}, "T"),
}


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_to_draw_is_a_sentence(name):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with pytest.raises(CourseError) as caught:
        EMPTY[name]()
    assert "\n" not in str(caught.value)


def test_an_alternative_names_axes_and_series_with_their_values():
    alt = DRAWN["plot_history"]().layout.meta["alt"]
    assert alt.startswith("The loss on validation data is best in epoch 2 of 2. A figure of lines and points.")
    assert "Across, epoch, from 1 to 2." in alt and "training: falls from 1 to 0.5. validation: falls from 0.9 to 0.6." in alt


def test_an_alternative_counts_the_lines_of_parallel_axes():
    frame = pd.DataFrame({"kind": ["a", "b", "a"], "size": [1, 2, 3]})
    assert "parallel categories. 3 lines across the axes kind, size: " in look.describe(px.parallel_categories(frame))
    assert "parallel coordinates. 3 lines across 1 axes: size 1 to 3." in look.describe(px.parallel_coordinates(frame))


def test_an_alternative_says_what_stands_along_an_axis_and_where_a_map_is_highest():
    bars = go.Bar(x=[f"model {number}" for number in range(10)], y=np.arange(10))
    alt = look.describe(go.Figure(bars, layout_yaxis_title_text="seconds"))
    assert "Across, model 0; model 1; " in alt and "; model 7; and 2 more. Upwards, seconds, from 0 to 9." in alt
    assert alt.endswith("Bars: 10, the longest model 9, 9, the shortest model 0, 0.")
    heights = go.Heatmap(z=[[1, 2], [4, np.nan]], x=["a", "b"], y=[0.1, 0.2])
    alt = look.describe(go.Figure(heights, layout_title_text="Which?"))
    assert alt.startswith("Which? A figure of a map of colours.")
    assert alt.endswith("Colours, values: the highest is 4 at a across, 0.2 upwards, the lowest 1 at a across, 0.1 upwards.")


def test_series_stay_apart_beyond_the_colours():
    styles = [look.style(number) for number in range(12)]
    assert len({(colour, symbol) for colour, _, symbol in styles}) == 12
    assert all(before != after for (_, before, _), (_, after, _) in pairwise(styles))


@pytest.mark.parametrize("words", [("COMPLETE", "COMPLETED"), ("FAIL", "FAILED", "INVALID"), ("PRUNED",), ("RUNNING",)])
def test_an_end_has_one_name_and_colour_whoever_ran_the_trial(words):
    (end,) = {look.ending(word) for word in words}
    assert end[0] == words[-1].lower().replace("invalid", "failed") and (end[1] == look.GREY) == (words == ("PRUNED",))
    assert look.ending("something new") == ("something new", look.PURPLE)


BAD = {
    "a class without a picture": (lambda: viz.plot_pictures(PICTURES, [0, 0, 0, 0], "ab"), "y: no picture of class 'b' found"),
    "too few labels": (lambda: viz.plot_pictures(PICTURES, [0, 1], "ab"), r"y: shape \(2,\) found; expected \(4,\)"),
    "coloured pictures": (
        lambda: viz.plot_pictures(np.ones((2, 8, 8, 3)), [0, 1], "ab"), r"picture: shape \(8, 8, 3\) found; expected \(height"
    ),
    "a picture of NaN": (lambda: viz.plot_variants({"a": PICTURES * np.nan}, "T"), "picture: nan found; expected finite"),
    "a column of NaN": (lambda: viz.deviations_data([[np.nan, 1]], "ab"), "x: nan found; expected finite"),
    "a column without a name": (lambda: viz.deviations_data([[0, 1]], "a"), "features: 1 names, 1 of them different, found"),
    "two columns of one name": (lambda: viz.deviations_data([[0, 1]], "aa"), "features: 2 names, 1 of them different, found"),
    "two classes of one name": (lambda: viz.confusion_data([0], [1], ["a", "a"]), "classes: 2 names, 1 of them different, found"),
    "another class": (lambda: viz.confusion_data(["a"], ["c"], "ab"), "y_pred: the class 'c' found; expected one of a, b"),
    "two members of one name": (lambda: viz.pairs_data(np.eye(2), "aa"), "names: 2 names, 1 of them different, found"),
    "pairs of others": (lambda: viz.pairs_data(np.eye(3), "ab"), r"matrix: shape \(3, 3\) found; expected \(2, 2\)"),
    "a trend of one place": (lambda: viz.trend_data([2, 2], [1, 3]), "x: one number, 2, found; expected two or more"),
    "a trend of NaN": (lambda: viz.trend_data([1, 2], [1, np.nan]), "y: nan found; expected finite"),
    "a row that is not there": (lambda: viz.bags_data([[0, 5]], 2), "rows: row 5 found; expected 0 to 1"),
    "a truth for others": (lambda: viz.decomposition_data(np.ones((2, 3)), [[1, 2, 3]]), r"y: shape \(1, 3\) found"),
    "a round that is not there": (lambda: viz.stages_data([0], [[1], [2]], [-1]), "rounds: row -1 found; expected 0 to 1"),
    "a sample that is not there": (lambda: viz.division_data(3, {"a": {"train": [3]}}), "train: row 3 found; expected 0 to 2"),
    "a sample in two roles": (
        lambda: viz.division_data(3, {"a": {"train": [0, 1], "test": [1]}}), "a, test: a sample that has a role found"
    ),
    "a number of text": (lambda: viz.bits_data("a"), "number: <U1 found; expected numbers"),
    "a number of 400 digits": (lambda: viz.bits_data(10**400), "number: a int found; expected an array"),
    "an unknown format": (lambda: viz.bits_data(1, ["float31"]), "formats: 'float31' found; expected some of float32"),
    "a gradient of NaN": (lambda: viz.gradients_data([np.nan]), "gradients: nan found; expected finite"),
    "no share": (lambda: viz.gates_data(TRIALS, share=0), "share: 0 found; expected a number above 0"),
    "more than all": (lambda: viz.gates_data(TRIALS, share=2), "share: 2 found; expected 1 at most"),
    "less than none": (lambda: viz.thinned(TRIALS, -1, 2), "best: -1 found; expected 0 or more"),
    "curves of other points": (lambda: viz.bands_data([1, 2], {"a": [[1, 2, 3]]}), r"a: shape \(1, 3\) found; expected \(runs"),
    "a ragged curve": (lambda: viz.bands_data([1, 2], {"a": [[1, 2], [3]]}), "a: rows of different lengths found"),
    "a kernel of NaN": (lambda: viz.weights_data({"a": [np.nan]}), "a: nan found; expected finite"),
}


@pytest.mark.parametrize("call, message", BAD.values(), ids=list(BAD))
def test_what_cannot_be_drawn_as_it_is_meant_is_told_in_one_line(call, message):
    with pytest.raises(CourseError, match=f"^{message}") as caught:
        call()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 160
