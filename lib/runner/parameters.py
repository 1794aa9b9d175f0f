"""Parameters of a notebook: read from the cell tagged `parameters`, checked before anything runs."""

import ast
import io
import json
import re
import sys
import tokenize
from dataclasses import dataclass

from lib.errors import UNREADABLE, CourseError, short

EXAMPLE = {"int": "10", "float": "0.5", "str": "text", "bool": "true or false", "list": "1,2,3"}


@dataclass(frozen=True)
class Parameter:
    """One line of a `parameters` cell: `max_epochs = 10  # epochs of the longest trial; [2..100]`.

    The range is the last square bracket of the comment: `[2..100]` numbers from 2 to 100, both
    included, `[relu|tanh]` choices, neither of them any value of the type. In a list it holds for every
    element.
    """

    name: str
    type: str
    default: object
    low: float | None = None
    high: float | None = None
    choices: tuple = ()
    help: str = ""

    @property
    def range(self):
        """The range as its comment writes it, empty where there is none."""
        if self.choices:
            return "[" + "|".join(str(choice) for choice in self.choices) + "]"
        if self.low is None and self.high is None:
            return ""
        ends = ("" if end is None else f"{end:.15g}" for end in (self.low, self.high))
        return f"[{'..'.join(ends)}]"

    def parse(self, text):
        """Turn a word of the command line into a value of this parameter.

        Args:
            text: str; a list is JSON, a Python literal, or comma separated.

        Returns:
            An int, float, str, bool or list.

        Raises:
            CourseError: the text is of another type, or out of range.
        """
        reader = {"int": int, "float": float, "str": str, "bool": _bool, "list": self._list}[self.type]
        try:
            value = reader(text)
        except UNREADABLE:
            raise CourseError(self._wrong(text)) from None
        return self.check(value)

    def check(self, value):
        """Return a Python value as this parameter takes it, or say what would be right.

        Args:
            value: from a profile, or from `parse`.

        Returns:
            The value; an int becomes a float where the parameter is a float.

        Raises:
            CourseError: the value is of another type, or out of range.
        """
        if not _is_plain(value):
            raise CourseError(self._wrong(value))
        if self.type == "float" and _kind(value) == "int":
            value = float(value)
        if _kind(value) != self.type:
            raise CourseError(self._wrong(value))
        if self.type != "list":
            self._check_element(value)
            return value
        if self.default and _kind(self.default[0]) == "float":
            value = [float(element) if _kind(element) == "int" else element for element in value]
        for element in value:
            if self.default and _kind(element) != _kind(self.default[0]):
                raise CourseError(self._wrong(value))
            self._check_element(element)
        return value

    def _check_element(self, value):
        if self.choices and value not in self.choices:
            raise CourseError(f"{self.name} = {short(value)} is not one of {', '.join(map(str, self.choices))}.")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        too_low = number and self.low is not None and value < self.low
        too_high = number and self.high is not None and value > self.high
        if too_low or too_high:
            raise CourseError(f"{self.name} = {short(value)} is out of its range {self.range}.")

    def _wrong(self, value):
        example = json.dumps(self.default) if self.default else EXAMPLE[self.type]
        allowed = f", in {self.range}" if self.range else ""
        article = "an" if self.type == "int" else "a"
        return f"{self.name} = {short(value)} is not {article} {self.type}: give for example {example}{allowed}."

    def _list(self, text):
        for read in (json.loads, ast.literal_eval):
            try:
                value = read(text)
            except UNREADABLE:
                continue
            if isinstance(value, list | tuple):
                return list(value)
        element = Parameter(self.name, _kind(self.default[0]) if self.default else "str", None)
        try:
            return [element.parse(word.strip()) for word in text.split(",")]
        except CourseError:
            raise ValueError(text) from None


def read_parameters(source):
    """Read the assignments of a `parameters` cell.

    Args:
        source: the cell's code.

    Returns:
        A list of `Parameter`, in the cell's order.

    Raises:
        CourseError: a line is not a plain assignment of a plain value, or its value is outside its own range.
    """
    try:
        statements = ast.parse(source).body
        comments = _comments(source)
        return [_parameter(statement, comments.get(statement.end_lineno, "")) for statement in statements]
    except CourseError:
        raise
    except SyntaxError as error:
        raise CourseError(f"the parameters cell is not Python (line {error.lineno}: {error.msg}).") from None
    except (tokenize.TokenError, *UNREADABLE) as error:
        raise CourseError(f"the parameters cell cannot be read ({short(error)}).") from None


def _parameter(statement, comment):
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    try:
        if isinstance(statement, ast.AugAssign) or len(targets) != 1 or not isinstance(targets[0], ast.Name):
            raise ValueError
        default = ast.literal_eval(statement.value)
    except (ValueError, TypeError):
        line = ast.unparse(statement).splitlines()[0]
        raise CourseError(f"in the parameters cell, {line!r} is not a name = a plain value.") from None
    name, kind = targets[0].id, _kind(default)
    if kind not in EXAMPLE:
        raise CourseError(f"the parameter {name} is a {kind}; it can be {', '.join(EXAMPLE)}.")
    element = kind if kind != "list" else _kind(default[0]) if default else "str"
    low, high, choices, words = _range(comment, element)
    parameter = Parameter(name, kind, default, low, high, choices, words)
    parameter.check(default)
    return parameter


def _range(comment, kind):
    """Split a comment into lowest, highest, choices, and the words before them."""
    found = re.search(r"\[([^\[\]]*)\](?!.*\[)", comment)
    inside = found.group(1) if found else ""
    if ".." not in inside and "|" not in inside:
        return None, None, (), comment
    words = (comment[: found.start()].rstrip(" ;,") + " " + comment[found.end() :].strip()).strip()
    if ".." not in inside:
        one = Parameter("a choice", kind, None)
        return None, None, tuple(one.parse(choice.strip()) for choice in inside.split("|")), words
    read = int if kind == "int" else float
    try:
        low, high = (read(end) if end.strip() else None for end in inside.split("..", 1))
        if not all(end is None or _is_plain(end) for end in (low, high)):
            raise ValueError(inside)
    except ValueError:
        raise CourseError(f"in the parameters cell, [{short(inside)}] is not a range of type {kind}.") from None
    return low, high, (), words


def _comments(source):
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def _kind(value):
    return type(value).__name__


def _is_plain(value, deep=9):
    """Say whether a value can be written down and read again anywhere: text, a finite number, true or false, a list of them."""
    if isinstance(value, list):
        return deep > 0 and all(_is_plain(element, deep - 1) for element in value)
    if isinstance(value, str):
        return value.isascii() or value == value.encode(errors="ignore").decode()
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


def _bool(text):
    if text.strip().lower() not in ("true", "false"):
        raise ValueError(text)
    return text.strip().lower() == "true"
