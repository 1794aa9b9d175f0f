"""What hyperparameters do to the score: the data behind the figures, and that they can be drawn."""

import numpy as np
import pandas as pd
import pytest

from lib import viz
from lib.errors import CourseError


def test_a_path_is_numbered_in_the_order_of_its_trials():
    table = pd.DataFrame([[0.1, 0.2], [0.3, 0.4]], pd.Index([8, 16], name="units"), pd.Index([1e-3, 1e-2], name="rate"))
    path = viz.path_data(table, [(1, 0), (1, 1)])
    assert path.values.tolist() == [["0.001", "16", 1], ["0.01", "16", 2]]
    assert len(viz.plot_map(table, "title").data) == 1
    heat, drawn = viz.plot_map(table, "title", [(1, 0), (1, 1)]).data
    assert list(heat.y) == ["8", "16"] and list(drawn.text) == [1, 2]


def test_the_best_of_a_path_is_the_lowest_where_the_direction_says_so():
    table = pd.DataFrame([[0.9, np.nan], [0.5, 0.1]], pd.Index([8, 16], name="units"), pd.Index([1e-3, 1e-2], name="rate"))
    path = [(0, 1), (0, 0), (1, 0), (1, 1)]
    for direction, best in (("min", "the best, trial 4, 0.1 at units 16"), ("max", "the best, trial 2, 0.9 at units 8")):
        figure = viz.plot_map(table, "title", path, direction=direction)
        assert best in figure.layout.meta["said"][0], "a cell without a score is no best one"
        assert figure.data[0].reversescale == (direction == "min")


@pytest.mark.parametrize("wrong", ["minimize", "MIN", "nonsense", "", None])
def test_a_direction_that_is_none_is_refused_by_whatever_looks_for_the_best(wrong):
    with pytest.raises(CourseError, match=f"^direction is {wrong!r}; it can be 'max' or 'min'.$"):
        viz.plot_map(pd.DataFrame([[0.1]]), "title", direction=wrong)
    if wrong:  # a folder without a score has "", and a row from elsewhere may have a gap
        told = large(20).assign(direction=wrong)
        for draw in (lambda: viz.thinned(told, 1, 0), lambda: viz.gates_data(told), lambda: viz.plot_matrix(told, "T")):
            with pytest.raises(CourseError, match=f"^direction is {wrong!r}; it can be 'max' or 'min'.$"):
                draw()


def test_trials_of_both_directions_have_no_best():
    with pytest.raises(CourseError, match=r"^direction: some of these trials have 'max' and some 'min'"):
        viz.thinned(pd.concat([large(5), large(5, "max")]), 1, 0)
    gaps = large(5).assign(direction=["min", "", None, np.nan, "min"])
    assert viz.thinned(gaps, 1, 0).score.tolist() == [gaps.score.min()], "what says nothing is no other direction"


def test_the_map_of_a_grid_has_its_scores_in_the_cells():
    frame = pd.DataFrame({"C": [0.1, 0.1, 0.01], "size": [8, 16, 8], "score": [0.6, 0.7, 0.85]})
    (heat,) = viz.plot_map(frame.pivot(index="C", columns="size", values="score"), "title", digits=4).data
    assert heat.x == ("8", "16") and heat.y == ("0.01", "0.1") and heat.texttemplate == "%{z:.4f}"
    assert np.array_equal(heat.z, [[0.85, np.nan], [0.6, 0.7]], equal_nan=True)


def test_no_two_cells_of_a_map_share_a_place():
    rates = pd.Index([0.12345, 0.12346], name="rate")
    table = pd.DataFrame([[0.1, 0.2], [0.3, 0.4]], pd.Index(["1", 1], name="depth", dtype=object), rates)
    (heat,) = viz.plot_map(table, "title").data
    assert heat.x == ("0.12345", "0.12346") and heat.y == ("'1'", "1")
    assert viz.path_data(table, [(1, 1)]).values.tolist() == [["0.12346", "1", 1]]


def test_slices():
    scored = {"score": [0.8, 0.9, np.nan], "direction": "max", "seconds": 1.0, "epochs": 2, "status": "COMPLETED"}
    frame = pd.DataFrame({"trial": [1, 2, 3], "rate": [1e-4, 1e-2, 1e-3], "kind": ["b", "a", "a"], **scored})
    rate, kind = viz.plot_slices(frame, "All").data
    assert list(rate.x) == [-4, -2] and list(kind.x) == [1, 0] and list(rate.y) == list(kind.y) == [0.8, 0.9]
    layout = viz.plot_slices(frame, "All", scales={"rate": "linear", "score": "log"}).layout
    assert (layout.xaxis.title.text, layout.xaxis2.title.text) == ("rate", "kind")
    assert layout.yaxis.title.text == "score (log)" and list(layout.yaxis.ticktext) == ["0.1", "1"]


