"""Parallel coordinates: axes, colours, brushes in a column's own values, rows read back, many lines."""

import base64
import json
import time
import warnings

import numpy as np
import optuna
import pandas as pd
import plotly
import plotly.express as px
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kit.notebooks import read
from sklearn.linear_model import LogisticRegression

from lib import viz
from lib.columns import is_gap
from lib.errors import CourseError
from lib.trials import trials_frame
from lib.viz.parallel import stored


def search(**columns):
    """Six trials: four completed, one pruned at 0.5, one failed."""
    known = {
        "trial": range(1, 7), "rate": [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 1e-3], "kind": ["b", "a", "a", "b", "a", "b"],
        "momentum": [np.nan, 0.1, 0.2, np.nan, 0.9, np.nan], "score": [0.8, 0.9, 0.7, 0.6, 0.5, np.nan], "direction": "max",
        "seconds": 1.0, "epochs": 2, "status": ["COMPLETED"] * 4 + ["PRUNED", "FAILED"],
    }
    return pd.DataFrame(known | columns)


def axis(frame, name, **settings):
    return next(axis for axis in viz.parallel_data(frame, **settings) if axis["column"] == name)


def test_a_missing_value_has_a_place_of_its_own_below_the_others():
    momentum = axis(search(), "momentum")
    assert momentum["names"][0] == "(none)" and momentum["ticks"][0] < 0.1
    many = axis(search(momentum=[np.nan, 0.03, 0.11, 0.5, 0.94, 1.1], score=0.5), "momentum")  # its ticks are round
    assert many["values"][0] < 0.03 - 0.1
    assert (momentum["values"][[0, 3]] == momentum["ticks"][0]).all() and momentum["values"][1] == 0.1


def test_parallel_axes():
    columns = {"rate": [1e-4, 1e-2, 1e-3], "kind": ["b", "a", "a"], "same": [1, 1, 1], "units": [32, 64, 96]}
    frame = pd.DataFrame({**columns, "score": [0.8, 0.9, np.nan], "status": "COMPLETED"})
    axes = viz.parallel_data(frame)
    assert [axis["label"] for axis in axes] == ["rate (log)", "kind", "units", "score"]
    rate, kind, units, score = axes
    assert rate["values"].tolist() == [-4, -2] and rate["names"] == ["0.0001", "0.001", "0.01"]
    assert kind["values"].tolist() == [1, 0] and kind["names"] == ["a", "b"]
    assert units["ticks"] == [32, 64] and score["values"].tolist() == [0.8, 0.9]


def test_a_parallel_picture_is_coloured_by_the_score():
    (drawn,) = viz.plot_parallel(search(score=[0.5, 0.9, 0.7, 0.6, 0.8, np.nan]), "title").data
    assert drawn.line.color == pytest.approx([0, 1, 0.5, 0.25, 0.75]) and drawn.dimensions[-1].label == "score"
    bar = drawn.line.colorbar
    assert dict(zip(bar.ticktext, bar.tickvals, strict=True))["0.7"] == pytest.approx(0.5), "what stands beside it are scores"


def test_every_trial_is_kept_and_told_apart():
    assert [a["label"] for a in viz.parallel_data(search())] == ["rate (log)", "kind", "momentum", "score"]
    axes = viz.parallel_data(search(), objective="accuracy", every=True)
    assert [a["label"] for a in axes] == ["rate (log)", "kind", "momentum", "status", "accuracy"]
    assert axes[-1]["names"][0] == "(none)" and axes[-1]["values"][5] == axes[-1]["ticks"][0]
    line = viz.plot_parallel(search(), "All", every=True).data[0].line
    failed, pruned, worst, best = line.color[5], line.color[4], line.color[3], line.color[1]
    assert failed < pruned < worst < best == 1
    assert list(line.colorbar.ticktext[:2]) == ["failed", "pruned"]


