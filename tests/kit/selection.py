"""A plugin of pytest: which tests run (`--lesson`, `--changed`, `--long`), and which lessons are green here."""

import random

import pytest

from kit.lessons import LESSONS, key, lessons

GREEN = "lessons/green"  # in pytest's cache: for each lesson the key with which it was last green


def pytest_addoption(parser):
    group = parser.getgroup("course", "what of the course is tested")
    red = "all that a change to these lessons can turn red"
    group.addoption("--lesson", action="append", default=[], metavar="08,11", help=red)
    group.addoption("--changed", action="store_true", help="the lessons that have changed since they were last green here")
    group.addoption("--long", action="store_true", help="all long tests, not one of each family")
    group.addoption("--sample-seed", type=int, metavar="N", help="decides which of the long tests run (default: drawn)")


def pytest_configure(config):
    config.addinivalue_line("markers", "lesson(number): a change to this lesson can turn it red; without a number, to any")
    config.addinivalue_line("markers", "long(family, by=parameter): takes long; of a family one test runs, or one value's tests")
    option = config.option
    if option.lf:
        config.pluginmanager.register(CellsAbove())
    # A lane has both, what its parent has settled and the words of the command line.
    option.lesson = list(dict.fromkeys(word.strip().zfill(2) for words in option.lesson for word in words.split(",")))
    if hasattr(config, "workerinput"):
        return  # a lane takes the options as its parent has settled them
    if option.sample_seed is None:
        option.sample_seed = random.randrange(10_000)
    if unknown := set(option.lesson) - set(LESSONS):
        raise pytest.UsageError(f"there is no lesson {', '.join(sorted(unknown))}; the lessons are {', '.join(LESSONS)}")
    whole = set(config.args) == set(config.getini("testpaths")) and not is_named(config)
    record = Record(config) if whole or option.changed else None
    if option.changed:
        option.lesson = [number for number, now in record.keys.items() if record.green.get(number) != now]
        if not option.lesson:
            pytest.exit("no lesson has changed since it was last green here", returncode=0)
    if whole:
        config.pluginmanager.register(record)


def pytest_report_header(config):
    which = "all" if config.option.long else f"one of each family, --sample-seed {config.option.sample_seed}"
    return [f"long tests: {which}", *(f"lesson: {LESSONS[number].stem}" for number in config.option.lesson)]


def is_named(config):
    """Say whether tests are asked for by name, or because they failed: then neither a sample is drawn nor green recorded."""
    return bool(config.option.keyword or config.option.markexpr or config.option.lf or any("::" in word for word in config.args))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    chosen = set(config.option.lesson)
    kept = [item for item in items if not chosen or chosen & lessons(item)]
    if not config.option.long and not is_named(config):
        kept = sampled(kept, config.option.sample_seed)
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


class CellsAbove:
    """Puts in, where a cell of a notebook failed, all cells above it, which it needs. Registered after `--lf` itself."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items):
        yield
        last = {item.parent: item.cell_num for item in items if item.path.suffix == ".ipynb"}
        cells = [cell for notebook, number in last.items() for cell in list(notebook.collect())[: number + 1]]
        items[:] = [item for item in items if item.path.suffix != ".ipynb"] + cells


def sampled(items, seed):
    """Return the items with one of each family of long ones."""
    families = {}
    for item in items:
        if mark := item.get_closest_marker("long"):
            families.setdefault(mark.args[0], {}).setdefault(unit(item, mark), []).append(item)
    drawn = {item for name, units in families.items() for item in random.Random(f"{seed} {name}").choice([*units.values()])}
    return [item for item in items if item in drawn or item.get_closest_marker("long") is None]


def unit(item, mark):
    """Return what is drawn together: a single test, or all that have one value of the parameter that the mark names."""
    return str(item.callspec.params[mark.kwargs["by"]]) if "by" in mark.kwargs else item.nodeid


class Record:
    """Which lessons are green, kept from run to run; written where a run has tried all tests of a lesson."""

    def __init__(self, config):
        self.cache = config.cache
        self.green = self.cache.get(GREEN, {})
        self.keys = {number: key(path) for number, path in LESSONS.items()}  # before the run: an edit beside it does not count
        self.tests = {}  # of each lesson, a list of node ids
        self.passed = {}  # by node id

    def pytest_runtest_logreport(self, report):
        self.passed[report.nodeid] = self.passed.get(report.nodeid, True) and not report.failed

    def pytest_collection_finish(self, session):
        self.tests = tests_of_lessons(session)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        self.tests = getattr(node, "workeroutput", {}).get("lessons") or self.tests

    def pytest_sessionfinish(self):
        for number, names in self.tests.items():
            if all(self.passed.get(name) for name in names):
                self.green[number] = self.keys[number]
            elif any(self.passed.get(name) is False for name in names):
                self.green.pop(number, None)
        self.cache.set(GREEN, self.green)


def tests_of_lessons(session):
    """Return a dict from each lesson that was asked for, by name or as one of all, to the node ids of its tests."""
    asked = set(session.config.option.lesson or LESSONS)
    found = {}
    for item in session.items:
        for number in asked & lessons(item):
            found.setdefault(number, []).append(item.nodeid)
    return found


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["lessons"] = tests_of_lessons(session)
