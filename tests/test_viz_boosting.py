"""The data behind the figures of boosting, compared exactly; and that each figure can be drawn from them."""

import numpy as np

from lib import viz


def test_heavy_and_light_samples_are_found():
    table = viz.heavy_data([1, 8, 2, 4, 0, 3], 2)
    assert table.row.tolist() == [1, 3, 4, 0] and table.end.tolist() == ["heavy", "heavy", "light", "light"]
    assert np.allclose(table.times, np.array([8, 4, 0, 1]) / 3)


def test_heavy_pictures_are_drawn_above_light_ones():
    x = np.arange(6)[:, None, None] * np.ones((6, 2, 3)) / 5
    figure = viz.plot_heavy(x, [1, 8, 2, 4, 0, 3], list("abcdef"), n=2)
    assert [int(np.array(heat.z)[0, 0]) for heat in figure.data] == [51, 153, 204, 0]
    assert [note.text.split("<br>")[0] for note in figure.layout.annotations] == ["b", "d", "e", "a"]
    assert figure.layout.annotations[0].text.endswith("× 2.67")


def test_stages_go_from_left_to_right():
    table = viz.stages_data([3, 1, 2], np.array([[0, 0, 0], [30, 10, 20], [9, 7, 8]]), [0, 2])
    assert table.rounds.tolist() == [0, 0, 0, 2, 2, 2] and table.x.tolist() == [1, 2, 3, 1, 2, 3]
    assert table.y.tolist() == [0, 0, 0, 7, 8, 9]


def test_stages_are_drawn_over_the_data():
    figure = viz.plot_stages([2, 1], [5, 6], np.array([[5.5, 5.5], [5, 6]]), [0, 1], "title", "x", "y")
    data, none, one = figure.data
    assert list(data.y) == [5, 6] and (none.name, one.name) == ("0 rounds", "1 round")
    assert list(one.x) == [1, 2] and list(one.y) == [6, 5]
