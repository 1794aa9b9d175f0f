"""`course sweep`: one papermill run for each point, on Dask; what is finished is never run again."""

import contextlib
import queue
import shutil
import sys
import time

from lib.errors import first_line
from lib.runner.books import Books
from lib.runner.cluster import fitting, local_client, remote_client, run_point
from lib.runner.kit import kit_version
from lib.runner.sweep_pages import write_pages

PAGES_EVERY = 30  # seconds between two versions of the pages while runs end


class Lost(Exception):
    """The scheduler is gone; what had ended by then is kept."""


def sweep(info, varied, points, out, workers=None, address=None):
    """Run every point that is not done yet, and write runs.csv, parallel.html and index.html.

    Args:
        info: the `NotebookInfo`.
        varied: names of the parameters that vary.
        points: list of `Point`.
        out: Path of the sweep's folder, which exists and is held by `only_one`.
        workers: number of worker processes on this machine; None for as many as fit.
        address: of a running Dask scheduler, instead of workers of our own.

    Returns:
        The `Books`.

    Raises:
        CourseError: no scheduler at the address, or a worker with another kit.
        Lost: the scheduler ended during the sweep.
        OSError: the folder cannot be written any more.
        KeyboardInterrupt: stopped; what is finished is in the books.
    """
    books = Books(out, info, varied, points)
    todo = books.todo()
    _say(f"{len(points)} points of {info.name}: {len(points) - len(todo)} done before, {len(todo)} to run")
    if not todo:
        if not (out / "parallel.html").exists():
            write_pages(books)
        return books
    scratch = out / ".work"
    count = workers or fitting(len(todo))
    opened = remote_client(address, _say) if address else local_client(count, scratch)
    try:
        with opened as client:
            _say(f"{len(client.nthreads())} workers, dashboard {client.dashboard_link}")
            _run(client, books, todo, 0 if address else count)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        with contextlib.suppress(OSError):  # where the disk is full, that is told; the pages can wait
            write_pages(books)
    return books


def _run(client, books, todo, share):
    """Give every point to the workers, and book each result as it comes."""
    source, version, info = books.info.path.read_text(encoding="utf-8"), kit_version(), books.info
    defaults = {parameter.name: parameter.default for parameter in info.parameters}
    ended, waiting = queue.SimpleQueue(), {}
    for number, point in enumerate(todo):
        changed = {name: value for name, value in point.values.items() if value != defaults[name]}
        # A key of this moment: Dask must not answer with a failed run of an earlier call.
        future = client.submit(run_point, info.path.name, source, changed, version, share,
                               key=f"{point.key}-{time.time_ns()}", priority=-number)
        waiting[future.key] = point, future
        future.add_done_callback(ended.put)
    progress = Progress(client, books, len(todo))
    try:
        while waiting:
            with contextlib.suppress(queue.Empty):
                future = ended.get(timeout=0.5)
                point, _ = waiting.pop(future.key)
                books.add(point, _result(future))
                progress.ended(point)
                future.release()
            if client.status != "running":
                raise Lost
            progress.show(len(waiting))
    finally:
        progress.close()
        with contextlib.suppress(Exception):
            client.cancel([future for _, future in waiting.values()], force=True)


def _result(future):
    """Return what a run returned; a run that no worker survived has failed."""
    if future.status in ("cancelled", "lost"):
        raise Lost
    if future.status == "finished":
        return future.result()
    error = future.exception()
    if type(error).__name__ == "KilledWorker":
        return {"status": "failed", "error": "every worker that took this run died, as they do when memory runs out"}
    return {"status": "failed", "error": first_line(f"{type(error).__name__}: {error}")}


class Progress:
    """One line with done, failed, running and time left; where no terminal is, one line for each run that ends."""

    def __init__(self, client, books, todo):
        self.client = client
        self.books = books
        self.todo = todo
        self.finished = 0
        self.start = time.time()
        self.pages = self.start
        self.terminal = sys.stderr.isatty()

    def ended(self, point):
        """Tell of one run that ended, and now and then bring the pages up to date."""
        self.finished += 1
        if not self.terminal:
            result = self.books.results[point.key]
            told = " ".join(f"{name}={point.values[name]}" for name in self.books.swept)
            error = f": {result['error']}" if result["status"] == "failed" else ""
            _say(f"[{self.finished}/{self.todo}] {told} {result['status']}{error}; {self._left()}")
        if time.time() - self.pages > PAGES_EVERY:
            write_pages(self.books)
            self.pages = time.time()

    def show(self, waiting):
        """Draw the line anew."""
        if self.terminal:
            counts = f"{self.books.count('done')} done, {self.books.count('failed')} failed"
            line = f"{counts}, {self._running(waiting)} running, {self._left()}"
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    def _running(self, waiting):
        if not waiting:
            return 0
        processing = self.client.processing()
        return min(waiting, sum(min(len(processing.get(worker, ())), n) for worker, n in self.client.nthreads().items()))

    def _left(self):
        if not self.finished:
            return "time left: not known before the first one ends"
        seconds = (time.time() - self.start) / self.finished * (self.todo - self.finished)
        return f"about {seconds / 60:.0f} min left" if seconds > 90 else f"about {seconds:.0f} s left"

    def close(self):
        """Leave the line."""
        if self.terminal:
            print(file=sys.stderr)


def _say(line):
    print(f"course: {line}", file=sys.stderr, flush=True)
