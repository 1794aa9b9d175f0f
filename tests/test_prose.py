"""Every number that a sentence of the course states is held against what it comes from, without running anything.

Near a sentence, in its own section, one of these is that number, rounded to the digits that the sentence shows: a recorded
metric, a figure in a compared output, a number in the code, a parameter. What nbval does not compare (a time, a loss) holds a
sentence only if that says "about" or the like. A summary says what the sections say. Differences in points and ratios are
worked out. What is left stands in tests/prose.yaml: a quoted phrase, and why its number is not near.
"""

import ast
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from kit.notebooks import NOTEBOOKS, ROOT, read, source
from kit.prose import altered, claims
from kit.stored import Lesson, literals

from lib.metric import MIME

WORDS = {"year", "version", "size", "lecture", "arithmetic", "definition", "elsewhere"}
EXCEPTIONS = yaml.safe_load((ROOT / "tests" / "prose.yaml").read_text(encoding="utf-8"))
# How long a lesson takes is a promise, and no result.
PROMISE = re.compile(r"\*About \d+ minutes to work through(, in \w+ sittings)?\. All cells together run in about \d+ seconds"
                     r"|\*A good place to rest: about \d+ minutes lie behind you, and about \d+ before you")
KINDS = ("metric", "output", "code", "parameter", "section", "noise")


@cache
def lesson(name):
    return Lesson(name, read(ROOT / "notebooks" / f"{name}.ipynb"))


# --- the rules


def held(notebook, index, text=None):
    """List the claims in a cell of prose, or in another text in its place, as pairs (claim, what holds it or None)."""
    text = PROMISE.sub(lambda match: " " * len(match[0]), text or source(notebook.cells[index]))
    near = notebook.near(index)
    return [(claim, holder(claim, near) or exception_for(claim, text, notebook, index)) for claim in claims(text)]


def holder(claim, near):
    """Return the kind of the first source that holds a claim, or None."""
    kinds = [kind for kind in KINDS if any(map(claim.holds, near.get(kind, ())))]
    return kinds[0] if kinds and not claim.derived and (kinds[0] != "noise" or claim.hedged) else None


def exception_for(claim, text, notebook, index):
    """Return the word of the exception that holds a claim, or None."""
    exception = excused(claim, text, notebook.name)
    return next(iter(exception.keys() & WORDS)) if exception and is_true(claim, exception, notebook, index) else None


def excused(claim, text, name):
    """Return the exception whose phrase a claim stands in, or None."""
    for exception in EXCEPTIONS["everywhere"] + EXCEPTIONS.get(name, []):
        for match in re.finditer(rf"(?<![\w.,]){re.escape(exception['says'])}(?!\w|[.,]\d)", text):
            if match.start() <= claim.start < match.end():
                return exception
    return None


def is_true(claim, exception, notebook=None, index=None):
    """Say whether an exception holds a claim, as far as it can be checked: its arithmetic, and the cell or the file it names."""
    if "arithmetic" in exception:
        return claim.holds(worth(exception, notebook, index))
    where = str(exception.get("elsewhere", ""))
    name, _, cell = where.partition("/")
    if where.endswith(".py"):
        return any(map(claim.holds, literals(module(where).read_text(encoding="utf-8"))))
    if name in [path.stem for path in NOTEBOOKS]:
        other = lesson(name)
        return any(map(claim.holds, set().union(*other.numbers[other.place(cell)].values())))
    return True


def module(where):
    """Return the path of a file of the kit, or of an installed package, such as keras/src/losses/loss.py."""
    package = find_spec(where.partition("/")[0])
    folder = Path(package.submodule_search_locations[0]).parent if package and not (ROOT / where).exists() else ROOT
    return folder / where


def worth(exception, notebook, index):
    """Return what an exception's arithmetic comes to: of metrics, parameters, numbers that stand near, and small whole ones."""
    place = notebook.place(exception["at"]) if "at" in exception else index
    near = {100.0}.union(*notebook.near(place).values())
    tree = ast.parse(str(exception["arithmetic"]), mode="eval")
    figures = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    far = [figure for figure in figures if figure not in near and figure not in range(11)]
    assert not far, f"{exception}: {far} do not stand near"
    return eval(compile(tree, "prose.yaml", "eval"), {"__builtins__": {}}, {**notebook.metrics, **notebook.parameters})


