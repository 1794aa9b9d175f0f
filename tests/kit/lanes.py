"""A plugin of pytest: tests run in two lanes, long files first, and what measures time has the machine to itself.

A lane has its share of the cores: two TensorFlows that both want all of them take half as long again. A test holds the lock
of its lane. A quiet one takes the locks of all lanes, and so runs on all cores while the other lane rests between two of its
tests; quiet tests that follow each other, as the cells of a notebook do, keep them.
"""

import os
from pathlib import Path

import pytest
from filelock import FileLock

from kit.notebooks import NOTEBOOKS
from lib.machine import cores
from lib.runner.notebooks import read_notebook

LANES = 2
QUIET = {"07"}  # the lessons that compare what they have measured in seconds
SECONDS = {path: read_notebook(path).seconds for path in NOTEBOOKS}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Say how many lanes: one a core, two at most; none for a single file, which stays in this process."""
    files = {Path(word.partition("::")[0]) for word in config.args}
    return 0 if len(files) == 1 and files.pop().is_file() else min(LANES, cores())


def pytest_configure(config):
    config.addinivalue_line("markers", "quiet: measures time, and so runs while the other lane rests")
    if hasattr(config, "workerinput"):  # this process is a lane
        config.pluginmanager.register(Lane(Path(config.option.basetemp).parent / "lanes", config.workerinput["workerid"]))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: (item.path not in SECONDS or not is_quiet(item), -seconds(item.path)))


def is_quiet(item):
    """Say whether an item measures time."""
    return item.get_closest_marker("quiet") is not None or (item.path in SECONDS and item.path.name[:2] in QUIET)


def seconds(path):
    """Return what a file takes, as far as title cells tell; the runs at the smoke profile take longest."""
    return 999 if path.stem == "test_smoke" else SECONDS.get(path) or 0


class Lane:
    """What one of the processes does around each of its tests."""

    def __init__(self, folder, name):
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.path = folder / f"{name}.lane"
        self.path.touch()  # so that a quiet test of another lane knows of this one
        self.turn = FileLock(folder / "turn")  # who waits for all lanes is not overtaken for ever
        self.held = []
        self.number = int(name.removeprefix("gw")) % LANES
        self.cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
        self.take_cores(False)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        if not self.held:
            self.enter(is_quiet(item))
        try:
            return (yield)
        finally:
            if not (is_quiet(item) and nextitem is not None and is_quiet(nextitem)):
                self.leave()

    def enter(self, quiet):
        with self.turn:
            for path in sorted(self.folder.glob("*.lane")) if quiet else [self.path]:
                lock = FileLock(path)
                lock.acquire()
                self.held.append(lock)
        self.take_cores(quiet)

    def take_cores(self, every):
        """Keep this process, and what it starts from now on, to all cores or to the share of this lane."""
        if len(self.cores) >= LANES:
            os.sched_setaffinity(0, self.cores if every else self.cores[self.number :: LANES])

    def leave(self):
        while self.held:
            self.held.pop().release()
