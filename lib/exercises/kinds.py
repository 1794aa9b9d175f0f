"""What an answer should be: one declaration for each exercise, which reads what came and says what it is instead."""

import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np


class Other(Exception):
    """Raised while an answer is read: it is of another kind. Its text says what was returned, and what is due."""


@dataclass(frozen=True)
class Kind:
    """A kind of value.

    Args:
        words: what is due, with its article, as "a whole number".
        read: takes a value; returns it in one form whatever relative of it came (a NumPy scalar, a tuple for a list), and
            raises TypeError or ValueError for anything else.
    """

    words: str
    read: Callable

    def __call__(self, value):
        """Return a value in this kind's form.

        Raises:
            Other: it is of another kind.
        """
        try:
            return self.read(value)
        except Other:
            raise
        except (TypeError, ValueError, AttributeError, OverflowError):
            raise Other(f"{described(value)} where {self.words} is due") from None

    def called(self, words):
        """Return the same kind under another name, as "the share of right answers, a number"."""
        return replace(self, words=words)


def described(value):
    """Return what a value is, with its article, for a sentence."""
    if value is None:
        return "nothing (None)"
    if isinstance(value, str):
        return f"the text {value!r}"[:80]
    if isinstance(value, bool | np.bool_ | numbers.Number | np.number):
        return f"the {type(value).__name__} {_digits(value)}"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and not isinstance(value, type):
        return f"the array {value}" if shape == () else f"{_a(type(value).__name__.removeprefix('nd'))} of shape {shape}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {value.__name__} itself, not called,"
    length = f" of length {len(value)}" if isinstance(value, list | tuple | dict | set | frozenset) else ""
    return _a(type(value).__name__) + length


def _digits(value):
    """Return a number as a text that fits into a sentence."""
    try:
        text = str(value)
    except ValueError:  # Python writes no more than some thousand digits of a whole number
        return "of very many digits"
    return text if len(text) <= 60 else f"{text[:30]}… of {len(text)} digits"


def _a(name):
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def _number(value):
    value = _scalar(value)
    if isinstance(value, bool | np.bool_ | complex | np.complexfloating | str | bytes):
        raise TypeError
    if not isinstance(value, numbers.Real | Decimal | np.number):
        raise TypeError
    return float(value)


def _whole(value):
    read = _number(value)
    if read != int(read):
        raise ValueError
    value = _scalar(value)
    return int(value)  # not of the float: it has no more than 53 bits


def _scalar(value):
    """Return what an array or a tensor without axes holds."""
    return np.asarray(value)[()] if getattr(value, "shape", None) == () and not isinstance(value, np.generic) else value


def _truth(value):
    value = _scalar(value)
    if not isinstance(value, bool | np.bool_):
        raise TypeError
    return bool(value)


def _text(value):
    if not isinstance(value, str):
        raise TypeError
    return str(value)


number = Kind("a number", _number)
whole = Kind("a whole number", _whole)
truth = Kind("True or False", _truth)
text = Kind("a text", _text)
anything = Kind("something", lambda value: value)


def array(ndim=None, of="numbers", shape=None):
    """Return the kind of an array, or of what becomes one: lists and tuples of equal lengths, a Series, a tensor.

    Args:
        ndim: how many axes it has; None for any.
        of: "numbers" reads float64, "whole numbers" int64, "truths" bool, "anything" leaves the dtype.
        shape: a tuple, with None for an axis of any length; None for any shape.
    """
    ndim = len(shape) if shape is not None else ndim
    axes = "" if ndim is None else f" with {ndim} ax{'i' if ndim == 1 else 'e'}s"
    if shape is not None:
        axes = f" of shape ({', '.join('any' if n is None else str(n) for n in shape)}{',' if len(shape) == 1 else ''})"
    kinds = {"numbers": "biuf", "whole numbers": "iuf", "truths": "b", "anything": "biufOUSMmc"}

    def read(value):
        if isinstance(value, str | bytes | Mapping | set | frozenset) or value is None or isinstance(value, type):
            raise TypeError
        read = np.asarray(value)
        if read.size == 0 and read.dtype.kind == "f" and of != "anything":  # an empty list has no dtype of its own
            read = read.astype({"numbers": float, "whole numbers": int, "truths": bool}[of])
        if read.dtype.kind not in kinds[of]:
            raise Other(f"{described(value)}, of dtype {read.dtype}, where an array of {of}{axes} is due")
        if ndim is not None and read.ndim != ndim:
            raise TypeError
        if any(n not in (None, m) for n, m in zip(shape or (), read.shape, strict=False)):
            raise TypeError
        if of == "whole numbers":
            if (read != np.floor(read)).any():
                raise TypeError
            return read.astype(np.int64)
        return read.astype(np.float64) if of == "numbers" else read

    return Kind(f"an array of {of}{axes}", read)


def items(kind, length=None):
    """Return the kind of a list: a list, tuple, range, array or Series whose items are all of one kind; it is read as a list."""
    count = "" if length is None else f"{length} "

    def read(value):
        if isinstance(value, str | bytes | Mapping | set | frozenset) or not hasattr(value, "__len__"):
            raise TypeError
        found = list(value)
        if length is not None and len(found) != length:
            raise TypeError
        return [_inside(kind, item, f"item {place}") for place, item in enumerate(found)]

    return Kind(f"a list of {count}items, each {kind.words}," if length is None else f"a list of {count}items", read)


def group(kind):
    """Return the kind of a collection whose order says nothing: a set, list, tuple, array, Index; it is read as a list."""

    def read(value):
        if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__len__"):
            raise TypeError
        return [_inside(kind, item, "one of them") for item in value]

    return Kind(f"a list or a set of items, each {kind.words},", read)


def parts(*kinds, words):
    """Return the kind of a tuple or a list of so many parts, each of its own kind; it is read as a tuple.

    Args:
        kinds: of the parts.
        words: what is due, as "two arrays (the rows to train on, the rows to validate on)".
    """

    def read(value):
        if not isinstance(value, tuple | list) and not isinstance(value, np.ndarray):
            raise TypeError
        if len(value) != len(kinds):
            raise TypeError
        pairs = enumerate(zip(kinds, value, strict=True), start=1)
        return tuple(_inside(kind, part, f"part {place}") for place, (kind, part) in pairs)

    return Kind(words, read)


def mapping(kind, words=None):
    """Return the kind of a dict, or a Series, from texts to values of one kind; it is read as a dict."""

    def read(value):
        found = dict(value.items() if hasattr(value, "items") else value)
        names = [_inside(text, name, f"the name {name!r}") for name in found]
        return {name: _inside(kind, found[name], f"the value of {name!r}") for name in names}

    return Kind(words or f"a dict from names to values, each {kind.words},", read)


def instance(words, *classes):
    """Return the kind of an object of one of some classes, each a class or a function that imports it and returns it."""

    def read(value):
        found = tuple(one if isinstance(one, type) else one() for one in classes)
        if isinstance(value, type) or not isinstance(value, found):
            raise TypeError
        return value

    return Kind(words, read)


def keras_model():
    """Import Keras and return its class of models."""
    import keras

    return keras.Model


def _frame():
    import pandas as pd

    return pd.DataFrame


model = instance("a Keras model", keras_model)
frame = instance("a DataFrame", _frame)


def optional(kind):
    """Return the kind of a value, or of None where there is none."""
    return Kind(f"{kind.words}, or None,", lambda value: None if value is None else kind(value))


def _inside(kind, value, place):
    try:
        return kind(value)
    except Other as other:
        raise Other(f"something in which {place} is {other}") from None