def test_better_lies_above_whatever_the_direction():
    up, down = (viz.plot_parallel(search(direction=d), "All").data[0].line.color for d in ("max", "min"))
    assert np.argmax(up) == 1 and np.argmax(down) == 4
    by_rank = (
        viz.plot_parallel(search(score=[1e9, 3, 2, 1, 0, np.nan], direction="min"), "All", ranks=True)
        .data[0]
        .line.color
    )
    assert by_rank == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_scales_can_be_said():
    assert axis(search(), "rate", scales={"rate": "linear"})["values"].tolist() == [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert axis(search(), "score", scales={"score": "log"})["values"][0] == np.log10(0.8)
    assert [a["column"] for a in viz.parallel_data(search(), order=["kind", "rate"])] == ["kind", "rate", "score"]


def test_ticks_of_a_number_are_round():
    frame = search(units=[16, 21, 38, 77, 90, 128], score=0.5)
    assert axis(frame, "units")["names"] == ["25", "50", "75", "100", "125"]
    drawn = next(d for d in viz.plot_parallel(frame, "All").data[0].dimensions if d.label == "units")
    assert drawn.tickvals is None  # with ticks of ours a brush would end near them only


def test_marks_of_a_ruler_have_names_of_their_own_and_hold_a_brush():
    frame = search(rate=np.geomspace(2e-4, 0.5, 6), score=0.5)
    drawn = viz.plot_parallel(frame, "All", brush={"rate": (3.3e-3, 1)}).data[0].dimensions[0]
    assert len(set(drawn.ticktext)) == len(drawn.tickvals) > 20
    assert [name for name in drawn.ticktext if name.strip()] == ["0.001", "0.01", "0.1"]
    assert (min(drawn.tickvals), max(drawn.tickvals)) == pytest.approx((np.log10(2e-4), np.log10(0.5)))
    close = np.abs(np.array(drawn.tickvals) - np.log10(3.3e-3))
    assert np.sort(close)[:3].max() < 1e-4 < np.sort(close)[3]


@pytest.mark.parametrize(
    "brush, kept",
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"rate": (1e-3, 1e-1)}, [2, 3, 4]),
        ({"rate": [(1e-4, 1e-4), (1e-2, 1.0)]}, [1, 3, 4, 5]),
        ({"kind": ["a"]}, [2, 3, 5]),
        ({"kind": ["a", "b"], "score": (0.65, 1.0)}, [1, 2, 3]),
        ({"momentum": ["(none)"]}, [1, 4]),
        ({"score": (0.95, 1.0)}, []),
    ],
)
def test_a_brush_by_code_comes_back_as_rows(brush, kept):
    frame = search().set_index(np.array([7, 7, 3, 1, 0, 9]))  # whatever the index
    figure = viz.plot_parallel(frame, "All", brush=brush)
    rows = viz.selected(figure, frame)
    assert rows.trial.tolist() == kept and list(rows) == list(frame)


def test_failed_trials_are_brushed_where_they_are_drawn():
    frame = search()
    picture = viz.plot_parallel(frame, "All", every=True, brush={"status": ["FAILED", "PRUNED"]})
    assert viz.selected(picture, frame).trial.tolist() == [5, 6]
    assert viz.selected(
        viz.plot_parallel(frame, "All", every=True, brush={"score": ["(none)"]}), frame
    ).trial.tolist() == [6]


def test_a_brush_with_an_unknown_name_says_which_there_are():
    with pytest.raises(CourseError, match="kind has no 'c'; it has a, b"):
        viz.plot_parallel(search(), "All", brush={"kind": ["c"]})


WIDE = {"units": [50, 100, 150, 200, 250, 300], "momentum": [np.nan, 0.1, 0.2, np.nan, 0.9, np.inf], "score": 0.5}


@pytest.mark.parametrize(
    "brush, kept",
    [
        ({"units": [100, 200]}, [2, 3, 4]),  # as plotly's own constraintrange writes a range
        ({"units": [[50, 50], [300, 300]]}, [1, 6]),
        ({"units": [100]}, [2]),
        ({"units": (400, 500)}, []),
        ({"momentum": (0, 0.15)}, [2]),  # the place of those that have none lies at 0.004
        ({"momentum": (0.2, 1000)}, [3, 5]),
        ({"momentum": (0.2, np.inf)}, [3, 5, 6]),
        ({"momentum": (-np.inf, 0.1)}, [2]),
        ({"momentum": ["inf", "(none)"]}, [1, 4, 6]),
        ({"rate": (0, 1e-3)}, [1, 2, 6]),
        ({"rate": (-1, 0)}, []),
    ],
    ids=str,
)
def test_a_range_holds_the_values_between_its_ends_and_no_others(brush, kept):
    frame = search(**WIDE)
    assert viz.selected(viz.plot_parallel(frame, "All", brush=brush), frame).trial.tolist() == kept
    assert frame.trial[viz.still_data(frame, brush=brush)[2]].tolist() == kept


