"""The books of a sweep: what has ended, on disk at any moment, so that whatever dies, no finished run is lost."""

import csv
import io
import json
import re

from lib.errors import UNREADABLE, without_password
from lib.files import replace_text

LAST = ("seconds", "status", "error", "notebook")
FORMULA = re.compile(r"[\s\x00-\x1f\u200b\ufeff]*[-=+@＝＋－＠]")  # how a cell begins that some spreadsheet runs
WHOLE = 500  # points: the table of a larger sweep is appended to, and written whole only when the sweep ends


class Books:
    """Results of a sweep by the key of their point.

    A point's files are `runs/KEY.ipynb` and then `runs/KEY.json`; a run has ended once its JSON is there and can be read.
    `runs.csv` has a row for every point of this call. In a sweep of more than `WHOLE` points it has, until the sweep ends,
    a row for every run that is done before or has ended since, in the order in which they did.
    """

    def __init__(self, out, info, varied, points):
        self.out = out
        self.info = info
        self.points = points
        self.swept = varied
        self.parameters = [*varied, *[parameter.name for parameter in info.parameters if parameter.name not in varied]]
        self.folder = out / "runs"
        self.names = []  # of the columns that runs.csv has
        self.ended = {}  # points of the rows that a large sweep has, by key
        there = {path.stem for path in self.folder.glob("*.json")}
        read = {point.key: _read(self.folder / f"{point.key}.json", point) for point in points if point.key in there}
        self.results = {key: result for key, result in read.items() if result}

    def todo(self):
        """Return the points that are not done: those that failed get another chance."""
        return [point for point in self.points if self._status(point) != "done"]

    def count(self, status):
        """Return how many points have a status: done, failed or planned."""
        return sum(self._status(point) == status for point in self.points)

    def _status(self, point):
        return self.results.get(point.key, {}).get("status", "planned")

    def add(self, point, result):
        """Keep the result of a run.

        Args:
            point: the `Point`.
            result: dict as `lib.runner.cluster.run_point` returns it; notebook may be missing.
        """
        self.folder.mkdir(exist_ok=True)
        notebook = result.pop("notebook", None)
        if notebook is not None:
            replace_text(self.folder / f"{point.key}.ipynb", notebook)
        replace_text(self.folder / f"{point.key}.json", json.dumps({"values": point.values, **result}, indent=1) + "\n")
        self.results[point.key] = result
        if len(self.points) <= WHOLE:
            self.write_table()
            return
        row = self._row(point)
        new = point.key not in self.ended
        self.ended[point.key] = point
        if new and set(row) <= set(self.names):
            with open(self.out / "runs.csv", "a", encoding="utf-8", errors="replace", newline="") as file:
                file.write(csv_text([row], self.names, head=False))
        else:  # the first of its kind brings columns; one that is booked again stands there already
            self._write(map(self._row, self.ended.values()))

    def columns(self):
        """Return the columns of the parameters, those that vary first; `param_seconds` is no run's seconds."""
        return [f"param_{name}" if name in LAST else name for name in self.parameters]

    def rows(self):
        """Return one dict for each point, in order: parameters, metrics, seconds, status, error, notebook."""
        return [self._row(point) for point in self.points]

    def _row(self, point):
        result = self.results.get(point.key, {})
        metrics = {_metric(name, point.values): value for name, value in result.get("metrics", {}).items()}
        path = f"runs/{point.key}.ipynb" if "host" in result or "metrics" in result else ""
        last = (result.get("seconds"), self._status(point), result.get("error", ""), path)
        values = {column: point.values[name] for column, name in zip(self.columns(), self.parameters, strict=True)}
        return {**values, **metrics, **dict(zip(LAST, last, strict=True))}

    def begin_table(self):
        """Write runs.csv as it is before the first run."""
        if len(self.points) <= WHOLE:
            self.write_table()
        else:
            self.ended = {point.key: point for point in self.points if self._status(point) == "done"}
            self._write(map(self._row, self.ended.values()))

    def write_table(self):
        """Write runs.csv with a row for every point, in order."""
        self._write(self.rows())

    def _write(self, rows):
        rows = list(rows)
        self.names = list(dict.fromkeys(name for row in rows for name in row if name not in LAST)) + list(LAST)
        replace_text(self.out / "runs.csv", csv_text(rows, self.names))


def csv_text(rows, names, head=True):
    """Return the text of a CSV that a spreadsheet can open without running any of it; see `cell`.

    Args:
        rows: dicts, of which no more than `names` is written.
        names: list of str, of the columns.
        head: whether the names come first.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    if head:
        writer.writerow({name: cell(name) for name in names})
    writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def cell(value):
    """Return a value for a field of a CSV: a text that a spreadsheet would run gets a ' before it, a password ***."""
    value = json.dumps(value) if isinstance(value, list) else value
    value = without_password(value) if isinstance(value, str) else value
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def _metric(name, parameters):
    return f"metric_{name}" if name in parameters or name in LAST else name


def _read(path, point):
    """Return the result in a file; None where it is damaged, or of other values: that run has not ended."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        metrics, seconds = result.get("metrics", {}), result.get("seconds", 0.0)
        of_this = result.pop("values") == point.values and isinstance(result.get("error", ""), str)
        ended = result["status"] == "failed" or (result["status"] == "done" and "metrics" in result and "seconds" in result)
        return result if of_this and ended and isinstance(metrics, dict) and isinstance(seconds, int | float) else None
    except (OSError, *UNREADABLE):
        return None
