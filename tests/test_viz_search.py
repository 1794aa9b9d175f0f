"""The figures of searches at work: their data compared exactly, and that they can be drawn."""

import pandas as pd
import pytest

from lib import viz
from lib.errors import CourseError

STEPS = [
    ("Tuner", "Oracle", "create_trial()", "RUNNING"),
    ("Tuner", "Tuner", "build and fit", "RUNNING"),
    ("Tuner", "Oracle", "end_trial(trial)", "COMPLETED"),
    ("Oracle", "disk", "trial.json", "COMPLETED"),
]


def test_who_takes_part_in_a_journey_and_when():
    lanes, table = viz.journey_data(STEPS)
    assert lanes == ["Tuner", "Oracle", "disk"]
    assert table[["step", "sender", "receiver"]].values.tolist() == [[1, 0, 1], [2, 0, 0], [3, 0, 1], [4, 1, 2]]
    assert table.what.tolist() == [what for *_, what, _ in STEPS]


def test_a_journey_is_drawn_with_its_statuses():
    figure = viz.plot_journey(STEPS, "title")
    statuses = figure.data[-1]
    assert list(statuses.text) == ["RUNNING", "RUNNING", "COMPLETED", "COMPLETED"]
    assert statuses.marker.color[0] == viz.GREEN and statuses.marker.color[-1] == viz.BLUE
    arrows = [(note.ax, note.x) for note in figure.layout.annotations if note.showarrow]
    assert arrows == [(0, 1), (0, pytest.approx(0.12)), (0, 1), (1, 2)]
    texts = [note.text for note in figure.layout.annotations]
    assert "1  create_trial()" in texts and "<b>disk</b>" in texts


def proposals():
    rows = [("grid", 2, 0.5, 1e-3, 0.7), ("grid", 1, 0.1, 1e-3, 0.6), ("random", 1, 0.3, 1e-1, 0.8)]
    return pd.DataFrame(rows, columns=["oracle", "trial", "dropout", "rate", "score"])


def test_proposals_in_the_order_of_the_trials():
    panels = viz.proposals_data(proposals(), "dropout", "rate")
    assert list(panels) == ["grid", "random"]
    assert panels["grid"].values.tolist() == [[0.1, 1e-3, 1, 0.6], [0.5, 1e-3, 2, 0.7]]


def test_a_column_of_the_frame_may_be_called_as_an_axis():
    frame = proposals().assign(x=9.0, y=8.0)
    for name, part in viz.proposals_data(frame, "dropout", "rate").items():
        assert part.equals(viz.proposals_data(proposals(), "dropout", "rate")[name])
    by_x = viz.proposals_data(frame, "dropout", "x", by="x")
    assert by_x[9.0].columns.tolist() == ["x", "y", "trial", "score"] and set(by_x[9.0].y) == {9.0}


@pytest.mark.parametrize("told, best", [({}, "trial 2"), ({"direction": "max"}, "trial 2"), ({"direction": "min"}, "trial 1")])
def test_the_best_proposal_is_that_of_the_direction(told, best):
    said = viz.plot_proposals(proposals().assign(**told), "rate", "dropout", "title").layout.meta["said"]
    assert f"the best, {best}, at" in said[0]
    with pytest.raises(CourseError, match="direction is 'minimize'; it can be 'max' or 'min'"):
        viz.plot_proposals(proposals().assign(direction="minimize"), "rate", "dropout", "title")


def test_a_panel_for_each_oracle_on_common_axes():
    figure = viz.plot_proposals(proposals(), "rate", "dropout", "title", log_x=True)
    assert [list(points.x) for points in figure.data] == [[1e-3, 1e-3], [1e-1]]
    assert [list(points.marker.color) for points in figure.data] == [[1, 2], [1]]
    assert figure.layout.xaxis2.matches == "x" and figure.layout.yaxis2.matches == "y"
    assert figure.layout.xaxis.type == figure.layout.xaxis2.type == "log" and figure.layout.yaxis.type is None
    assert [note.text for note in figure.layout.annotations] == ["grid", "random"]


def test_the_peak_is_marked_in_every_panel():
    figure = viz.plot_proposals(proposals(), "rate", "dropout", "title", peak=(1e-2, 0.3))
    crosses = [points for points in figure.data if points.marker.symbol == "cross-thin"]
    assert [(*cross.x, *cross.y) for cross in crosses] == [(1e-2, 0.3)] * 2


def test_a_landscape_lies_under_the_points_of_every_panel():
    frame = proposals().rename(columns={"oracle": "sampler"})
    figure = viz.plot_proposals(frame, "rate", "dropout", "title", by="sampler", landscape=lambda x, y: 10 * x + y)
    assert [trace.type for trace in figure.data] == ["contour", "scatter"] * 2
    heights = figure.data[0].z
    assert heights[0, 0] == 0.11 and heights[0, -1] == 1.1 and heights[-1, 0] == 0.51  # upwards is dropout, across the rate
