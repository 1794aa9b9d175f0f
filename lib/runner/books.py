"""The books of a sweep: what has ended, on disk at any moment, so that whatever dies, no finished run is lost."""

import contextlib
import csv
import io
import json
import os
import time
from datetime import datetime

from lib.errors import CourseError
from lib.files import replace_text

LAST = ("seconds", "status", "error", "notebook")
BUSY, LOCK = ".sweep.json", ".sweep.lock"


class Books:
    """Results of a sweep by the key of their point.

    A point's files are `runs/KEY.ipynb` and then `runs/KEY.json`; a run has ended once its JSON is there.
    `runs.csv` has a row for every point of this call, replaced whole whenever one ends.
    """

    def __init__(self, out, info, varied, points):
        self.out = out
        self.info = info
        self.points = points
        self.swept = varied
        self.parameters = [*varied, *[parameter.name for parameter in info.parameters if parameter.name not in varied]]
        self.folder = out / "runs"
        self.folder.mkdir(exist_ok=True)
        files = {path.stem: path for path in self.folder.glob("*.json")}
        self.results = {p.key: json.loads(files[p.key].read_text(encoding="utf-8")) for p in points if p.key in files}
        self.write_table()

    def todo(self):
        """Return the points that are not done: those that failed get another chance."""
        return [point for point in self.points if self.results.get(point.key, {}).get("status") != "done"]

    def count(self, status):
        """Return how many points have a status: done, failed or planned."""
        return sum(self.results.get(point.key, {"status": "planned"})["status"] == status for point in self.points)

    def add(self, point, result):
        """Keep the result of a run.

        Args:
            point: the `Point`.
            result: dict as `lib.runner.cluster.run_point` returns it; notebook may be missing.
        """
        notebook = result.pop("notebook", None)
        if notebook is not None:
            replace_text(self.folder / f"{point.key}.ipynb", notebook)
        replace_text(self.folder / f"{point.key}.json", json.dumps({"values": point.values, **result}, indent=1) + "\n")
        self.results[point.key] = result
        self.write_table()

    def columns(self):
        """Return the columns of the parameters, those that vary first; `param_seconds` is no run's seconds."""
        return [f"param_{name}" if name in LAST else name for name in self.parameters]

    def rows(self):
        """Return one dict for each point, in order: parameters, metrics, seconds, status, error, notebook."""
        rows = []
        for point in self.points:
            result = self.results.get(point.key, {})
            metrics = {_metric(name, point.values): value for name, value in result.get("metrics", {}).items()}
            path = f"runs/{point.key}.ipynb" if "host" in result or "metrics" in result else ""
            last = (result.get("seconds"), result.get("status", "planned"), result.get("error", ""), path)
            values = {column: point.values[name] for column, name in zip(self.columns(), self.parameters, strict=True)}
            rows.append({**values, **metrics, **dict(zip(LAST, last, strict=True))})
        return rows

    def write_table(self):
        """Write runs.csv."""
        rows = self.rows()
        names = list(dict.fromkeys(name for row in rows for name in row if name not in LAST)) + list(LAST)
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: json.dumps(v) if isinstance(v, list) else v for name, v in row.items()} for row in rows)
        replace_text(self.out / "runs.csv", text.getvalue())


def _metric(name, parameters):
    return f"metric_{name}" if name in parameters or name in LAST else name


@contextlib.contextmanager
def only_one(out, call):
    """Hold a folder for one sweep; the system lets go of it when the process ends, however it ends.

    Args:
        out: Path of the folder.
        call: the command line, for whoever comes second.

    Raises:
        CourseError: another sweep holds it; the message names that one.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(out / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        who = ""
        with contextlib.suppress(OSError, ValueError):  # it may be starting, or ending, this very moment
            held = json.loads((out / BUSY).read_text(encoding="utf-8"))
            who = f": process {held['pid']}, since {held['since']} ({held['call']})"
        raise CourseError(f"Another sweep runs in {out}{who}. Wait for it, or give another folder: --out DIR") from None
    try:
        since = datetime.fromtimestamp(time.time()).strftime("%H:%M:%S")
        replace_text(out / BUSY, json.dumps({"pid": os.getpid(), "since": since, "call": call}))
        yield
    finally:
        (out / BUSY).unlink(missing_ok=True)
        lock.release()
        (out / LOCK).unlink(missing_ok=True)
