"""The figures of pictures and columns: their data compared exactly, and that they can be drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from lib import viz
from lib.errors import CourseError


def test_the_first_picture_of_each_class():
    x = np.stack([np.full((2, 3), value, "float32") for value in (0.2, 0.4, 0.6, 0.8)])
    y = np.array([1, 0, 2, 1])
    pictures = viz.pictures_data(x, y, ("a", "b", "c"))
    firsts = {name: float(picture[0, 0]) for name, picture in pictures.items()}
    assert firsts == {"a": x[1, 0, 0], "b": x[0, 0, 0], "c": x[2, 0, 0]}
    figure = viz.plot_pictures(x, y, ("a", "b", "c"))
    assert [title.text for title in figure.layout.annotations] == ["a", "b", "c"]
    assert [heat.z.tolist() for heat in figure.data] == [[[102] * 3] * 2, [[51] * 3] * 2, [[153] * 3] * 2]


def test_pictures_as_bytes_and_labels_as_names_are_the_same_picture():
    x = np.arange(24, dtype="uint8").reshape(4, 2, 3)
    drawn = [
        viz.plot_pictures(pictures, y, ["a", "b"])
        for pictures in (x, x[..., None], x / 255) for y in ([1, 0, 1, 0], ["b", "a", "b", "a"], [[1], [0], [1], [0]])
    ]
    assert all([heat.z.tolist() for heat in each.data] == [x[1].tolist(), x[0].tolist()] for each in drawn)


def test_variants_are_bytes_and_cut_off():
    kinds = {"as it is": np.full((2, 1, 2), 0.4, "float32"), "changed": np.array([[[-0.1, 1.2]]], "float32")}
    figure = viz.plot_variants(kinds, "title")
    assert [heat.z.tolist() for heat in figure.data] == [[[102, 102]], [[102, 102]], [[0, 255]]]
    assert [heat.yaxis for heat in figure.data] == ["y", "y2", "y3"], "one row for each thing that was done"
    assert [title.text for title in figure.layout.annotations] == ["as it is", "changed"]


def test_deviations_of_columns():
    x = np.array([[0.0, 10, 5], [2, -10, 5]])
    assert viz.deviations_data(x, ("a", "b", "same")).to_dict() == {"b": 10.0, "a": 1.0}
    assert viz.plot_deviations(x, ("a", "b", "same")).data[0].x.tolist() == [10.0, 1.0]


def test_confusion_agrees_with_scikit_learn():
    from sklearn.metrics import confusion_matrix

    rng = np.random.default_rng(1)
    y_true, y_pred = rng.integers(0, 4, (2, 200))
    counts = viz.confusion_data(y_true, y_pred, list("abcd"))
    assert np.array_equal(counts, confusion_matrix(y_true, y_pred))
    assert counts.index.tolist() == list("abcd")
    assert viz.plot_confusion(y_true, y_pred, list("abcd")).data[0].z.sum() == 4  # each class divides into shares of 1


CLASS = st.integers(0, 4)


@given(st.lists(st.tuples(CLASS, CLASS), min_size=1, max_size=40), st.sampled_from(["int8", "uint64", object]))
def test_a_confusion_of_any_labels_is_that_of_scikit_learn(pairs, dtype):
    told, said = np.array(pairs, dtype).T
    theirs = confusion_matrix(told.astype(int), said.astype(int), labels=range(5))
    assert np.array_equal(viz.confusion_data(told, said, list("abcde")), theirs)


def test_a_confusion_of_names_is_that_of_their_numbers():
    names = np.array(["ant", "bee", "cat"])
    told, said = np.random.default_rng(1).integers(0, 3, (2, 50))
    assert viz.confusion_data(names[told], names[said], names).equals(viz.confusion_data(told, said, names))


@pytest.mark.parametrize("y_pred", [[0, 1, -1], [0, 1, 2], [0, 1], [1], [0.5, 0, 1]], ids=str)
def test_what_is_no_class_of_a_confusion_matrix_is_told(y_pred):
    with pytest.raises(CourseError, match="y_pred: "):
        viz.confusion_data([0, 1, 1], y_pred, ["a", "b"])
    assert viz.confusion_data([[0], [1]], [1, 1], ["a", "b"]).to_numpy().tolist() == [[0, 1], [0, 1]]
