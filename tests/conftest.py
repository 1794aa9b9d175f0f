"""What several test modules need: the notebooks, and a place of our own for a learner's progress."""

import contextlib
import gc
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))

os.environ.pop("WANDB_API_KEY", None)  # nothing here goes online, whoever runs it

# A shell starts background jobs with Ctrl-C ignored, and so would be every process that the tests start and stop.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_generate_tests(metafunc):
    # A new notebook is picked up by its name alone.
    if "notebook" in metafunc.fixturenames:
        metafunc.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


def pytest_collection_finish():
    # As lib.session.start does it: the garbage that Keras collects before every model is not among what was imported.
    gc.freeze()


@contextlib.contextmanager
def two_at_a_time(request, fixture, work):
    """Begin work(path) for each notebook whose tests want a fixture; two at a time, since each keeps one core busy.

    Yields:
        A dict from the notebook's name to a Future of what `work` returns.
    """
    # nbval's cells are items too, and have no fixtures.
    paths = [item.callspec.params["notebook"] for item in request.session.items if fixture in getattr(item, "fixturenames", ())]
    pool = ThreadPoolExecutor(2)
    try:
        yield {path.stem: pool.submit(work, path) for path in paths}
    finally:
        pool.shutdown(cancel_futures=True)  # where -x has ended the tests early, nothing more is started


def read(path):
    """Return a notebook as a dict."""
    return json.loads(path.read_text(encoding="utf-8"))


def source(cell):
    """Return a cell's source as one str."""
    return "".join(cell["source"])


def code_cells(path):
    """Return the code cells that hold anything."""
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == "code" and source(cell).strip()]


def tags(cell):
    """Return a cell's tags, a list of str."""
    return cell["metadata"].get("tags", [])


def is_compared(cell):
    """Say whether nbval compares this cell's stored output with a fresh one."""
    return cell["cell_type"] == "code" and cell["outputs"] and "nbval-ignore-output" not in tags(cell)


@pytest.fixture(autouse=True)
def own_progress(tmp_path_factory, monkeypatch):
    """Keep tests away from the progress of whoever runs them."""
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path_factory.mktemp("progress")))