# --- every notebook


def test_every_number_in_prose_is_held(notebook):
    one = lesson(notebook.stem)
    unheld = [(one.cells[index]["id"], f"…{source(one.cells[index])[max(0, claim.start - 60):claim.start + 60]}…")
              for index in one.prose for claim, kind in held(one, index) if kind is None]
    assert not unheld


def lost_exceptions(key, lessons):
    """List the phrases of exceptions that have no number in the prose of lessons, or no word of the list."""
    found = [excused(claim, source(one.cells[index]), one.name)
             for one in lessons for index in one.prose for claim in claims(source(one.cells[index]))]
    return [exception["says"] for exception in EXCEPTIONS.get(key, [])
            if exception not in found or len(exception.keys() & WORDS) != 1]


def test_every_exception_is_found(notebook):
    assert not lost_exceptions(notebook.stem, [lesson(notebook.stem)])


def test_every_exception_of_all_lessons_is_found():
    assert not lost_exceptions("everywhere", [lesson(path.stem) for path in NOTEBOOKS])
    assert not EXCEPTIONS.keys() - {path.stem for path in NOTEBOOKS} - {"everywhere", "README"}


def test_the_readme_says_what_the_lessons_say():
    """A line on a lesson has numbers of that lesson; another line has exceptions."""
    unheld = []
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines():
        link = re.search(r"\(notebooks/(\w+)\.ipynb\)", line)
        near = lesson(link[1]).everywhere if link else {}
        for claim in claims(line):
            exception = excused(claim, line, "README")
            if not holder(claim, near) and not (exception and is_true(claim, exception)):
                unheld.append((claim.text, line))
    assert not unheld


def test_the_sizes_of_the_data_are_those_of_the_files():
    rows = re.findall(r"^\| `(\S+)` \| ([\d,]+) \|", (ROOT / "data" / "README.md").read_text(encoding="utf-8"), re.M)
    assert rows and {name: f"{(ROOT / 'data' / name).stat().st_size:,}" for name, _ in rows} == dict(rows)


# --- the rules see a wrong number


@pytest.mark.parametrize(("text", "low", "high"), [
    ("It reached 0.8914.", 0.89135, 0.89145), ("48,000 pictures", 47999.5, 48000.5), ("a loss of −0.09", -0.095, -0.085),
    ("about 80 pictures", 75, 85), ("80 pictures", 79.5, 80.5), ("some thirty packages", 25, 35), ("thirty-one", 30.5, 31.5),
    ("two hundred tiny networks", 199.5, 200.5), ("more than twenty million weights", 2e7, 4e7), ("63.2 %", 63.15, 63.25),
    ("less than half of them", 0.25, 0.5), ("two thirds of a vote", 0.95 * 2 / 3, 1.05 * 2 / 3), ("eight in ten", 0.76, 0.84),
    ("in seven of the eight seeds", 0.95 * 7 / 8, 1.05 * 7 / 8), ("half a point", 0.0025, 0.0075), ("within a point", 0, 0.01),
    ("by less than two points", 0, 0.02), ("by 3 points", 0.025, 0.035), ("three points behind", 0.025, 0.035),
    ("a few points better", 0.015, 0.095), ("three epochs", 2.5, 3.5), ("in 9 ways, 4 more epochs", 3.5, 4.5),
])
def test_what_a_claim_claims(text, low, high):
    (claim,) = claims(text)
    assert (claim.low, claim.high) == pytest.approx((low, high))


@pytest.mark.parametrize("text", [
    "Lesson 04 and section 12.", "lessons 06, 14 and 15", "In 2017, with Keras 3 on Python 3.11 or 3.12", "`x = 48000`",
    "## 7 Numbers", "**3 A task.**", "float16 and a 16-bit copy", "three things", "hundreds of them", "a few hundred",
    "It held in 4 of 5 runs.", "ahead by 0.009 ± 0.001 over 5 runs", "[a page](http://127.0.0.1:80/1)", "a point of the grid",
    "ask it twice",
])
def test_what_is_no_claim(text):
    assert not claims(text)


