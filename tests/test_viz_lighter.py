"""The data behind the figures of lighter models, compared exactly; and that each figure can be drawn from them."""

import numpy as np
import pandas as pd
import pytest

from lib import viz

KERNELS = {"before": np.array([[-1.0, 0.1], [0.2, 1.0]]), "after": np.array([[-1.0, 0.0], [0.0, 1.0]])}


def test_weights_share_their_bins_and_zeros_stand_apart():
    table = viz.weights_data(KERNELS, bins=4)
    before, after = (table[table.kernel == name] for name in KERNELS)
    assert before.weight.tolist() == after.weight.tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert before["count"].tolist() == [1, 0, 2, 1] and after["count"].tolist() == [1, 0, 0, 1]
    assert set(before.zeros) == {0.0} and set(after.zeros) == {0.5}


def test_weights_are_drawn_with_their_zeros_in_the_legend():
    first, second = viz.plot_weights(KERNELS, "title", bins=4).data
    assert first.name == "before: 0% are exactly 0" and second.name == "after: 50% are exactly 0"
    assert first.line.dash != second.line.dash and list(second.y) == [1, 0, 0, 1]


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
    front, *kinds = viz.plot_front(MODELS, "kilobytes", "accuracy", "kind", "title", "kB", "accuracy").data
    assert list(front.x) == [100, 900] and list(front.y) == [0.8, 0.9] and front.line.shape == "hv"
    assert [trace.name for trace in kinds] == ["small", "heavy", "team"], "in the order of the table"
    assert list(kinds[0].text) == ["s", "t"] and len({trace.marker.symbol for trace in kinds}) == 3


def test_a_budget_is_a_line():
    figure = viz.plot_front(MODELS, "kilobytes", "accuracy", "kind", "title", "kB", "accuracy", budget=500)
    assert figure.layout.shapes[0].x0 == 500
    assert not viz.plot_front(MODELS, "kilobytes", "accuracy", "kind", "title", "kB", "accuracy").layout.shapes


@pytest.mark.parametrize("rows", [1, 2])
def test_few_models_are_drawn_too(rows):
    figure = viz.plot_front(MODELS.head(rows), "kilobytes", "accuracy", "kind", "title", "kB", "accuracy")
    low, high = figure.layout.xaxis.range
    assert low < 2 < high