@pytest.mark.parametrize(
    "brush, kept",
    [
        ({"status": ["COMPLETED"]}, [1, 2, 3, 4]),
        ({"status": ["COMPLETED", "RUNNING"]}, [1, 2, 3, 4]),
        ({"status": ["RUNNING"]}, []),
        ({"same": [1]}, [1, 2, 3, 4, 5]),
        ({"same": (2, 3)}, []),
        ({"momentum": (0, 1), "word": ["a"]}, [2, 3, 5]),
    ],
    ids=str,
)
def test_what_is_brushed_has_an_axis_though_it_is_always_the_same(brush, kept):
    frame = search(same=1, word="a")
    assert viz.selected(viz.plot_parallel(frame, "All", brush=brush), frame).trial.tolist() == kept
    assert {axis["label"] for axis in viz.still_data(frame, brush=brush)[0]} >= set(brush)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"brush": {"rat": (0, 1)}}, "brush: 'rat' has no axis in this picture. Did you mean 'rate'?"),
        ({"brush": {"seconds": (0, 2)}}, "brush: 'seconds' has no axis"),
        ({"brush": {"rate": (0, 1)}, "order": ["kind"]}, "brush: 'rate' has no axis"),
        ({"brush": {"status": ["done"]}}, "brush: status has no 'done'; it has COMPLETED, PRUNED"),
        ({"brush": {"units": (200, 100)}}, "brush: units is .* give a pair"),
        ({"brush": {"units": "wide"}}, "brush: units is 'wide'"),
        ({"brush": {"kind": []}}, "brush: nothing is named for kind; it has a, b"),
        ({"scales": {"rate": "logarithmic"}}, "scales: rate is 'logarithmic'; it can be 'log' or 'linear'"),
        ({"scales": {"learning_rate": "log"}}, "scales: 'learning_rate' has no axis"),
        ({"scales": {"kind": "log"}}, "scales: kind holds names"),
        ({"scales": {"units": "log"}}, "scales: units has values such as -50"),
        ({"order": ["unit"]}, "order: 'unit' has no axis in this picture. Did you mean 'units'?"),
    ],
    ids=str,
)
def test_what_has_no_effect_on_the_picture_is_told(settings, message):
    frame = search(units=[-50, 100, 150, 200, 250, 300])
    for draw in (viz.plot_parallel, viz.plot_still):
        with pytest.raises(CourseError, match=message):
            draw(frame, "All", **settings)


# --- any value, any frame

KEPT = {
    "lists": [[5], [5, 5], [10], [5], [5, 5], [10]],
    "dicts": [{0: 2}, {0: 1}, {0: 2}, None, {0: 2}, {0: 1}],
    "mixed": ["None", 2, 10, True, 2.5, "(none)"],
    "estimators": [LogisticRegression(C=c) for c in (1, 2, 3, 1, 2, 3)],
    "infinite": [1.0, np.inf, -np.inf, 2.0, np.nan, 3.0],
    "huge": [1.0, 1e300, -1e308, 2.0, 1e-320, 3.0],
    "tiny": [1e-320, 2e-320, 3e-320, 1e-310, 5e-324, 1e-320],
    "close": [1e9 + n / 64 for n in range(6)],
    "texts": ["1", "", " ", "a", "(none)", None],
    "same": [1] * 6,
}


@pytest.mark.parametrize("score", [[0.1, 0.2, np.inf, 0.3, 0.4, -np.inf], [np.inf] * 6, [1, 2, 3, 4, 5, np.nan]], ids=str)
@pytest.mark.parametrize("draw", [viz.plot_parallel, viz.plot_still, viz.plot_gates, viz.plot_slices, viz.plot_matrix])
def test_a_frame_of_any_values_is_drawn(draw, score):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw(search(**KEPT, score=score), "Any")


