"""The data behind the figures, compared exactly; and that each figure can be drawn from them."""

import numpy as np
import pandas as pd

from lib import viz


def frame(**columns):
    defaults = {"score": [0.8, 0.9, np.nan], "direction": "max", "seconds": 1.0, "epochs": 2, "status": "COMPLETED"}
    return pd.DataFrame({"trial": [1, 2, 3], **columns, **defaults})


def test_the_first_picture_of_each_class():
    x = np.stack([np.full((2, 3), value, "float32") for value in (0.2, 0.4, 0.6, 0.8)])
    pictures = viz.pictures_data(x, np.array([1, 0, 2, 1]), ("a", "b", "c"))
    assert {name: picture.tolist() for name, picture in pictures.items()} == {
        "a": [[102] * 3] * 2,
        "b": [[51] * 3] * 2,
        "c": [[153] * 3] * 2,
    }
    figure = viz.plot_pictures(x, np.array([1, 0, 2, 1]), ("a", "b", "c"))
    assert [title.text for title in figure.layout.annotations] == ["a", "b", "c"] and len(figure.data) == 3


def test_the_area_of_a_bracket_is_its_cost():
    rows = [
        {"bracket": 1, "round": 0, "trials": 6, "epochs_from": 0, "epochs_to": 4},
        {"bracket": 1, "round": 1, "trials": 2, "epochs_from": 4, "epochs_to": 10},
        {"bracket": 0, "round": 0, "trials": 4, "epochs_from": 0, "epochs_to": 10},
    ]
    outlines = viz.brackets_data(rows)
    assert outlines == {1: ([0, 4, 4, 10], [6, 6, 2, 2]), 0: ([0, 10], [4, 4])}
    assert [np.trapezoid(trials, epochs) for epochs, trials in outlines.values()] == [36, 40]
    assert len(viz.plot_brackets(rows).data) == 2


def test_parallel_axes():
    axes = viz.parallel_data(frame(rate=[1e-4, 1e-2, 1e-3], kind=["b", "a", "a"], same=[1, 1, 1], units=[32, 64, 96]))
    assert [axis["label"] for axis in axes] == ["rate (log)", "kind", "units", "score"]
    rate, kind, units, score = axes
    assert rate["values"].tolist() == [-4, -2] and rate["names"] == ["0.0001", "0.001", "0.01"]
    assert kind["values"].tolist() == [1, 0] and kind["names"] == ["a", "b"]
    assert units["ticks"] == [32, 64] and score["values"].tolist() == [0.8, 0.9]


def test_parallel_picture_is_coloured_by_the_score():
    (drawn,) = viz.plot_parallel(frame(units=[32, 64, 96]), "title").data
    assert list(drawn.line.color) == [0.8, 0.9] and drawn.dimensions[-1].label == "score"


def test_history_is_long():
    table = viz.history_data({"loss": [2.0, 1.0], "val_loss": [3.0, 2.5]})
    assert table.values.tolist() == [
        [1, "loss", "training", 2.0],
        [2, "loss", "training", 1.0],
        [1, "loss", "validation", 3.0],
        [2, "loss", "validation", 2.5],
    ]
    assert [line.name for line in viz.plot_history({"loss": [2.0], "val_loss": [3.0]}, ["loss"]).data] == [
        "training",
        "validation",
    ]


def test_confusion_agrees_with_scikit_learn():
    from sklearn.metrics import confusion_matrix

    rng = np.random.default_rng(1)
    y_true, y_pred = rng.integers(0, 4, (2, 200))
    counts = viz.confusion_data(y_true, y_pred, list("abcd"))
    assert np.array_equal(counts, confusion_matrix(y_true, y_pred))
    assert counts.index.tolist() == list("abcd")
    assert viz.plot_confusion(counts).data[0].z.sum() == 4  # each class divides into shares of 1


def test_parts_are_stacked():
    parts = pd.DataFrame({"compute": [1.0, 1.0], "wait": [3.0, 0.5]}, index=["plain", "fast"])
    figure = viz.plot_parts(parts, "title")
    assert figure.layout.barmode == "stack" and [bar.name for bar in figure.data] == ["compute", "wait"]
