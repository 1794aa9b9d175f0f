"""The figures of searches on many workers: their data compared exactly, and that they can be drawn."""

import pytest

from lib import viz

LOG = [
    {"trial_id": "1", "worker": 1, "start": 101.0, "seconds": 3.0, "status": "COMPLETE"},
    {"trial_id": "0", "worker": 0, "start": 100.0, "seconds": 2.0, "status": "FAIL"},
    {"trial_id": "2", "worker": 0, "start": 102.0, "seconds": 1.0, "status": "PRUNED"},
]


def test_shifts_begin_with_the_first_trial():
    table = viz.shifts_data(LOG)
    assert table.trial.tolist() == ["0", "1", "2"]
    assert table[["worker", "start", "end"]].values.tolist() == [[0, 0, 2], [1, 1, 4], [0, 2, 3]]
    assert table["round"].tolist() == [0, 0, 0]


def test_busy_workers_and_idle_time():
    steps, sums = viz.busy_data(LOG, 2)
    assert steps.values.tolist() == [[0, 1], [1, 2], [2, 2], [3, 1], [4, 0]]
    assert sums == {"makespan": 4.0, "idle": pytest.approx(0.25)}
    assert viz.busy_data(LOG, 3)[1]["idle"] == pytest.approx(0.5)


def test_a_bar_for_each_trial_and_a_colour_for_each_end():
    figure = viz.plot_shifts({"real": LOG, "again": LOG}, "title")
    assert [bars.name for bars in figure.data] == ["completed", "failed", "pruned"] * 2
    assert [bars.showlegend for bars in figure.data] == [True] * 3 + [False] * 3
    ended, failed, _ = figure.data[:3]
    assert (list(ended.base), list(ended.x), list(ended.y)) == ([1.0], [3.0], [1])
    assert failed.marker.color == viz.VERMILION
    assert [note.text for note in figure.layout.annotations] == ["real", "again"]


def test_rounds_have_colours():
    rows = [row | {"round": number} for number, row in enumerate(LOG)]
    figure = viz.plot_shifts({"halving": rows}, "title", rounds=True)
    assert [bars.name for bars in figure.data] == ["round 1", "round 2", "round 3"]
    assert len({bars.marker.color for bars in figure.data}) == 3


def test_the_lines_of_busy_workers_name_what_was_idle():
    figure = viz.plot_busy({"one way": LOG, "another": LOG}, 2, "title")
    assert [line.name for line in figure.data] == ["one way: 25% idle", "another: 25% idle"]
    assert figure.layout.yaxis.range[1] > 2 and figure.data[0].line.shape == "hv"


def test_speedups_are_against_one_worker():
    table = viz.speedup_data({4: 25.0, 1: 50.0, 2: 25.0})
    assert table.workers.tolist() == [1, 2, 4]
    assert table.speedup.tolist() == [1, 2, 2]
    assert table.efficiency.tolist() == [1, 1, 0.5]


def test_speedups_are_drawn_beside_the_ideal():
    curves = {"law": {1: 10.0, 64: 1.0}, "measured": {1: 10.0, 2: 6.0}}
    ideal, law, measured = viz.plot_speedup(curves, "title", points=["measured"]).data
    assert (list(ideal.x), list(ideal.y)) == ([1, 64], [1, 64])
    assert law.mode == "lines" and measured.mode == "markers"
    assert list(law.y) == [1, 10]
