"""`course sweep`: one papermill run for each point, on Dask; what is finished is never run again."""

import collections
import contextlib
import json
import queue
import sys
import time
import uuid

from lib.errors import CourseError, first_line, without_password
from lib.runner.books import Books
from lib.runner.cluster import Lost, fitting, local_client, remote_client, run_point
from lib.runner.execute import patience
from lib.runner.folder import WORK, is_ours
from lib.runner.kit import kit_version
from lib.runner.sweep_pages import write_pages

PAGES_EVERY = 30  # seconds between two versions of the pages while runs end; more where they take long to write
AHEAD = 2  # runs that are handed to the cluster for each that it works on; the others wait here, where they cost nothing


def sweep(info, varied, points, out, workers=None, address=None, security=None, timeout=None):
    """Run every point that is not done yet, and write runs.csv, parallel.html and index.html.

    Args:
        info: the `NotebookInfo`.
        varied: names of the parameters that vary.
        points: list of `Point`.
        out: Path of the sweep's folder, which exists and is held.
        workers: number of worker processes on this machine at most; None for as many as fit.
        address: of a running Dask scheduler, instead of workers of our own.
        security: its credentials, as `lib.runner.cluster.credentials` returns them, or None.
        timeout: seconds that a cell may take, or None.

    Returns:
        The `Books`, and whether they and their pages could be written to the end.

    Raises:
        CourseError: no scheduler at the address, or a worker with another kit; nothing is written then.
        Lost: the workers did not start, or the scheduler ended during the sweep.
        OSError: the folder cannot be written any more.
        KeyboardInterrupt: stopped; what is finished is in the books.
    """
    books = Books(out, info, varied, points)
    todo = books.todo()
    _say(f"{len(points)} points of {info.name}: {len(points) - len(todo)} done before, {len(todo)} to run")
    _refuse_written_into(books, todo)
    if not todo:
        return books, _close(books)
    count = fitting(len(todo), workers)
    opened = remote_client(address, security, _say) if address else local_client(count, out / WORK)
    with opened as client:
        try:
            books.begin_table()
            _say(f"{len(client.nthreads())} workers")
            _run(client, books, todo, 0 if address else count, timeout or patience(info))
        finally:
            whole = _close(books)
    return books, whole


def _refuse_written_into(books, todo):
    """Refuse to run a point again whose notebook somebody has written into, as one does who looks for what failed."""
    for point in todo:
        path = books.folder / f"{point.key}.ipynb"
        if path.exists() and not is_ours(path, "sweep"):
            raise CourseError(f"{path} is to be run again, and somebody has written into it: move it, or give another --out DIR")


def _close(books):
    """Write the table and the pages as they are in the end, and return whether that went well; the runs are kept anyway."""
    try:
        books.write_table()
        write_pages(books)
        return True
    except Exception as error:  # a full disk, or a value that no picture shows
        _say(f"the table and the pages are not up to date: {first_line(error)}")
        return False


def _run(client, books, todo, share, timeout):
    """Give every point to the workers, and book each result as it comes."""
    ended, given = queue.SimpleQueue(), {}
    submit = _submitter(client, books.info, share, timeout)
    waiting = collections.deque(todo)
    progress = Progress(client, books, len(todo))
    try:
        while waiting or given:
            while waiting and len(given) < AHEAD * max(1, sum(client.nthreads().values())):
                future = submit(waiting[0])
                given[future.key] = waiting.popleft(), future
                future.add_done_callback(ended.put)
            with contextlib.suppress(queue.Empty):
                future = ended.get(timeout=0.5)
                books.add(given[future.key][0], _result(future))
                progress.ended(given.pop(future.key)[0])
                future.release()
            if client.status != "running":
                raise Lost("the scheduler is gone")
            progress.show(len(given))
    finally:
        progress.close()
        _let_go(client, books, given)


def _submitter(client, info, share, timeout):
    """Return a function that hands a point to the cluster, and returns its future."""
    source, version = without_outputs(info.path.read_text(encoding="utf-8")), kit_version()
    defaults = {parameter.name: parameter.default for parameter in info.parameters}

    def submit(point):
        changed = {name: value for name, value in point.values.items() if value != defaults[name]}
        # A key of its own: Dask must not answer with a failed run of an earlier call.
        return client.submit(run_point, info.path.name, source, changed, version, share, timeout,
                             key=f"{point.key}-{uuid.uuid4().hex}")

    return submit


def without_outputs(source):
    """Return the JSON of a notebook without its stored outputs: a run does not need them, and no worker has to hold them."""
    notebook = json.loads(source)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    return json.dumps(notebook)


def _let_go(client, books, given):
    """Book what has ended by now, where the folder still takes it, and cancel the rest."""
    for point, future in given.values():
        with contextlib.suppress(Exception):
            if future.status == "finished":
                books.add(point, future.result())
    with contextlib.suppress(Exception):
        client.cancel([future for _, future in given.values()], force=True)


def _result(future):
    """Return what a run returned; a run that no worker survived has failed."""
    if future.status in ("cancelled", "lost"):
        raise Lost("the scheduler is gone")
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
        self.start = time.monotonic()  # the wall clock may be set while a sweep runs
        self.pages = self.start + PAGES_EVERY  # when they are due
        self.terminal = sys.stderr.isatty()

    def ended(self, point):
        """Tell of one run that ended, and now and then bring the pages up to date."""
        self.finished += 1
        if not self.terminal:
            result = self.books.results[point.key]
            told = " ".join(f"{name}={point.values[name]}" for name in self.books.swept)
            error = f": {result['error']}" if result["status"] == "failed" else ""
            _say(f"[{self.finished}/{self.todo}] {told} {result['status']}{error}; {self._left()}")
        before = time.monotonic()
        if before > self.pages:
            with contextlib.suppress(Exception):  # told in the end, if it is still so
                write_pages(self.books)
            now = time.monotonic()
            self.pages = now + max(PAGES_EVERY, 20 * (now - before))

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
        seconds = (time.monotonic() - self.start) / self.finished * (self.todo - self.finished)
        return f"about {seconds / 60:.0f} min left" if seconds > 90 else f"about {seconds:.0f} s left"

    def close(self):
        """Leave the line."""
        if self.terminal:
            print(file=sys.stderr)


def _say(line):
    print(f"course: {without_password(line)}", file=sys.stderr, flush=True)
