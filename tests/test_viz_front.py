"""The front of what accuracy costs: its data compared exactly, and that it can be drawn."""

import numpy as np
import pandas as pd
import pytest

from lib import viz
from lib.errors import CourseError

PRICES = pd.DataFrame(
    {"ms": [1.0, 4.0, 2.0, 4.0, 9.0], "accuracy": [0.8, 0.9, 0.8, 0.85, 0.91]}, index=["one", "team", "slow", "poor", "all"]
)


def test_what_is_worth_its_price():
    table = viz.front_data(PRICES, "ms", "accuracy")
    assert table.front.to_dict() == {"one": True, "slow": False, "team": True, "poor": False, "all": True}
    assert table.ms.tolist() == [1, 2, 4, 4, 9]


def test_a_gain_within_the_uncertainty_is_none():
    table = pd.DataFrame({"ms": [1.0, 2.0, 3.0, 4.0], "accuracy": [0.860, 0.864, 0.871, 0.8715]}, index=list("abcd"))
    assert viz.front_data(table, "ms", "accuracy").front.all()
    assert viz.front_data(table, "ms", "accuracy", least=0.01).front.to_dict() == {"a": True, "b": False, "c": True, "d": False}
    drawn = viz.plot_front(table, "ms", "accuracy", "title", "x", "y", least=0.01).data
    assert list(drawn[0].x) == [1, 3] and set(drawn[1].error_y.array) == {0.005}


@pytest.mark.parametrize("unknown", [np.nan, pd.NA])
def test_an_unknown_price_or_gain_is_no_reason_to_be_worth_it(unknown):
    table = pd.DataFrame({"ms": [1.0, 2.0, 3.0, unknown], "accuracy": [0.8, unknown, 0.9, 0.99]}, index=list("abcd"))
    assert viz.front_data(table, "ms", "accuracy").front.to_dict() == {"a": True, "b": False, "c": True, "d": False}
    assert list(viz.plot_front(table, "ms", "accuracy", "title", "x", "y").data[0].x) == [1, 3]


@pytest.mark.parametrize("least", [np.nan, -1, -1e-9, np.inf, None, "0"])
def test_a_least_gain_that_is_none_is_refused(least):
    for call in (viz.front_data, lambda *some, least: viz.plot_front(*some, "title", "x", "y", least=least)):
        with pytest.raises(CourseError, match=r"^least: .* found; expected 0 or more"):
            call(PRICES, "ms", "accuracy", least=least)


@pytest.mark.parametrize("cost, gain", [("kb", "accuracy"), ("kB", "kind")])
def test_what_is_no_column_of_numbers_is_told(cost, gain):
    table = pd.DataFrame({"kB": [1.0, 5.0], "accuracy": [0.8, 0.9], "kind": ["a", "b"]}, index=["one", "two"])
    with pytest.raises(CourseError, match=f"'{cost}' or '{gain}' is no column of numbers in this table; its columns are kB,"):
        viz.front_data(table, cost, gain)


def test_a_price_of_nothing_is_told():
    with pytest.raises(CourseError, match="cost: 'one' costs 0, and a logarithmic axis begins above 0"):
        viz.plot_front(PRICES.assign(ms=range(5)), "ms", "accuracy", "title", "x", "y")


def test_prices_are_drawn_with_a_front():
    front, worth, others = viz.plot_front(PRICES, "ms", "accuracy", "title", "x", "y").data
    assert list(front.x) == [1, 4, 9] and list(worth.text) == ["one", "team", "all"] and list(others.text) == ["slow", "poor"]
    assert len(viz.plot_front(PRICES.loc[["one"]], "ms", "accuracy", "title", "x", "y").data) == 2


def test_names_get_out_of_each_others_way():
    one, other = viz.places_data([0.5, 0.5, 0.0, 1.0], [0.5, 0.5, 0.0, 1.0], ["a model", "another", "low", "high"])[:2]
    assert one != other
    places = viz.places_data([0.0, 1.0], [0.0, 1.0], ["a rather long name at the left", "a rather long name at the right"])
    (beside,) = {viz.places_data([0, 1], [0, 0.001], ["abc", "x"])[0]}
    assert beside == "middle right"
    assert viz.places_data([0, 1], [0, 0.001], ["abc", "x"], front=[0, 1])[0] != beside, "the line goes there"
    assert places[0].endswith("right") and places[1].endswith("left"), "a name stays inside the drawing"


MODELS = pd.DataFrame(
    {"kilobytes": [100.0, 900.0, 300.0, 950.0], "accuracy": [0.8, 0.9, 0.79, 0.9], "kind": ["small", "heavy", "small", "team"]},
    index=["s", "h", "t", "e"],
)


def test_the_front_is_a_step_line_of_what_nothing_beats():
    front, *kinds = viz.plot_front(MODELS, "kilobytes", "accuracy", "title", "kB", "accuracy", "kind").data
    assert list(front.x) == [100, 900] and list(front.y) == [0.8, 0.9] and front.line.shape == "hv"
    assert [trace.name for trace in kinds] == ["small", "heavy", "team"], "in the order of the table"
    assert list(kinds[0].text) == ["s", "t"] and len({trace.marker.symbol for trace in kinds}) == 3


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA])
@pytest.mark.parametrize("kinds", [["small", "heavy", "small"], [1, 2, 1], [1.5, 2.5, 1.5], [True, False, True]])
def test_a_model_without_a_kind_is_drawn_too(gap, kinds):
    models = MODELS.assign(kind=pd.Series([*kinds, gap], MODELS.index, dtype=object))
    _, *drawn = viz.plot_front(models, "kilobytes", "accuracy", "title", "kB", "accuracy", "kind").data
    assert [trace.name for trace in drawn] == [*map(str, dict.fromkeys(kinds)), "(none)"]
    assert sorted(name for trace in drawn for name in trace.text) == sorted(MODELS.index)
    assert models.kind.isna().sum() == 1, "the caller's table is left as it was"


def test_a_budget_is_a_line():
    figure = viz.plot_front(MODELS, "kilobytes", "accuracy", "title", "kB", "accuracy", "kind", budget=500)
    assert figure.layout.shapes[0].x0 == 500
    assert not viz.plot_front(MODELS, "kilobytes", "accuracy", "title", "kB", "accuracy", "kind").layout.shapes


@pytest.mark.parametrize("rows", [1, 2])
def test_few_models_are_drawn_too(rows):
    figure = viz.plot_front(MODELS.head(rows), "kilobytes", "accuracy", "title", "kB", "accuracy", "kind")
    low, high = figure.layout.xaxis.range
    assert low < 2 < high
