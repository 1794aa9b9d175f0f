"""Runs one notebook with papermill, on a kernel of this very interpreter, and says how it went."""

import json
import logging
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace

from lib.errors import UNREADABLE, first_line, last_line
from lib.files import whole
from lib.metric import collect_metrics
from lib.places import RUN_DIR
from lib.runner import strays
from lib.runner.kit import digest
from lib.runner.notebooks import NotebookInfo, headings, read_notebook, text

RECORD = "course_run"  # what an executed notebook says of its run, in its metadata
STARTS = 3  # of a kernel whose port another process has taken since it was found free
TAKEN = "Address already in use"
AT_LEAST = 3600  # seconds for a cell, however short the lesson


@dataclass
class Outcome:
    """How the run of one notebook went; `error` is one line and empty when it is done."""

    info: NotebookInfo
    values: dict
    seconds: float = 0.0
    error: str = ""
    heading: str = ""
    metrics: dict = field(default_factory=dict)

    @property
    def status(self):
        """Either "done" or "failed"."""
        return "failed" if self.error else "done"


def patience(info):
    """Return after how many seconds a cell is taken for one that never ends: ten times what the whole lesson takes."""
    return max(AT_LEAST, 10 * (info.seconds or 0))


def execute(info, values, out, label="", folder=None, timeout=None):
    """Run a notebook; the executed one is in the folder only when it has ended.

    Args:
        info: the `NotebookInfo`.
        values: dict of the parameters that are set.
        out: Path of an existing folder; the executed notebook gets the same file name there.
        label: what the progress bar, or the line that replaces it, calls this run, such as "[1/2] 03_keras_tuner";
            empty for neither.
        folder: Path that the kernel works in; the notebook's own if None.
        timeout: seconds that a cell may take; None for `patience`.

    Returns:
        An `Outcome`; a failing cell, a kernel that died and a disk that is full are told in it.

    Raises:
        KeyboardInterrupt: the run was stopped; its kernel is shut down and nothing of it is left.
    """
    bar = {"desc": label, "file": sys.stderr} if label and sys.stderr.isatty() else False
    if label and not bar:
        print(f"{label} ...", file=sys.stderr, flush=True)
    start = time.perf_counter()
    outcome = Outcome(info, values)
    try:
        with whole(out / info.path.name) as partial:
            error = _run(info.path, partial, values, bar, folder or info.path.parent, out / info.name, timeout or patience(info))
            outcome.seconds = time.perf_counter() - start
            _finish(outcome, error, partial)
    except (OSError, *UNREADABLE) as error:  # whatever it is, the next notebook still runs
        outcome.error = outcome.error or _told(error)
    if label and not bar:
        print(f"{label} {outcome.status} in {outcome.seconds:.0f} s", file=sys.stderr, flush=True)
    return outcome


def _run(source, target, values, bar, folder, products, timeout):
    """Run papermill, and return the error that ended it, or None; the kernel's own words go into a file beside the target."""
    words = target.with_suffix(".log")
    connection = target.with_suffix(".json")  # has the kernel's key: it is not left in the system's temporary folder
    try:
        for start in range(STARTS):
            connection.unlink(missing_ok=True)
            with open(words, "wb") as log:
                error = _error_of(_papermill, source, target, values, bar, folder, products, timeout, connection, log)
            if error is None:
                return None
            error.words = last_line(words.read_text(encoding="utf-8", errors="replace"), "")
            if TAKEN not in error.words or not isinstance(error, RuntimeError) or start + 1 == STARTS:
                return error
    finally:
        for path in (words, connection):
            path.unlink(missing_ok=True)
        if not target.exists():
            shutil.copyfile(source, target)


def _error_of(call, *args):
    """Return the error that ends a call, or None; one of the disk, or of letters that no file takes, is raised."""
    try:
        call(*args)
    except Exception as error:  # whatever it is, it is told, and the next notebook still runs
        if isinstance(error, UnicodeError) or (isinstance(error, OSError) and error.errno):
            raise  # what is written is cut
        return error


