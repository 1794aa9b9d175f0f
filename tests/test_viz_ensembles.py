"""The figures of ensembles: their data compared exactly, and that they can be drawn."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib import viz
from lib.errors import CourseError


def test_pairs_have_no_diagonal():
    matrix = np.array([[1, 0.5], [0.5, 1]])
    table = viz.pairs_data(matrix, ["a", "b"])
    assert table.loc["a", "b"] == table.loc["b", "a"] == 0.5 and np.isnan(np.diag(table)).all()
    assert matrix[0, 0] == 1, "the caller's matrix is left as it was"


def test_pairs_are_drawn_with_their_names():
    (heat,) = viz.plot_pairs([[1, 0.5], [0.5, 1]], ["a", "b"], "title", "share", low=0, high=0.9).data
    assert list(heat.x) == list(heat.y) == ["a", "b"] and (heat.zmin, heat.zmax) == (0, 0.9)
    assert heat.texttemplate and heat.z[0][1] == 0.5
    many = [f"member {number}" for number in range(20)]
    assert viz.plot_pairs(np.ones((20, 20)), many, "title", "share").data[0].texttemplate is None


def test_a_trend_goes_through_points_on_a_line():
    line = viz.trend_data([0, 1, 3], [1, -1, -5])
    assert line["x"] == [0, 3] and np.allclose(line["y"], [1, -5]) and line["correlation"] == pytest.approx(-1)


def test_points_by_kind():
    frame = pd.DataFrame({"apart": [0.1, 0.2, 0.3], "gain": [1.0, 2.0, 3.0], "team": ["clones", "mixed", "clones"]})
    clones, mixed, line = viz.plot_points(frame, "apart", "gain", "team", "title", "x", "y", trend=True).data
    assert list(clones.x) == [0.1, 0.3] and list(mixed.y) == [2.0] and clones.marker.symbol != mixed.marker.symbol
    assert line.name == "trend, correlation 1.00"
    assert len(viz.plot_points(frame, "apart", "gain", "team", "title", "x", "y").data) == 2


def test_points_have_a_line_where_both_are_equal():
    frame = pd.DataFrame({"members": [0.3, 0.7, 0.5], "stack": [0.9, 0.8, 0.7], "team": "clones"})
    line = viz.plot_points(frame, "members", "stack", "team", "title", "x", "y", equal="no gain").data[-1]
    assert line.name == "no gain" and list(line.x) == list(line.y) == [0.3, 0.7]


def test_a_few_measurements_are_dots_with_their_mean():
    index = pd.MultiIndex.from_product([["four", "five"], [0, 1]])
    table = pd.DataFrame({"vote": [0.8, 0.9, 0.7, 0.7], "stack": [0.8, 1.0, 0.9, 0.9]}, index)
    figure = viz.plot_dots(table, "title", "accuracy")
    found = {trace.name: (trace.type, list(trace.x), set(trace.y), trace.yaxis) for trace in figure.data}
    assert found["four: stack"] == ("scatter", [0.8, 1.0], {"stack"}, "y")
    assert found["five: vote, mean"] == ("scatter", [0.7], {"vote"}, "y2") and len(found) == 8
    assert [note.text for note in figure.layout.annotations] == ["four", "five"]


def test_a_classifier_that_is_right_as_often_as_it_is_sure_lies_on_the_diagonal():
    rng = np.random.default_rng(1)
    sure = rng.uniform(0.5, 1, 50_000)
    votes = np.column_stack([sure, 1 - sure])
    honest = viz.reliability_data(votes, rng.random(50_000) > sure)
    assert len(honest) == 5 and honest.share.sum() == pytest.approx(1)
    assert np.abs(honest.confidence - honest.accuracy).max() < 0.02
    boaster = viz.reliability_data(np.tile([1.0, 0.0], (4, 1)), [0, 1, 0, 1])
    assert boaster.to_dict("records") == [{"confidence": 1.0, "accuracy": 0.5, "share": 1.0}]


@pytest.mark.parametrize("votes, y", [([[0.9, 0.9]], [0]), ([0.9], [0]), ([[0.5, 0.5]], [0, 1]), ([[np.nan, 1]], [0])])
def test_a_reliability_of_what_is_no_probability_is_refused(votes, y):
    with pytest.raises(CourseError):
        viz.reliability_data(votes, y)


TWO = [[0.75, 0.25], [0.25, 0.75]]


@pytest.mark.parametrize("votes, y, bins, message", [
    ([[1.5, -0.5], [0.2, 0.8]], [0, 1], 10, "probabilities: -0.5 found; expected 0 to 1: are these logits"),
    ([[2.0, -1.0, 0.0]], [0], 10, "probabilities: -1 found"),
    (TWO, [1, 2], 10, "y: class 2 found; expected 0 to 1"), (TWO, [-1, 0], 10, "y: class -1 found"),
    (TWO, [0.0, 0.5], 10, "y: float64 found; expected class numbers"), (TWO, ["a", "a"], 10, "y: 1 names of classes found"),
    (TWO, [0, 1], 0, "bins: 0 found; expected 1 or more"), (TWO, [0, 1], -3, "bins: -3"), (TWO, [0, 1], 2.5, "bins: 2.5"),
])
def test_a_reliability_says_what_is_wrong(votes, y, bins, message):
    with pytest.raises(CourseError, match=f"^{message}"):
        viz.reliability_data(votes, y, bins)


@pytest.mark.parametrize("y", [[0, 0], ["a", "b"], [[1, 0], [0, 1]], [False, True]])
def test_a_reliability_takes_the_truth_as_lib_ensembles_does(y):
    right = 0.5 if y == [0, 0] else 1.0
    assert viz.reliability_data(TWO, y, bins=1).to_dict("records") == [{"confidence": 0.75, "accuracy": right, "share": 1.0}]
    nearly = viz.reliability_data([[1.001, -0.001]], [0])
    assert nearly.share.tolist() == [1.0], "a softmax in 16 bits is one"


def test_bags_count_each_row():
    counts = viz.bags_data([[0, 0, 2, 0], [3, 1, 2, 0]], 5)
    assert counts.tolist() == [[3, 0, 1, 0, 0], [1, 1, 1, 1, 0]]


def test_bags_are_drawn_with_the_true_counts_beneath():
    (heat,) = viz.plot_bags([[0] * 7, [1] * 7], 2, "title").data
    assert np.array(heat.z).tolist() == [[3, 0], [0, 3]] and np.array(heat.customdata).tolist() == [[7, 0], [0, 7]]
    assert list(heat.y) == ["member 1", "member 2"]


def test_an_error_is_the_sum_of_its_parts():
    rng = np.random.default_rng(1)
    predictions, y = rng.normal(size=(6, 40)), rng.normal(size=40)
    parts = viz.decomposition_data(predictions, y)
    assert sum(parts.values()) == pytest.approx(np.mean((predictions - y) ** 2))
    same = viz.decomposition_data(np.ones((3, 4)), [0, 0, 0, 2])
    assert same == {"bias² and noise": 1.0, "variance": 0.0}


SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 8))


@given(hnp.arrays("float16", SHAPES, elements=st.floats(-300, 300, width=16)), st.booleans())
def test_an_error_in_16_bits_is_the_sum_of_its_parts_too(predictions, column):
    y = np.linspace(-300, 300, predictions.shape[1])
    parts = viz.decomposition_data(predictions, y[:, None] if column else y)
    assert sum(parts.values()) == pytest.approx(np.mean((predictions.astype(float) - y) ** 2))


def test_stages_go_from_left_to_right():
    table = viz.stages_data([3, 1, 2], np.array([[0, 0, 0], [30, 10, 20], [9, 7, 8]]), [0, 2])
    assert table.rounds.tolist() == [0, 0, 0, 2, 2, 2] and table.x.tolist() == [1, 2, 3, 1, 2, 3]
    assert table.y.tolist() == [0, 0, 0, 7, 8, 9]


@pytest.mark.parametrize("x, staged", [
    ([3, 1, 2], np.ones((2, 5))), ([3, 1, 2, 4], np.ones((2, 3))), ([[3, 1, 2]], np.ones((2, 3))), ([3, 1, 2], np.ones(3)),
])
def test_stages_of_other_samples_are_refused(x, staged):
    with pytest.raises(CourseError, match=r"^staged: shape .* found; expected"):
        viz.stages_data(x, staged, [1])
    with pytest.raises(CourseError, match=r"^y: shape \(2,\) found; expected \(3,\)"):
        viz.plot_stages([3, 1, 2], [1, 2], np.ones((2, 3)), [1], "title", "x", "y")


def test_stages_are_drawn_over_the_data():
    figure = viz.plot_stages([2, 1], [5, 6], np.array([[5.5, 5.5], [5, 6]]), [0, 1], "title", "x", "y")
    data, none, one = figure.data
    assert list(data.y) == [5, 6] and (none.name, one.name) == ("0 rounds", "1 round")
    assert list(one.x) == [1, 2] and list(one.y) == [6, 5]
