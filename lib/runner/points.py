"""What `course sweep` is asked for: the points of a grid or of a table, each keyed by all that decides its outcome."""

import itertools
import json
import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lib.errors import UNREADABLE, CourseError, short
from lib.runner.kit import digest, kit_version, notebook_digest
from lib.runner.request import plan, unknown_parameter
from lib.table import decimal_mark, plain_number, read_csv

MOST = 100_000  # points of a sweep: a slip of the finger must not fill the memory


@dataclass(frozen=True)
class Point:
    """One run of a sweep: all parameters of the notebook with their values, and the key of its outcome."""

    key: str
    values: dict


def read_points(infos, word, profile, given, grid, table):
    """Turn a request into points, before anything runs.

    Args:
        infos: list of `NotebookInfo`, all of the folder.
        word: name of one notebook.
        profile: "smoke", "lesson" or "full".
        given: pairs (name, text) of `-p`, the same for every point.
        grid: texts of `-g`, such as "seed=1,2,3" or "seed=1..100"; every combination is a point.
        table: Path of a CSV with a parameter a column and a point a row, or None.

    Returns:
        The `NotebookInfo`, the names of the parameters that vary, and the list of `Point`, each key once.

    Raises:
        CourseError: an unknown notebook or parameter, a value of a wrong type or out of its range, no grid at all.
    """
    if bool(grid) == bool(table):
        raise CourseError("Give either a grid, as in -g seed=1,2,3, or a table of runs, as in --params runs.csv.")
    ((info, fixed),) = plan(infos, [word], profile, given)
    rows = _table_rows(info, table) if table else _grid_rows(info, grid)
    varied = list(dict.fromkeys(name for _, row in rows for name, _ in row))
    twice = sorted(set(varied) & {name for name, _ in given})
    if twice:
        raise CourseError(f"{', '.join(twice)} is given by -p and varied at once.")
    base = {parameter.name: fixed.get(parameter.name, parameter.default) for parameter in info.parameters}
    content = cache(lambda name: _content(info.path.parent, name))  # a table is read once, and not for every point
    points = {}
    for line, row in rows:
        try:
            values = base | {name: _read(info, name, words) for name, words in row}
        except CourseError as error:
            raise CourseError(f"{table.name}, line {line}: {error}" if table else str(error)) from None
        point = Point(_key(info, values, content), values)
        points.setdefault(point.key, point)
    return info, varied, list(points.values())


def _read(info, name, words):
    parameter = info.parameter(name)
    if parameter is None:
        raise CourseError(unknown_parameter(name, [info]))
    return parameter.parse(words)


def _grid_rows(info, grid):
    """Return for each combination a pair: no line of a file, and a list of pairs (name, text)."""
    axes = {}
    for word in grid:
        name, equals, values = word.partition("=")
        if not equals or not values.strip():
            raise CourseError(f"-g {short(word)}: write NAME=V1,V2, as in -g seed=1,2,3 or -g seed=1..100.")
        if name in axes:
            raise CourseError(f"-g {short(name)} is given twice: write all its values after one.")
        axes[name] = [(name, value) for value in _axis(info.parameter(name), values)]
    if (count := math.prod(map(len, axes.values()))) > MOST:
        raise CourseError(f"The grid has {count:,} points; {MOST:,} are the most that a sweep takes.")
    return [(None, list(row)) for row in itertools.product(*axes.values())]


def _axis(parameter, values):
    """Split the values of one parameter, as texts: 1,2,3 or 1..3, and lists as [64,32],[128]."""
    if parameter and parameter.type == "list":
        try:
            lists = json.loads(f"[{values}]")
        except UNREADABLE:
            lists = []
        return [json.dumps(each) for each in lists] if lists and all(isinstance(e, list) for e in lists) else [values]
    return [value for word in values.split(",") for value in _span(word.strip())]


def _span(word):
    ends = re.fullmatch(r"(-?\d+)\.\.(-?\d+)", word)
    if not ends:
        return [word]
    if len(word) > 40:
        raise CourseError(f"-g {short(word)}: these numbers are too long.")
    low, high = map(int, ends.groups())
    if high < low:
        raise CourseError(f"-g {word}: a range runs from the lower number to the higher.")
    if high - low >= MOST:
        raise CourseError(f"-g {word}: that is {high - low + 1:,} values; {MOST:,} are the most that a sweep takes.")
    return [str(value) for value in range(low, high + 1)]


def _table_rows(info, path):
    """Return for each row a pair: its line, and a list of pairs (name, text); an empty cell leaves the parameter as it is."""
    if path.exists() and not path.is_file():
        raise CourseError(f"--params {path} is no file.")
    header, rows, separator = read_csv(path)
    if len(rows) > MOST:
        raise CourseError(f"{path.name} has {len(rows):,} rows; {MOST:,} are the most that a sweep takes.")
    counted = [name for name in header if (known := info.parameter(name)) and known.type in ("int", "float")]
    numbers = [(line, name, text) for line, row in rows for name, text in zip(header, row, strict=True) if name in counted]
    mark = decimal_mark(path.name, numbers, separator)
    told = {text: plain_number(text, mark) for _, _, text in numbers}
    return [
        (line, [(name, told[text] if name in counted else text) for name, text in zip(header, row, strict=True) if text])
        for line, row in rows
    ]


def _key(info, values, content):
    parts = {"notebook": notebook_digest(info.path), "values": values, "kit": kit_version()}
    if files := {name: found for name, value in values.items() if isinstance(value, str) and (found := content(value))}:
        parts["files"] = files  # a table that was mended gives other results under the same name
    return digest(json.dumps(parts, sort_keys=True).encode())


def _content(folder, name):
    """Return a digest of the file that a parameter names, as seen from the notebooks' folder; None if it names none."""
    try:
        path = folder / Path(name).expanduser()
        return digest(path.read_bytes()) if path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # no name that a file can have, or a home that is not there
        return None