ENDS = st.sampled_from([-np.inf, -3.5, -1, 0, 0.25, 1, 2, 7.5, 100, 1e4, np.inf])
CELLS = st.sampled_from([np.nan, np.inf, -np.inf, -2.0, 0.0, 0.25, 1.0, 2.0, 3.0, 7.0, 1e3, 1e4])


@settings(max_examples=300, deadline=None)
@given(st.lists(CELLS, min_size=2, max_size=8), ENDS, ENDS, st.sampled_from([None, "linear"]))
def test_a_brushed_range_is_what_pandas_calls_between(cells, low, high, scale):
    frame = pd.DataFrame({"trial": range(len(cells)), "value": cells, "score": 0.5, "status": "COMPLETED"})
    assume(frame.value.nunique(dropna=False) > 1)
    low, high = sorted([low, high])
    figure = viz.plot_parallel(frame, "All", brush={"value": (low, high)}, scales={"value": scale} if scale else None)
    expected = frame[frame.value.between(low, high)]
    assert viz.selected(figure, frame).trial.tolist() == expected.trial.tolist()


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=2), max_leaves=3)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES, st.floats()), min_size=1, max_size=6), st.booleans())
def test_any_frame_is_drawn_or_refused_in_one_line(rows, every):
    first, second = (pd.Series([row[place] for row in rows], dtype=object) for place in (0, 1))
    scores = {"score": [row[2] for row in rows], "status": "COMPLETED"}
    frame = pd.DataFrame({"trial": range(len(rows)), "a": first, "b": second} | scores)
    for draw in (viz.parallel_data, viz.still_data):
        try:
            draw(frame, every=every)
        except CourseError as error:
            assert "\n" not in str(error)
            continue
    axes = [axis for axis in viz.parallel_data(frame, every=True, order=["a", "b"])[:-1] if axis["kind"] == "names"]
    for axis in axes:
        there = [value for value in frame[axis["column"]] if not is_gap(value)]
        assert len(set(axis["values"][axis["real"]])) == len({(type(value), repr(value)) for value in there})


def test_two_values_never_share_a_tick():
    frame = search(mixed=["1", 1, 1.0, True, "True", "(none)"], gaps=["(none)", None, "a", "a", "b", "b"])
    mixed, gaps = (axis(frame, name, every=True) for name in ("mixed", "gaps"))
    assert len(set(mixed["values"])) == 6 and len(set(mixed["names"])) == 6
    assert gaps["names"] == ["((none))", "(none)", "a", "b"] and gaps["values"].tolist() == [0, -1, 1, 1, 2, 2]
    drawn = viz.plot_parallel(frame, "All", every=True, brush={"mixed": ["1", True]})
    assert viz.selected(drawn, frame).trial.tolist() == [1, 4]


def test_names_that_are_numbers_stand_in_their_order():
    assert axis(search(depth=["None", 10, 9, 2, "None", 2]), "depth")["names"] == ["2", "9", "10", "None"]


def test_numbers_close_together_are_not_drawn_as_one():
    drawn = viz.plot_parallel(search(close=KEPT["close"], score=0.5), "All").data[0].dimensions[-2]
    assert drawn.label == "close" and len(set(drawn["values"])) == 6


def test_an_infinite_score_has_a_place_and_the_colour_of_the_worst():
    frame = search(score=[0.1, np.inf, 0.3, 0.2, 0.4, -np.inf], direction="min", status="COMPLETED")
    score = axis(frame, "score")
    assert (score["names"][0], score["names"][-1]) == ("-inf", "inf") and score["apart"] == ["inf", "-inf"]
    assert score["values"][1] > 0.4 and score["values"][5] < 0.1
    assert score["real"].tolist() == [True, False, True, True, True, False]
    colours = viz.plot_parallel(frame, "All").data[0].line.color
    assert colours == pytest.approx([1, 0, 1 / 3, 2 / 3, 0, 1])


