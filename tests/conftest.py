"""What holds for every test: who runs where, a place of our own for a learner's progress, nothing that goes online."""

import gc
import os
import signal

import pytest
from hypothesis import settings
from kit.notebooks import NOTEBOOKS

from lib.streams import plain

pytest_plugins = ["kit.selection", "kit.lanes", "kit.fresh"]

os.environ.pop("WANDB_API_KEY", None)  # nothing here goes online, whoever runs it
plain()  # what a test reads of another process has no colours, even where a CI asks for them

# A slow machine is no failure, and two runs of one commit try the same examples.
settings.register_profile("kit", deadline=None, database=None, derandomize=True)
settings.load_profile("kit")

# A shell starts background jobs with Ctrl-C ignored, and so would be every process that the tests start and stop.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_generate_tests(metafunc):
    # A new notebook is picked up by its name alone.
    if "notebook" in metafunc.fixturenames:
        metafunc.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


def pytest_collection_finish():
    # As lib.session.start does it: the garbage that Keras collects before every model is not among what was imported.
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    ended = yield
    if nextitem is None or nextitem.path != item.path:  # and not among what the tests of other files have left
        gc.collect()
        gc.freeze()
    return ended


@pytest.fixture(autouse=True)
def own_progress(tmp_path_factory, monkeypatch):
    """Keep tests away from the progress of whoever runs them."""
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path_factory.mktemp("progress")))


@pytest.fixture(scope="module")
def browser():
    """Chromium with what parallel coordinates need."""
    from kit.browser import WEBGL, chromium

    with chromium(*WEBGL) as browser:
        yield browser
