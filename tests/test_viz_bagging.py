"""The data behind the figures of bagging, compared exactly; and that each figure can be drawn from them."""

import numpy as np
import pytest

from lib import viz


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


def test_parts_are_drawn_as_stacked_bars():
    parts = {"one": {"bias² and noise": 3.0, "variance": 2.0}, "team": {"bias² and noise": 3.0, "variance": 1.0}}
    figure = viz.plot_decomposition(parts, "title", "x")
    bias, variance = figure.data
    assert list(bias.x) == [3, 3] and list(variance.x) == [2, 1] and list(bias.y) == ["one", "team"]
    assert figure.layout.barmode == "stack"
