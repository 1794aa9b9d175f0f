"""The data behind the figures of ensembles, compared exactly; and that each figure can be drawn from them."""

import numpy as np
import pandas as pd
import pytest

from lib import viz


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


PRICES = pd.DataFrame(
    {"ms": [1.0, 4.0, 2.0, 4.0, 9.0], "accuracy": [0.8, 0.9, 0.8, 0.85, 0.91]}, index=["one", "team", "slow", "poor", "all"]
)


def test_what_is_worth_its_price():
    table = viz.price_data(PRICES, "ms", "accuracy")
    assert table.worth.to_dict() == {"one": True, "slow": False, "team": True, "poor": False, "all": True}
    assert table.ms.tolist() == [1, 2, 4, 4, 9]


def test_prices_are_drawn_with_a_front():
    front, worth, others = viz.plot_price(PRICES, "ms", "accuracy", "title", "x", "y").data
    assert list(front.x) == [1, 4, 9] and list(worth.text) == ["one", "team", "all"] and list(others.text) == ["slow", "poor"]
    assert len(viz.plot_price(PRICES.loc[["one"]], "ms", "accuracy", "title", "x", "y").data) == 2