def large(n=3000, direction="min"):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"trial": range(1, n + 1), "rate": 10 ** rng.uniform(-4, 0, n), "free": rng.uniform(0, 1, n)})
    off = np.abs(np.log10(frame.rate) + 2)
    score = off if direction == "min" else -off
    return frame.assign(score=score, direction=direction, seconds=1.0, epochs=1, status="COMPLETED")


@pytest.mark.parametrize("direction", ["min", "max"])
def test_the_best_survive_thinning(direction):
    frame = large(direction=direction)
    few = viz.thinned(frame, best=30, rest=100)
    best = frame.nsmallest(30, "score") if direction == "min" else frame.nlargest(30, "score")
    assert len(few) == 130 and set(best.trial) <= set(few.trial) and few.trial.is_monotonic_increasing


@pytest.mark.parametrize("direction", ["min", "max"])
def test_the_gate_is_where_the_best_pass(direction):
    gates = viz.gates_data(large(direction=direction), share=0.01, scales={"free": "linear"}).set_index("column")
    assert gates.index[0] == "rate" and gates.width["rate"] < 0.02 and gates.width["free"] > 0.5
    assert gates.low_value["rate"] == pytest.approx(0.01, rel=0.05)
    whole, gate = viz.plot_gates(large(direction=direction), "Gates", scales={"free": "linear"}).data
    assert list(gate.y) == ["rate (log)", "free"] and set(whole.x) == {1}
    assert list(gate.base) == gates.low.tolist() and list(gate.x) == gates.width.tolist()


def test_a_gate_is_made_of_trials_that_have_a_value():
    rng = np.random.default_rng(1)
    sgd = np.arange(200) % 2 == 1
    frame = large(200, "max").assign(
        momentum=np.where(sgd, rng.uniform(0.2, 0.9, 200), np.nan), decay=np.where(sgd, 10 ** rng.uniform(-6, -1, 200), np.nan),
        infinite=np.where(np.arange(200) % 3 == 1, np.inf, rng.uniform(1, 2, 200)), score=np.arange(200.0) - 100 * sgd,
    )
    gates = viz.gates_data(frame, share=0.1).set_index("column")
    assert set(gates.index) == {"rate", "free", "infinite"}, "none of the best has a momentum or a decay"
    assert gates.low_value["infinite"] >= 1 and gates.high_value["infinite"] <= 2 and gates.trials["infinite"] < 20
    frame["score"] = np.arange(200.0)
    gates = viz.gates_data(frame, share=0.1).set_index("column")
    best = frame[180:].momentum.dropna()
    assert gates.trials[["rate", "momentum", "decay"]].tolist() == [20, 10, 10]
    assert gates.loc["momentum", ["low_value", "high_value"]].tolist() == pytest.approx(best.quantile([0.1, 0.9]).tolist())
    span = frame.momentum.max() - frame.momentum.min()
    assert gates.width["momentum"] == pytest.approx((best.quantile(0.9) - best.quantile(0.1)) / span)
    drawn = viz.plot_gates(frame, "Gates", share=0.1)
    assert any(note.text.endswith("(10 trials)") for note in drawn.layout.annotations)


def test_a_pruned_trial_is_none_of_the_best():
    frame = large(100, "max").assign(score=np.arange(100.0), status=["COMPLETED"] * 90 + ["PRUNED"] * 10)
    assert set(range(81, 91)) <= set(viz.thinned(frame, best=10, rest=5).trial)
    gates = viz.gates_data(frame, share=0.1, scales={"free": "linear"}).set_index("column")
    best = frame.free[81:90].quantile([0.1, 0.9]).tolist()
    assert [gates.low_value["free"], gates.high_value["free"]] == pytest.approx(best)


def test_two_searches_in_one_frame_are_thinned_row_by_row():
    frame = pd.concat([large(50), large(50).assign(score=9.0)])
    assert len(viz.thinned(frame, best=10, rest=20)) == 30


def test_there_are_no_gates_where_no_hyperparameter_is_a_number():
    with pytest.raises(CourseError, match="nothing to draw: none of the best trials has a hyperparameter that is a number"):
        viz.plot_gates(large(10)[["trial", "score", "direction"]].assign(kind=list("ababababab")), "Gates")


def test_a_matrix_has_a_panel_for_each_pair():
    frame = large(50)
    figure = viz.plot_matrix(frame, "Pairs", "loss", scales={"free": "linear", "score": "linear"})
    panels = {(figure.layout[f"yaxis{panel.yaxis[1:]}"].domain, panel.xaxis): panel for panel in figure.data}
    assert len(panels) == 3, "each pair once"
    best_last = frame.sort_values("score", ascending=False)
    across, upwards = figure.data[-1].x, figure.data[-1].y
    assert np.allclose(across, best_last.free, 1e-6) and np.allclose(upwards, best_last.score, 1e-6)
    assert {axis.title.text for axis in figure.select_xaxes()} == {None, "rate (log)", "free"}
    assert {axis.title.text for axis in figure.select_yaxes()} == {None, "free", "loss"}