@pytest.mark.parametrize(
    "frame, message",
    [
        (search()[:0], "no trials yet"),
        (search(score=np.nan), "none of the 6 trials has a score. every=True draws them all"),
        (search()[:1], "no hyperparameter has two values"),
        (search()[["trial", "score", "direction", "status"]], "no hyperparameter has two values"),
        (search().drop(columns="score"), "no column 'score'"),
        (pd.concat([search(), search()[["rate"]]], axis=1), "two of its columns are called 'rate'"),
    ],
    ids=["no trial", "no score", "one trial", "no hyperparameter", "no frame of trials", "a column twice"],
)
@pytest.mark.parametrize("draw", [viz.plot_parallel, viz.plot_still, viz.plot_gates, viz.plot_slices, viz.plot_matrix])
def test_nothing_to_draw_is_a_sentence(draw, frame, message):
    with pytest.raises(CourseError, match=message) as caught:
        draw(frame, "Nothing")
    assert "\n" not in str(caught.value)


def test_a_trial_without_a_status_has_none_to_draw():
    with pytest.raises(CourseError, match="status: a trial has none"):
        viz.plot_parallel(search(status=None), "All", every=True)


def test_five_thousand_trials_are_drawn_in_under_a_second():
    frame = search().sample(5_000, replace=True, random_state=1).assign(
        trial=range(5_000), score=np.arange(5_000.0), layers=[[number % 7] for number in range(5_000)]
    )
    for draw in (viz.plot_parallel, viz.plot_still, viz.plot_gates, viz.plot_slices, viz.plot_matrix):
        began = time.process_time()
        draw(frame, "Many")
        assert time.process_time() - began < 1, draw.__name__


def test_what_plotly_itself_draws_is_read_back_too():
    iris = px.data.iris()
    figure = px.parallel_coordinates(iris, color="species_id")
    assert viz.selected(figure, iris).equals(iris)
    figure.data[0].dimensions[3].constraintrange = [[0, 0.2], [2.4, 3]]
    expected = iris[(iris.petal_width <= 0.2) | (iris.petal_width >= 2.4)]
    assert viz.selected(figure, iris).equals(expected)
    assert viz.selected(plotly.io.from_json(figure.to_json()), iris).equals(expected)  # which leaves its arrays as they were sent
    with pytest.raises(CourseError, match="150 lines, and the frame 149 rows"):
        viz.selected(figure, iris.head(149))


def test_other_rows_than_those_drawn_are_refused():
    iris = px.data.iris()
    with pytest.raises(CourseError, match="made from other rows"):
        viz.selected(px.parallel_coordinates(iris, color="species_id"), iris[::-1])
    frame = search()
    figure = viz.plot_parallel(frame, "All", brush={"rate": (1e-3, 1e-1)})
    assert viz.selected(figure, frame.assign(note="mine")).trial.tolist() == [2, 3, 4], "a column more does no harm"
    for other in (frame[::-1], frame.assign(score=0.5), search(score=[0.8, 0.9, 0.7, 0.6, 0.4, np.nan])):
        with pytest.raises(CourseError, match="made from other rows"):
            viz.selected(figure, other)


def test_a_widget_only_where_one_can_live(monkeypatch):
    figure = viz.plot_parallel(search(), "All")
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert viz.brushable(figure) is figure
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook in JupyterLab")
    alive = viz.brushable(figure)
    assert type(alive).__name__ == "FigureWidget"
    # What the browser sends when somebody drags along the second axis, from a to just above it.
    alive.plotly_restyle({"dimensions[1].constraintrange": [[-0.1, 0.25]]}, trace_indexes=[0])
    assert viz.selected(alive, search()).trial.tolist() == [2, 3, 5]


def test_many_lines_are_stored_in_few_bytes():
    frame = search().iloc[:5].sample(10_000, replace=True, random_state=1)
    text = viz.plot_parallel(frame, "Many", ranks=True).to_json()
    axes = [axis["values"] for axis in json.loads(text)["data"][0]["dimensions"]]
    assert {axis["dtype"] for axis in axes} == {"f4", "i2"}, "single precision, and less for names"
    assert all(len(base64.b64decode(axis["bdata"])) == int(axis["dtype"][1]) * 10_000 for axis in axes)
    assert len(text) < 360_000