def _papermill(source, target, values, bar, folder, products, timeout, connection, log):
    # jsonschema, which papermill imports, would spend a second on a grammar of web addresses that no notebook is
    # checked by; where the package is missing, it leaves that check out.
    sys.modules.setdefault("rfc3987_syntax", None)
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from papermill import execute_notebook

    managers = []

    class ThisPython(AsyncKernelManager):
        """Starts this interpreter, whatever another installation has registered as `python3`."""

        @property
        def kernel_spec(self):
            return KernelSpec(**get_kernel_dict(), env={RUN_DIR: str(products)})

        async def start_kernel(self, **more):
            self.connection_file = str(connection)
            managers.append(self)
            await super().start_kernel(**more, stdout=log, stderr=subprocess.STDOUT)

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what it would log is told in one line of ours
    try:
        execute_notebook(
            _literal(source),
            _literal(target),
            parameters=values,
            kernel_name="python3",
            language="python",
            progress_bar=bar,
            cwd=str(folder),
            execution_timeout=timeout,
            kernel_manager_class=ThisPython,
            # The kernel's own log, not the lesson's output: it would run through the progress bar.
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
        )
    finally:
        for process in [manager.provisioner.process for manager in managers if manager.provisioner]:
            if process:  # one that was stopped while it started would go on to write its file
                process.kill()
                process.wait()
        strays.end(strays.strays(products))


def _finish(outcome, error, partial):
    """Fill in the outcome from the executed notebook, and let that bear its own name, and say of itself how it went."""
    notebook = json.loads(partial.read_text(encoding="utf-8"))
    notebook["metadata"].setdefault("papermill", {})["output_path"] = outcome.info.path.name
    outcome.metrics = collect_metrics(notebook)
    if error is not None:
        outcome.error = _told(error)
        outcome.heading = _heading_of_failure(notebook, getattr(error, "cell_index", None))
    record = {name: getattr(outcome, name) for name in ("values", "seconds", "error", "heading")}
    notebook["metadata"][RECORD] = record | {"title": outcome.info.title, "cells": written(notebook)}
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    partial.write_text(text, encoding="utf-8", errors="replace")


def written(notebook):
    """Return a digest of what a person can write into a notebook: the source of its cells."""
    return digest(*[text(cell).encode(errors="replace") for cell in notebook["cells"]])


def read_outcome(path):
    """Return the `Outcome` that an executed notebook tells of itself; None for any other file."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        record = {name: value for name, value in notebook["metadata"][RECORD].items() if name != "cells"}
        info = replace(read_notebook(path), title=record.pop("title"))  # papermill puts a cell of its own above ours
        return Outcome(info, metrics=collect_metrics(notebook), **record)
    except (OSError, *UNREADABLE):
        return None


def _told(error):
    name = getattr(error, "ename", type(error).__name__)
    if name == "DeadKernelError":
        return "the kernel died, as it does when memory runs out"
    if name == "CellTimeoutError":
        return "the cell did not end in the time that --timeout gives it"
    if name == "RuntimeError" and getattr(error, "words", ""):  # jupyter_client's, where a kernel does not come up
        return f"the kernel did not start: {error.words}"
    if isinstance(error, OSError) and error.errno:
        return f"it could not be written: {error.strerror}"
    return first_line(f"{name}: {getattr(error, 'evalue', error)}")


def _heading_of_failure(notebook, index):
    """Return the nearest heading above the failing cell, or an empty string."""
    # papermill adds cells that point at the error; its index counts without them.
    marker = "papermill-error-cell-tag"
    cells = [cell for cell in notebook["cells"] if marker not in cell["metadata"].get("tags", [])]
    if index is None:  # the kernel died: the last cell that was started
        started = [i for i, cell in enumerate(cells) if cell["metadata"].get("papermill", {}).get("start_time")]
        index = started[-1] if started else 0
    above = [text(cell) for cell in cells[:index] if cell["cell_type"] == "markdown"]
    found = [heading for markdown in above for _, heading in headings(markdown)]
    return found[-1] if found else ""


def _literal(path):
    return str(path).replace("{", "{{").replace("}", "}}")  # papermill formats its paths
