"""The gate for arrays: what it lets through comes out wide and whole, everything else is told in one line."""

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import arrays
from lib.errors import CourseError

WIDTHS = ["float16", "float32", "int8", "uint8", "bool", ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, object]


@pytest.mark.parametrize("dtype", WIDTHS)
def test_numbers_of_any_width_come_out_wide(dtype):
    found = arrays.numbers("x", np.array([0, 1], dtype))
    assert found.dtype == np.float64 and found.tolist() == [0, 1]


def test_numbers_come_from_frames_and_lists():
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    assert arrays.numbers("x", frame).tolist() == [[1, 0.5], [2, 1.5]]
    assert arrays.numbers("x", pd.Series([1, 2], dtype="Int64")).tolist() == [1, 2]
    assert arrays.numbers("x", [[1, 2], [3, 4]], shape=(2, 2)).shape == (2, 2)


@given(st.lists(st.floats(width=16), min_size=1, max_size=20))
def test_numbers_are_finite_or_refused(values):
    array = np.array(values, "float16")
    if np.isfinite(array).all():
        assert (arrays.numbers("x", array) == array).all()
    else:
        with pytest.raises(CourseError, match=r"x: (nan|-?inf) found; expected finite numbers"):
            arrays.numbers("x", array)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.sampled_from(["int8", "uint64", "float32", object]))
def test_one_hot_rows_names_and_numbers_are_the_same_classes(classes, dtype):
    classes = [*range(6), *classes]  # all six, since names have no other number than their place among the present ones
    n, names = len(classes), np.array(list("abcdef"))
    kinds = [np.eye(6, dtype=dtype)[classes], names[classes], names[classes].astype(object), np.array(classes)[:, None]]
    for y in kinds:
        assert arrays.class_numbers("y", y, n, 6).tolist() == classes


BAD = {
    "a dict": (lambda: arrays.numbers("x", {"a": 1}), "x: a dict found; expected an array"),
    "None": (lambda: arrays.numbers("x", None), "x: None found; expected an array"),
    "a generator": (lambda: arrays.numbers("x", (i for i in [1])), "x: a generator found; expected an array"),
    "ragged": (lambda: arrays.numbers("x", [[1, 2], [3]]), "x: rows of different lengths found; expected an array"),
    "text": (lambda: arrays.numbers("x", ["1", "2"]), "x: <U1 found; expected numbers"),
    "a gap": (lambda: arrays.numbers("x", [1, None]), "x: None found; expected numbers"),
    "text in objects": (lambda: arrays.numbers("x", np.array([1, "2"], object)), "x: '2' found; expected numbers"),
    "dates": (lambda: arrays.numbers("x", np.array(["2026-01-01"], "datetime64[D]")), "x: datetime64.* found"),
    "a number of 400 digits": (lambda: arrays.numbers("x", [10**400, 1]), r"x: 10{39} found; expected numbers of 64 bits"),
    "a class of 70 bits": (lambda: arrays.labels("y", [2**70, 1]), "y: 1180591620717411303424 found; expected numbers"),
    "a class of 64 bits": (lambda: arrays.labels("y", np.array([2**64 - 1], "uint64")), "y: 18446744073709551615 found"),
    "a rate of 400 digits": (lambda: arrays.number("rate", 10**400, above=0), "rate: 10{39} found; expected a number above 0"),
    "complex": (lambda: arrays.numbers("x", [1j]), "x: complex128 found; expected numbers"),
    "masked": (lambda: arrays.numbers("x", np.ma.masked_array([1, 2], [True, False])), "x: masked values found"),
    "a shape": (lambda: arrays.numbers("x", [1, 2], shape=(3,)), r"x: shape \(2,\) found; expected \(3,\)"),
    "a mask of row numbers": (lambda: arrays.mask("m", [0, 3]), "m: 3 found; expected True or False for each"),
    "a mask of names": (lambda: arrays.mask("m", ["right", "wrong"]), "m: <U5 found; expected numbers"),
    "a mask with a gap": (lambda: arrays.mask("m", [True, None]), "m: None found"),
    "half a mask": (lambda: arrays.mask("m", [0.5, 1]), "m: 0.5 found; expected True or False"),
    "labels as floats": (lambda: arrays.labels("y", [1.0]), "y: float64 found; expected class numbers, int from 0 on, or names"),
    "labels with a gap": (lambda: arrays.labels("y", ["a", None]), "y: None found; expected class numbers"),
    "labels of two kinds": (lambda: arrays.labels("y", np.array(["a", 1], object)), "y: names and numbers found"),
    "a class too many": (lambda: arrays.labels("y", [0, 3], 3), "y: class 3 found; expected 0 to 2"),
    "too few names": (
        lambda: arrays.class_numbers("y", ["a", "b"], 2, 3), "y: 2 names of classes found; expected 3, one a column"
    ),
    "rows that are not one-hot": (
        lambda: arrays.class_numbers("y", [[1, 0], [1, 1]], 2, 2), "y: row 1 with 2 ones found; expected one-hot rows",
    ),
    "a soft row": (lambda: arrays.class_numbers("y", [[0.9, 0.1], [0, 1]], 2, 2), "y: 0.9 found"),
    "no number": (lambda: arrays.number("rate", "1", above=0), "rate: '1' found; expected a number above 0"),
    "infinity": (lambda: arrays.number("rate", np.inf, above=0), "rate: inf found; expected a number above 0"),
    "half a count": (lambda: arrays.whole("rounds", 2.5), "rounds: 2.5 found; expected 0 or more"),
    "a bool for a count": (lambda: arrays.whole("rounds", True), "rounds: True found; expected 0 or more"),
}


@pytest.mark.parametrize("call, message", BAD.values(), ids=list(BAD))
def test_what_does_not_fit_is_told_in_one_line(call, message):
    with pytest.raises(CourseError, match=f"^{message}") as caught:
        call()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 160