@pytest.mark.parametrize(("values", "dtype"), [
    ([0.0, 2, 32767], "int16"), ([-32767.0, -0.0], "int16"), ([], "int16"), ([0.0, 32768], "float32"), ([0.5, 2], "float32"),
    ([1e9, 1e9 + 1, 1e9 + 2], "float64"),
])
def test_positions_are_stored_in_as_few_bytes_as_hold_them(values, dtype):
    assert stored(np.array(values)).dtype == dtype


def test_a_brush_on_whole_numbers_ends_between_them():
    frame = pd.DataFrame({"trial": range(9), "status": "completed", "score": np.linspace(0, 1, 9), "units": range(1, 10)})
    figure = viz.plot_parallel(frame, "Units", brush={"units": (2.6, 5.4)})
    assert figure.data[0].dimensions[0].constraintrange == pytest.approx((2.6, 5.4))
    assert viz.selected(figure, frame).units.tolist() == [3, 4, 5]


def test_an_optuna_study_as_it_comes():
    def objective(trial):
        if trial.suggest_categorical("kind", ["a", "b"]) == "b":
            trial.suggest_float("only_b", 1e-3, 1, log=True)
        if trial.number == 2:
            raise ZeroDivisionError
        trial.report(trial.number, 1)
        if trial.number == 4:
            raise optuna.TrialPruned
        return trial.number

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(1))
    study.optimize(objective, n_trials=8, catch=(ZeroDivisionError,))
    frame = trials_frame(study)
    picture = viz.plot_parallel(frame, "All", every=True, brush={"status": ["FAILED"]})
    assert viz.selected(picture, frame).trial.tolist() == [3]


def test_a_still_picture_shows_the_same_lines():
    frame = search()
    _, heights, kept, line = viz.still_data(frame, every=True, brush={"kind": ["a"], "rate": (1e-3, 1e-2)})
    assert heights.shape == (6, 5) and heights.min() == 0 and heights.max() == 1
    assert kept.tolist() == [False, True, True, False, False, False]
    assert line["color"].argmax() == 1 and line["color"].argmin() == 5 and line["cmin"] == 0
    living = viz.plot_parallel(frame, "All", every=True, brush={"kind": ["a"], "rate": (1e-3, 1e-2)})
    assert viz.selected(living, frame).trial.tolist() == frame.trial[kept].tolist()
    drawn = viz.plot_still(frame, "All", every=True)
    assert len({trace.line.color for trace in drawn.data if trace.mode == "lines"}) == 6  # the pruned one has its own
    assert not any(trace.type == "parcoords" for trace in drawn.data)
    assert sum(np.isnan(trace.y).sum() for trace in drawn.data if trace.mode == "lines") == 6  # a gap after each line


def test_a_lesson_has_no_more_living_pictures_than_a_browser_keeps(notebook):
    # Each takes three WebGL drawings of the sixteen that a page may have; with more, the oldest are wiped.
    outputs = [output for cell in read(notebook)["cells"] for output in cell.get("outputs", [])]
    figures = [output.get("data", {}).get("application/vnd.plotly.v1+json") for output in outputs]
    living = [figure for figure in figures if figure and any(t["type"] == "parcoords" for t in figure["data"])]
    assert len(living) <= 5, f"there are {len(living)}: draw some with viz.plot_still"


@pytest.mark.parametrize("names, aslant", [
    (["C (log)", "batch_size", "param_epochs", "optimizer", "units", "dropout", "activation", "score"], True),
    (["learning_rate (log)", "optimizer", "a", "b", "c", "d", "score"], True),
    (["units", "learning_rate (log)", "dropout", "score"], False),
    (["one", "score"], False),
])
def test_names_that_would_meet_on_a_phone_rise_to_the_right(names, aslant):
    frame = pd.DataFrame({name.removesuffix(" (log)"): [0.1, 0.2, 0.4] for name in names})
    scales = {name.removesuffix(" (log)"): "log" for name in names if name.endswith("(log)")}
    lines = viz.plot_parallel(frame.assign(direction="max", status="COMPLETED"), "T", scales=scales, objective=names[-1]).data[0]
    assert (lines.labelangle < 0) == aslant
