"""The gate for arrays: what a person hands to a public function, looked at once, at the border.

Numbers come out as float64, so that no sum runs over in 16 bits, class numbers as int, masks as bool. What does not
fit gets one line: the argument, what was found, what was expected.
"""

import sys
from numbers import Integral, Real

import ml_dtypes
import numpy as np

from lib.errors import CourseError, first_line


def refused(name, found, expected):
    """Return the error of an argument, for `raise`: its name, what was found, what was expected."""
    return CourseError(f"{name}: {found} found; expected {expected}.")


def array(name, value):
    """Make an array of any dtype out of what may be one.

    Args:
        name: str, the argument's.
        value: array, tensor, list, DataFrame; not a dict, None or a generator.

    Returns:
        A NumPy array.

    Raises:
        CourseError: it is no array: of another type, with rows of different lengths, or with masked places.
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise refused(name, "masked values", "an array without them")
    try:
        found = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        ragged = "inhomogeneous" in str(error)
        raise refused(name, "rows of different lengths" if ragged else first_line(error), "an array") from None
    if found.dtype == object and found.ndim == 0:
        raise refused(name, "None" if value is None else f"a {type(value).__name__}", "an array")
    return found


def numbers(name, value, shape=None, finite=True):
    """Make an array of float64 out of numbers of any width, whole ones and booleans too.

    Args:
        name: str, the argument's.
        value: what `array` takes.
        shape: tuple it is to have, None for any.
        finite: bool, whether NaN and infinities are refused.

    Returns:
        A float64 array.

    Raises:
        CourseError: as in `array`; what is no number, another shape, a number that is not finite.
    """
    found = array(name, value)
    if found.dtype == object:
        odd = [each for each in found.flat if not isinstance(each, (Real, np.bool_))]
        if odd:
            raise refused(name, f"{odd[0]!r:.40}", "numbers")
    elif not _is_numeric(found.dtype):
        raise refused(name, found.dtype, "numbers")
    found = _as("float64", name, found)
    if shape is not None and found.shape != shape:
        raise refused(name, f"shape {found.shape}", f"{shape}")
    if finite and not np.isfinite(found).all():
        raise refused(name, found[~np.isfinite(found)][0], "finite numbers")
    return found


def _is_numeric(dtype):
    # bfloat16 and the 8-bit floats are strangers to NumPy, of the kind of raw bytes, which are of type void.
    return dtype.kind in "biuf" or (dtype.kind == "V" and dtype.type is not np.void)


def mask(name, value, shape=None):
    """Make a bool array out of booleans, or of the numbers 0 and 1; anything else is no mask.

    Args, Returns, Raises: as in `numbers`, but bool.
    """
    found = array(name, value)
    if found.dtype != bool:
        found = numbers(name, found)
        odd = found[(found != 0) & (found != 1)]
        if len(odd):
            raise refused(name, f"{odd[0]:g}", "True or False for each")
    if shape is not None and found.shape != shape:
        raise refused(name, f"shape {found.shape}", f"{shape}")
    return found.astype(bool)


def labels(name, value, n_classes=None):
    """Make an array of classes: int from 0 on, or names, str.

    Args:
        name: str, the argument's.
        value: what `array` takes: whole numbers, booleans, or strings.
        n_classes: int, of class numbers how many there are; None for any.

    Returns:
        An int array, or one of str.

    Raises:
        CourseError: floats, negative numbers, a class that is not below n_classes, names and numbers mixed.
    """
    found = array(name, value)
    if found.dtype == object:
        found = _plain(name, found)
    if found.dtype.kind in "UT":
        return found.astype(str)
    if found.dtype.kind not in "biu":
        raise refused(name, found.dtype, "class numbers, int from 0 on, or names")
    odd = found[(found < 0) | (found >= n_classes)] if n_classes else found[found < 0]
    if odd.size:
        worst = odd.min() if odd.min() < 0 else odd.max()
        raise refused(name, f"class {worst}", f"0 to {n_classes - 1}" if n_classes else "0 or more")
    return _as(int, name, found)


def _as(dtype, name, found):
    """Return an array in another dtype; a whole number that it cannot hold is refused."""
    try:
        if dtype is int and found.dtype.kind == "u" and found.max(initial=0) > np.iinfo("int64").max:
            raise OverflowError
        return found.astype(dtype)
    except OverflowError:
        raise refused(name, f"{max(found.flat)!s:.40}", "numbers of 64 bits") from None


def _plain(name, found):
    for kind, dtype in ((str, str), (Integral, int)):
        if all(isinstance(each, kind) for each in found.flat):
            return _as(dtype, name, found)
    odd = [each for each in found.flat if not isinstance(each, (str, Integral))]
    raise refused(name, f"{odd[0]!r:.40}" if odd else "names and numbers", "class numbers, int from 0 on, or names")


def row_numbers(name, value, n):
    """Make an array of row numbers out of such, or of a mask.

    Args:
        name: str, the argument's.
        value: what `array` takes: whole numbers in [0, n), or n booleans.
        n: int, the rows that there are.

    Returns:
        An int array of one dimension.

    Raises:
        CourseError: neither of them, or a row that is not there.
    """
    rows = array(name, value)
    if rows.dtype == bool and rows.shape == (n,):
        return np.flatnonzero(rows)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise refused(name, f"{rows.dtype} of shape {rows.shape}", "row numbers, int")
    odd = rows[(rows < 0) | (rows >= n)]
    if len(odd):
        raise refused(name, f"row {odd[0]}", f"0 to {n - 1}")
    return rows.astype(int)


def names(name, value, n):
    """Return the names of n things as a list of str: each another one, or a figure would draw two as one."""
    found = [str(each) for each in value]
    if len(found) != n or len(set(found)) != n:
        raise refused(name, f"{len(found)} names, {len(set(found))} of them different,", f"{n} different ones")
    return found


def targets(name, y, n):
    """Make an array with one target a sample out of a column, shape (n, 1), too.

    Args:
        name: str, the argument's.
        y: what `array` takes, shape (n,) or (n, 1).
        n: int, the samples.

    Returns:
        An array of y's dtype, shape (n,).

    Raises:
        CourseError: another shape.
    """
    y = array(name, y)
    if y.shape == (n, 1):
        return y[:, 0]
    if y.shape != (n,):
        raise refused(name, f"shape {y.shape}", f"{(n,)}, one a sample")
    return y


def class_numbers(name, y, n, n_classes):
    """Turn the truth into the columns that stand for it.

    Args:
        name: str, the argument's.
        y: class numbers, names (their sorted order is that of the columns, as of scikit-learn's classes_), shape (n,)
            or (n, 1), or one-hot rows, shape (n, n_classes).
        n: int, the samples.
        n_classes: int, the columns.

    Returns:
        An int array, shape (n,).

    Raises:
        CourseError: another shape, a class without a column, or names that are not as many as the columns.
    """
    y = array(name, y)
    if y.ndim == 2 and y.shape == (n, n_classes) and n_classes > 1:
        return from_one_hot(name, y)
    found = labels(name, targets(name, y, n), n_classes)
    if found.dtype.kind != "U":
        return found
    names, place = np.unique(found, return_inverse=True)
    if len(names) != n_classes:
        raise refused(name, f"{len(names)} names of classes", f"{n_classes}, one a column")
    return place


def from_one_hot(name, rows):
    """Turn one-hot rows, shape (n, n_classes), into class numbers, int, shape (n,); others are refused."""
    hot = mask(name, rows)
    odd = hot.sum(axis=1) != 1
    if odd.any():
        raise refused(name, f"row {np.argmax(odd)} with {hot[odd][0].sum()} ones", "one-hot rows, each with one")
    return hot.argmax(axis=1)


def number(name, value, above=None, least=None):
    """Return one finite number as float.

    Args:
        name: str, the argument's.
        value: a real number.
        above, least: what it has to exceed, or to reach; None for no bound.

    Raises:
        CourseError: no number, not finite, or out of its bounds.
    """
    bound = f"a number above {above}" if above is not None else "a number" if least is None else f"{least} or more"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise refused(name, f"{value!r:.40}", bound)
    small = (above is not None and not value > above) or (least is not None and not value >= least)
    if small or not abs(value) <= sys.float_info.max:
        raise refused(name, f"{value!s:.40}", bound)
    return float(value)


def whole(name, value, least=0):
    """Return one whole number as int; one below `least`, a fraction or a boolean is refused."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral) or value < least:
        raise refused(name, f"{value!r:.40}" if not isinstance(value, Real) else value, f"{least} or more")
    return int(value)


def item_bytes(dtype):
    """Return the bytes of one number of a dtype, int; two numbers of int4 are not packed into one.

    Args:
        dtype: as NumPy or Keras names it, such as "bfloat16" or "float8_e4m3fn".
    """
    return np.dtype(getattr(ml_dtypes, str(dtype), dtype)).itemsize
