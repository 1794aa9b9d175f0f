"""The data behind the figures of HyperModels and folds, and that each figure can be drawn from them."""

import numpy as np
import pandas as pd

from lib import viz

SCORES = pd.DataFrame(
    [[0.9, 0.8, 0.85, 0.0707], [0.7, 0.7, 0.7, 0.0]],
    columns=["fold 1", "fold 2", "mean", "sd"], index=pd.Index([1, 3], name="trial"),
)
NEST = pd.DataFrame({"inner score": [0.9, 0.8], "outer score": [0.85, 0.81]}, index=[1, 2])


def test_variants_are_bytes_and_cut_off():
    kinds = {"as it is": np.full((2, 1, 2), 0.4, "float32"), "changed": np.array([[[-0.1, 1.2]]], "float32")}
    bytes_of = viz.variants_data(kinds)
    assert bytes_of["as it is"].tolist() == [[[102, 102]]] * 2 and bytes_of["changed"].tolist() == [[[0, 255]]]
    figure = viz.plot_variants(kinds, "title")
    assert len(figure.data) == 3 and [title.text for title in figure.layout.annotations] == ["as it is", "changed"]


def test_folds_are_long_and_keep_the_trial():
    assert viz.fold_points_data(SCORES).values.tolist() == [[1, 1, 0.9], [1, 2, 0.8], [3, 1, 0.7], [3, 2, 0.7]]


def test_dots_of_one_trial_lie_side_by_side():
    means, dots = viz.plot_fold_scores(SCORES, "title", "accuracy").data
    assert list(means.x) == [1, 3] and list(means.y) == [0.85, 0.7]
    assert np.allclose(dots.x, [0.94, 1.06, 2.94, 3.06]) and list(dots.text) == [1, 2, 1, 2]


def test_inner_and_outer_end_with_their_mean():
    table = viz.inner_outer_data(NEST)
    assert table.line.tolist() == ["outer fold 1", "outer fold 2", "mean"]
    assert np.allclose(table[["inner", "outer"]], [[0.9, 0.85], [0.8, 0.81], [0.85, 0.83]])
    lines = viz.plot_inner_outer(NEST, "title", "accuracy").data
    assert [list(line.y) for line in lines] == table[["inner", "outer"]].to_numpy().tolist()
    assert [line.name for line in lines if line.showlegend] == ["one outer fold", "mean"]