def made_up(prose, *outputs, code="", **metadata):
    """Make a lesson of one sentence and one cell, whose outputs are texts, or dicts of data."""
    cells = [{"cell_type": "markdown", "id": "head", "source": "# A lesson", "metadata": {}},
             {"cell_type": "code", "id": "set", "source": "trials = 40", "outputs": [], "metadata": {"tags": ["parameters"]}},
             {"cell_type": "markdown", "id": "prose", "source": f"## 1 A section\n\n{prose}", "metadata": {}}]
    data = [{"text/plain": each} if isinstance(each, str) else each for each in outputs]
    outputs = [{"output_type": "display_data", "data": each} for each in data]
    cells.append({"cell_type": "code", "id": "cell", "source": code, "outputs": outputs, "metadata": metadata})
    return Lesson("made_up", {"cells": cells})


RECORD = {"text/plain": "score: 0.8914", MIME: {"name": "score", "value": 0.89142}}
IGNORED = {"tags": ["nbval-ignore-output"], "ignored": "loss"}


@pytest.mark.parametrize(("one", "kind"), [
    (made_up("It is 0.891.", "best 0.8914"), "output"), (made_up("It is 0.8914.", "best 0.8915"), None),
    (made_up("It is 89 %.", "best 0.8914"), "output"), (made_up("It is 90 %.", "best 0.8914"), None),
    (made_up("It is 0.8914.", "0.8914", **IGNORED), None), (made_up("It is about 0.8914.", "0.8914", **IGNORED), "noise"),
    (made_up("It is 0.8914.", RECORD, **IGNORED), "metric"), (made_up("It is 0.8915.", RECORD, **IGNORED), None),
    (made_up("After 40 trials", "none"), "parameter"), (made_up("After 41 trials", "none"), None),
    (made_up("Batches of 32", code="fit(batch_size=32)"), "code"), (made_up("Batches of 64", code="fit(batch_size=32)"), None),
    (made_up("It is 48,000.", "48000 pictures"), "output"), (made_up("It is half a point better.", "0.005"), None),
    (made_up("Ten times as fast", "10"), None), (made_up("Half of them", "0.5"), None),
])
def test_what_holds_a_claim(one, kind):
    assert [word for _, word in held(one, 2)] == [kind]


def test_what_is_far_holds_nothing():
    notebook = made_up("It is 0.8914.", "0.8914")
    notebook.sections[3] = "another section"
    assert [kind for _, kind in held(notebook, 2)] == [None]


@pytest.mark.parametrize(("exception", "kind"), [
    ({"says": "0.5 better", "arithmetic": "0.9 - 0.4"}, "arithmetic"), ({"says": "0.5 better", "arithmetic": "0.9 - 0.3"}, None),
    ({"says": "0.5 better", "arithmetic": "score - 0.4"}, "arithmetic"), ({"says": "0.5", "size": "of it"}, "size"),
    ({"says": "0.6", "size": "of it"}, None), ({"says": "0.5 better", "elsewhere": "a book"}, "elsewhere"),
    ({"says": "0.5 better", "elsewhere": "01_tuning_loop/parameters"}, None),
    ({"says": "0.5 better", "elsewhere": "tests/kit/lanes.py"}, None),
])
def test_what_an_exception_holds(monkeypatch, exception, kind):
    monkeypatch.setitem(EXCEPTIONS, "made_up", [exception])
    record = {MIME: {"name": "score", "value": 0.9}}
    assert [word for _, word in held(made_up("It is 0.5 better.", "0.9 0.4 0.3", record), 2)] == [kind]


def test_an_exception_uses_no_number_that_is_far(monkeypatch):
    monkeypatch.setitem(EXCEPTIONS, "made_up", [{"says": "0.5 better", "arithmetic": "0.95 - 0.45"}])
    with pytest.raises(AssertionError, match="do not stand near"):
        held(made_up("It is 0.5 better.", "0.9"), 2)


def test_nearly_every_altered_number_is_red():
    """Each number of two digits or more in all lessons, changed by one in its last digit."""
    caught = []
    for notebook in (lesson(path.stem) for path in NOTEBOOKS):
        for index in notebook.prose:
            text = source(notebook.cells[index])
            for claim in [claim for claim, _ in held(notebook, index) if altered(claim.text)]:
                at = text.index(claim.text, claim.start)
                other = text[:at] + altered(claim.text) + text[at + len(claim.text):]
                caught.append(any(kind is None for _, kind in held(notebook, index, other)))
    assert len(caught) > 100 and sum(caught) > 0.9 * len(caught), f"{sum(caught)} of {len(caught)}"
