"""The figures of number formats: their data compared exactly, and that they can be drawn."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lib import viz
from lib.viz.precision import FATES


def test_bits_of_a_number():
    table = viz.bits_data(-0.1).set_index("format")
    assert table.loc["float32", ["sign", "exponent", "mantissa"]].tolist() == [
        "1",
        "01111011",
        "10011001100110011001101",
    ]
    assert table.stored["float16"] == np.float16(-0.1) and table.stored["float8_e4m3fn"] == -0.1015625
    assert table.error["bfloat16"] == abs(-0.10009765625 + 0.1) / 0.1
    assert viz.bits_data(1e6, ["float16"]).stored[0] == np.inf


@given(st.floats(allow_nan=False, width=32))
def test_bits_are_those_that_numpy_stores(number):
    table = viz.bits_data(number, ["float32", "float16"])
    with np.errstate(over="ignore"):
        stored = [np.float32(number), np.float16(number)]
    assert table.stored.tolist() == stored
    words = [f"{int(value.view(f'uint{width}')):0{width}b}" for value, width in zip(stored, (32, 16), strict=True)]
    assert (table.sign + table.exponent + table.mantissa).tolist() == words


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.sampled_from([1.0, 1024.0, 2.0**-10]))
def test_the_fate_of_gradients_is_what_numpy_makes_of_them(gradients, scale):
    scaled = np.array([gradient for gradient in gradients if gradient]) * scale
    scaled = scaled[scaled != 0]
    with np.errstate(over="ignore"):
        becomes = np.abs(scaled.astype("float16"))
    fates = np.select([becomes == 0, becomes < np.finfo("float16").tiny, np.isfinite(becomes)], list(FATES)[:3], list(FATES)[3])
    shares = viz.gradients_data(gradients, scale).groupby("fate").share.sum()
    expected = pd.Series(fates, dtype=object).value_counts(normalize=True)
    assert shares.round(9).to_dict() == expected.round(9).to_dict()


def test_what_float16_makes_of_gradients():
    values = np.array([0, 2.0**-25, 2.0**-24, -(2.0**-14), 65519, 65520])
    before = viz.gradients_data(values).set_index("exponent").fate
    with np.errstate(over="ignore"):
        becomes = values.astype("float16")
    assert before[-25] == "lost: becomes 0" and becomes[1] == 0
    assert before[-24] == "coarse: subnormal" and becomes[2] != 0
    assert before[-14] == "kept" and becomes[3] == -(2.0**-14)
    assert set(before[15]) == {"kept", "too large: becomes infinite"} and np.isinf(becomes).tolist() == [False] * 5 + [
        True
    ]
    after = viz.gradients_data(values[:2], scale=2**15)
    assert after.exponent.tolist() == [-10] and after.fate.tolist() == ["kept"] and after.share.tolist() == [1.0]


def test_costs_are_bars_from_the_first_policy():
    rows = [
        ("dense", 64, step, p, 4.0, 2.0, 8.0, f) for step in ("train", "predict") for p, f in (("a", 1.0), ("b", 2.0))
    ]
    table = pd.DataFrame(rows, columns=["block", "size", "step", "policy", "ms", "low", "high", "times_faster"])
    assert viz.costs_data(table)[["slowest", "fastest"]].values.tolist() == [[0.5, 2], [1, 4]] * 2
    assert [(bar.name, list(bar.x)) for bar in viz.plot_costs(table, "title").data] == [("a", [1.0]), ("b", [2.0])] * 2
