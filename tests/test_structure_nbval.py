"""The rules that leave no way around nbval, and those on what a notebook stores, checked without running anything.

Each rule is a function that lists what breaks it; one test holds every notebook to it, another shows that it sees a breach.
"""

import ast
import base64
import json
import re
import symtable
import tomllib

import numpy as np
import plotly.graph_objects as go
import pytest
import yaml
from kit.figures import PLOTLY, figures
from kit.notebooks import ROOT, is_compared, is_ignored, read, source, tags
from nbval.plugin import find_comment_markers, metadata_tags

from lib.metric import MIME
from lib.viz.alt import KINDS, describe

# Why a cell is not compared, and what its output then shows. A picture is told by the kind of its output; "loss" and "progress"
# count against a notebook, and need less proof.
WORDS = {
    "time": r"(?<![a-z])(seconds?|minutes?|ms|times.faster|times as fast)(?![a-z])|\d m?s\b|\d min\b|latency|speed|efficiency",
    "loss": r"\d[.,]\d|\d%",
    "picture": "",
    "machine": r"\b(\d+ cores|[GMk]i?B|bytes|Python|AVX\w+|127\.0\.0\.1|offline|no key)\b|was here",
    "progress": "",
}
PROGRESS_LINE = re.compile(r"trial \d+ of \d+.*")  # its seconds are no measurement
EMPTY = {"figure", "figures", "picture", "image", "plot", "chart", "graph", "diagram", "untitled", "title"}  # no titles
ADDRESS = re.compile(r"\b(?:https?|wss?|ftp|postgresql)://\S+|\x1b\[[\d;]*m")
ROOTS = "Applications|Library|Users|Volumes|bin|content|data|dev|etc|home|media|mnt|opt|private|proc|root|srv|tmp|usr|var|work"
PATH = re.compile(
    r"file:/\S+"
    r"""|(?:(?<![\w.~}])|(?<=\\[nrt])|(?<=[\s>'"]-[A-Za-z]))/(?:[\w.+@-]+/)+[\w.+@-]+"""  # /srv/data; not ~/data, ./data
    rf"|(?<![\w.~}}</])/(?:{ROOTS})(?![\w>-]|\.\w)"  # /tmp
    r"|(?<!\w)[A-Za-z]:(?:\\+|/(?!/)\w)"
    r"|(?<!\\)\\\\+[\w.-]+\\+[\w$.-]+"  # \\server\share
    r"|(?<![\w/])~\w+/"  # ~somebody/data
)


def shown(cell):
    """Return the outputs that nbval compares if it compares the cell: a metric is held to its bounds instead."""
    return [output for output in cell["outputs"] if MIME not in output.get("data", {})]


def has_picture(cell):
    """Say whether a cell's stored output holds a figure or an image."""
    kinds = {kind for output in cell["outputs"] for kind in output.get("data", {})}
    drawn = re.search(r"<(svg|img|canvas)\b", words_of(cell, tagless=False))
    return bool(drawn) or any(kind == PLOTLY or kind.startswith("image/") for kind in kinds)


def words_of(cell, tagless=True):
    """Return the text and the HTML in a cell's stored output, with or without HTML's own tags."""
    found = []
    for output in cell["outputs"]:
        data = {"text/plain": output.get("text", ""), **output.get("data", {})}
        found += ["".join(data[kind]) for kind in ("text/plain", "text/html") if kind in data]
    text = "\n".join(found)
    return re.sub(r"<style.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL) if tagless else text


def strings(value):
    """Yield every text in JSON but for the bytes of arrays and images."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            if key != "bdata" and not key.startswith("image/"):
                yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def decoded(value):
    """Return a stored figure's JSON with numpy arrays in the place of their bytes."""
    if isinstance(value, list):
        return [decoded(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "bdata" in value:
        shape = [int(size) for size in str(value.get("shape", -1)).split(",")]
        return np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"]).reshape(shape)
    return {key: decoded(part) for key, part in value.items()}


def code(document):
    return [cell for cell in document["cells"] if cell["cell_type"] == "code"]


# --- the rules


def forbidden_marks(document):
    """List what tells nbval to skip a cell or to expect its error, and every mark that stands in a comment."""
    marks = [(cell["id"], tag) for cell in code(document) for tag in tags(cell)
             if tag in metadata_tags and tag != "nbval-ignore-output"]
    return marks + [(cell["id"], "a comment") for cell in code(document) if [*find_comment_markers(source(cell))]]


def wrong_reasons(document):
    """List the cells that are not compared and do not say why, or say it though they are, or by a word that is not true."""
    wrong = []
    for cell in document["cells"]:
        ignored = cell["cell_type"] == "code" and is_ignored(cell)
        word = cell["metadata"].get("ignored")
        if ignored != ("ignored" in cell["metadata"]) or (ignored and not is_true(word, cell)):
            wrong.append((cell["id"], word))
    return wrong


def is_true(word, cell):
    """Say whether a word is true of a cell's stored output, as far as a program can tell."""
    if word not in WORDS or has_picture(cell) != (word == "picture"):
        return False
    if not cell["outputs"]:
        return word == "progress"
    text = PROGRESS_LINE.sub("", words_of(cell))
    if '"ms"' in source(cell):
        text += "\nms"  # a pivot of a table of milliseconds does not show their unit
    return bool(re.search(WORDS[word], text))


def comparable(document):
    """Return the cells with an output that is no picture and no time; what is written beside a picture counts."""
    cells = [cell for cell in code(document) if any(not has_picture({"outputs": [output]}) for output in shown(cell))]
    return [cell for cell in cells if cell["metadata"].get("ignored") != "time"]


def compared_share(document):
    return np.mean([bool(is_compared(cell)) for cell in comparable(document)])


def absolute_paths(document):
    """List the absolute paths in a notebook, of any root and any system."""
    return [path for text in strings(document) for path in PATH.findall(ADDRESS.sub(" ", text))]


def bound(table):
    """Yield the names of the notebook that code gives a value to, from the table of its symbols."""
    for symbol in table.get_symbols():
        gets_one = symbol.is_assigned() or symbol.is_imported()
        if gets_one and (table.get_type() == "module" or symbol.is_declared_global()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from bound(inner)


def overwritten_parameters(document):
    """List the parameters that a cell below theirs gives another value, in whatever way, and the ways to give one unseen."""
    cells = [cell for cell in code(document) if source(cell).strip()]
    first = next(i for i, cell in enumerate(cells) if "parameters" in tags(cell))
    names = set(bound(symtable.symtable(source(cells[first]), "parameters", "exec")))
    found = []
    for cell in cells[first + 1 :]:
        given = names & set(bound(symtable.symtable(source(cell), cell["id"], "exec")))
        found += [(cell["id"], name) for name in sorted(given | {*changed_in_place(source(cell), names), *reached(source(cell))})]
    return found


CHANGES = {"append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update"}
REACHES = {"__import__", "__main__", "eval", "exec", "get_ipython", "globals", "locals", "setattr", "vars"}


def changed_in_place(text, names):
    """Yield those of the names whose lists or dicts code changes."""
    for node in ast.walk(ast.parse(text)):
        item = isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)
        called = isinstance(node, ast.Attribute) and node.attr in CHANGES
        if (item or called) and isinstance(node.value, ast.Name) and node.value.id in names:
            yield node.value.id


def reached(text):
    """Yield by what code could give any name a value, so that no reader of the code would see it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.alias) and node.name == "*":
            yield "import *"
        if isinstance(node, ast.Name) and node.id in REACHES:
            yield node.id
        if isinstance(node, ast.Constant) and node.value == "__main__":
            yield "__main__"


def lacks_full(document, profiles):
    """Say whether a notebook that trains or measures anything has no full profile, or one that changes nothing."""
    words = {cell["metadata"].get("ignored") for cell in code(document)}
    records = any(len(shown(cell)) < len(cell["outputs"]) for cell in code(document))
    lines = [line for cell in code(document) if "parameters" in tags(cell) for line in ast.parse(source(cell)).body]
    lesson = {line.targets[0].id: ast.literal_eval(line.value) for line in lines}
    full = profiles.get("full") or {}
    return bool(records or words & {"loss", "time"}) and not any(lesson.get(name) != value for name, value in full.items())


def bare_pictures(document):
    """List the cells with a stored image that cannot say what it shows: no plotly figure, or HTML without a text alternative."""
    wrong = []
    for cell in code(document):
        images = [kind for output in cell["outputs"] for kind in output.get("data", {}) if kind.startswith("image/")]
        drawn = re.findall(r"<(?:img|svg|canvas)\b[^>]*>", words_of(cell, tagless=False))
        wrong += [(cell["id"], one) for one in [*images, *drawn] if not re.search(r"\b(?:alt|aria-label)=\W?\w", one)]
    return wrong


def wrong_alternatives(document):
    """List the cells with a stored figure whose text alternative is missing, or is not what that very figure shows."""
    wrong = []
    for cell in code(document):
        for stored in figures(cell["outputs"]):
            says = (stored["layout"].get("meta") or {}).get("alt")
            drawn = describe(go.Figure(decoded({"data": stored["data"], "layout": stored["layout"]})))
            if says != drawn or not says_something(says):
                wrong.append((cell["id"], says))
    return wrong


def says_something(alternative):
    """Say whether a text alternative has a title of its own, names a kind of figure, and says what its axes or its parts are."""
    found = re.fullmatch(r"(.+?)[.?!] A figure of ([^.]+)\.(.*)", alternative or "", flags=re.DOTALL)
    if not found or found[1].lower() in EMPTY or not set(found[2].split(" and ")) <= set(KINDS.values()):
        return False
    return bool(re.search(r"(Across|Upwards|Written in it): .*\w|across the axes \w", found[3]))


# --- every notebook


def test_pytest_compares_every_notebook():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert "--nbval" in options["addopts"].split() and "notebooks" in options["testpaths"]
    assert not re.search(r"lax|sanitize|ignore|deselect|(^| )-[km]\b", options["addopts"])


def test_no_cell_is_skipped_or_may_fail(notebook):
    assert not forbidden_marks(read(notebook))


def test_a_cell_that_is_not_compared_says_truly_why(notebook):
    assert not wrong_reasons(read(notebook)), f"one word in the cell's metadata, `ignored`: {', '.join(WORDS)}"


def test_three_in_four_are_compared(notebook):
    left = [cell["id"] for cell in comparable(read(notebook)) if is_ignored(cell)]
    assert compared_share(read(notebook)) >= 0.75, f"not compared: {left}"


def test_no_absolute_path_is_stored(notebook):
    assert not absolute_paths(read(notebook))


def test_no_parameter_is_overwritten(notebook):
    assert not overwritten_parameters(read(notebook))


def test_what_trains_has_a_full_profile(notebook):
    profiles = yaml.safe_load((ROOT / "notebooks" / "profiles.yaml").read_text(encoding="utf-8"))
    assert not lacks_full(read(notebook), profiles.get(notebook.stem, {}))


def test_every_figure_has_its_text_alternative(notebook):
    assert not wrong_alternatives(read(notebook)) and not bare_pictures(read(notebook))


# --- the rules see a breach


def a_cell(code="", *outputs, mark=None, **metadata):
    """Make a code cell from its source, the outputs' data and one tag."""
    outputs = [{"output_type": "display_data", "data": data} for data in outputs]
    metadata = {"tags": [mark] if mark else [], **metadata}
    return {"cell_type": "code", "id": "made-up", "source": code, "outputs": outputs, "metadata": metadata}


def text(words):
    return {"text/plain": words}


FIGURE = {PLOTLY: {"data": [{"type": "bar", "y": [1, 2]}], "layout": {"title": {"text": "Two bars"}}}}
METRIC = {**text("score: 0.5"), MIME: {"name": "score", "value": 0.5}}


@pytest.mark.parametrize("mark", sorted(metadata_tags))
def test_every_tag_of_nbval_is_counted(mark):
    cell = a_cell("1", text("1"), mark=mark)
    assert is_ignored(cell) and not is_compared(cell)
    assert wrong_reasons({"cells": [cell]}) == [("made-up", None)]
    assert bool(forbidden_marks({"cells": [cell]})) == (mark != "nbval-ignore-output")


@pytest.mark.parametrize("comment", ["# NBVAL_IGNORE_OUTPUT", "## NBVAL_SKIP", "#PYTEST_VALIDATE_IGNORE_OUTPUT"])
def test_every_comment_of_nbval_is_counted(comment):
    cell = a_cell(f"1\n  {comment}", text("1"))
    assert is_ignored(cell) and forbidden_marks({"cells": [cell]}) and wrong_reasons({"cells": [cell]})
    assert not is_ignored(a_cell(f"1  {comment}", text("1"))), "nbval reads whole lines only"


@pytest.mark.parametrize(("word", "output", "true"), [
    ("time", text("fit: 3.2 s"), True), ("time", METRIC, False), ("time", FIGURE, False),
    ("time", text("trial 3 of 3, best 0.8, 9 s"), False), ("time", text("in 24 steps"), False),
    ("loss", METRIC, True), ("loss", text("done"), False), ("loss", text("trial 3 of 3, best 0.8, 9 s"), False),
    ("picture", FIGURE, True), ("picture", {"image/png": "iVBORw0K"}, True), ("picture", {"text/html": "<p><svg></svg>"}, True),
    ("picture", {"text/html": "<table><td>0.5</td></table>"}, False), ("picture", text("Figure()"), False),
    ("machine", text("2 cores"), True), ("machine", METRIC, False), ("progress", text("trial 3 of 3, best 0.8, 9 s"), True),
    ("progress", FIGURE, False), ("speed", text("9 s"), False), (None, text("9 s"), False),
])
def test_a_word_is_true_or_not(word, output, true):
    cell = a_cell("x", output, mark="nbval-ignore-output", ignored=word)
    assert bool(wrong_reasons({"cells": [cell]})) != true


def test_only_what_is_not_compared_has_a_word():
    assert wrong_reasons({"cells": [a_cell("x", text("9 s"), ignored="time")]}) == [("made-up", "time")]


def test_the_share_counts_neither_pictures_nor_times_nor_metrics():
    beside = [a_cell("x", FIGURE), a_cell("x", METRIC), a_cell("x = 1")]
    beside.append(a_cell("x", text("9 s"), mark="nbval-ignore-output", ignored="time"))
    ignored = [a_cell("x", text("0.5"), mark="nbval-ignore-output", ignored="loss")]
    compared = [a_cell("x", text("1"))]
    assert compared_share({"cells": beside + ignored + 3 * compared}) == 0.75
    assert compared_share({"cells": beside + 2 * ignored + 3 * compared}) == 0.6
    both = a_cell("x", FIGURE, text("the best: 3"), mark="nbval-ignore-output", ignored="picture")
    machine = a_cell("x", text("2 cores"), mark="nbval-ignore-output", ignored="machine")
    assert compared_share({"cells": [both, machine, *beside, *3 * compared]}) == 0.6


@pytest.mark.parametrize("path", [
    "/srv/data", "/Volumes/disk/a.csv", "'/home/someone/x'", "a\n/nix/store/b", r"'a\n/nix/store/b'", "\x1b[32m/opt/x/y\x1b[0m",
    r"C:\data", r"d:\\data\\x", "E:/data/x", r"\\server\share", "file:///x", "sqlite:////srv/a.db", "PATH=/usr/bin",
    "/opt", "in /tmp.", "'/Users'", "-I/opt/include", "~somebody/x", "file:/x/y", "C:\\",
])
def test_an_absolute_path_is_seen(path):
    cell = a_cell("x", {"text/html": ["<p>beside\n", f"<td>{path}</td>"]})
    assert absolute_paths({"cells": [cell]})


@pytest.mark.parametrize("words", [
    "~/data/x", "./data/x", "data/x/y", "1/2/3", "and/or",
    "a / b / c", "http://127.0.0.1:80/a/b", "<td></td></tr>", "trial: 3",
    "T-shirt/top", "train/data", "12 kB/data", "a: /b", "</data>",
])
def test_what_is_no_absolute_path(words):
    assert not absolute_paths({"cells": [a_cell("x", {"text/html": words})]})


@pytest.mark.parametrize("below", [
    "epochs = 1", "epochs += 1", "for epochs in (1, 2): pass", "import math as epochs", "from math import e as epochs",
    "def epochs(): pass", "class epochs: pass", "with open('x') as epochs: pass", "a, (epochs, *b) = x", "(epochs := 3)",
    "if x:\n    epochs: int = 1", "def f():\n    global epochs\n    epochs = 1", "[epochs := n for n in x]", "del epochs",
    "try: x\nexcept ValueError as epochs: pass", "match x:\n    case epochs: pass", "epochs[0] = 1", "del epochs[0]",
    "epochs[:] = []", "epochs.append(1)", "epochs |= {}",
])
def test_an_overwritten_parameter_is_seen(below):
    cells = [a_cell("epochs = 3  # [1..9]", mark="parameters"), a_cell(below)]
    assert overwritten_parameters({"cells": cells}) == [("made-up", "epochs")]


@pytest.mark.parametrize("below", [
    'globals()["epochs"] = 1', "vars().update(epochs=1)", 'exec("epochs = 1")', "from math import *",
    'import __main__\n__main__.epochs = 1', 'import sys\nsys.modules["__main__"].epochs = 1', 'get_ipython().push({"epochs": 1})',
])
def test_a_way_to_overwrite_a_parameter_unseen_is_seen(below):
    cells = [a_cell("epochs = 3  # [1..9]", mark="parameters"), a_cell(below)]
    assert overwritten_parameters({"cells": cells})


@pytest.mark.parametrize("below", [
    "rounds = epochs", "def f(epochs): return epochs", "f(epochs=2)", "x.epochs = 1", "[epochs for epochs in x]",
    "def f():\n    epochs = 1", "epochs == 1", "", "x[epochs] = 1", "rows.append(epochs)", "epochs[0]", "epochs.index(1)",
])
def test_a_parameter_that_is_only_used(below):
    cells = [a_cell("epochs = 3  # [1..9]", mark="parameters"), a_cell(below)]
    assert not overwritten_parameters({"cells": cells})


def test_a_missing_full_profile_is_seen():
    trains = {"cells": [a_cell("x", METRIC, mark="nbval-ignore-output", ignored="loss")]}
    assert lacks_full(trains, {"smoke": {"epochs": 1}}) and lacks_full(trains, {"full": None})
    assert not lacks_full(trains, {"full": {"epochs": 9}}) and not lacks_full({"cells": [a_cell("1", text("1"))]}, {})
    same = {"cells": [a_cell("epochs = 9  # [1..9]", mark="parameters"), a_cell("x", METRIC)]}
    assert lacks_full(same, {"full": {"epochs": 9}}) and not lacks_full(same, {"full": {"epochs": 10}})


def test_a_missing_text_alternative_is_seen():
    bare = a_cell("x", FIGURE)
    assert wrong_alternatives({"cells": [bare]}) == [("made-up", None)]


@pytest.mark.parametrize(("output", "bare"), [
    ({"image/png": "iVBO"}, True), ({"text/html": "<img src='x'>"}, True), ({"text/html": ["<svg width=2>", "</svg>"]}, True),
    ({"text/html": "<img alt='' src='x'>"}, True), ({"text/html": "<svg role='img' aria-label='Two bars'>"}, False),
    ({"text/html": "<img alt='Two bars'>"}, False), (FIGURE, False),
])
def test_an_image_that_cannot_say_what_it_shows_is_seen(output, bare):
    assert bool(bare_pictures({"cells": [a_cell("x", output)]})) == bare


@pytest.mark.parametrize(("trace", "shape"), [(lambda y: go.Bar(y=y), 4), (lambda z: go.Heatmap(z=z), (2, 2))])
def test_a_text_alternative_of_another_figure_is_seen(trace, shape):
    figure = go.Figure(trace(np.ones(shape)), layout={"title_text": "Two", "xaxis_title_text": "bars"})
    figure.update_layout(meta={"alt": describe(figure)})
    stored = json.loads(figure.to_json())
    assert "bdata" in str(stored) and not wrong_alternatives({"cells": [a_cell("x", {PLOTLY: stored})]})
    stored["layout"]["title"]["text"] = "Three"
    assert wrong_alternatives({"cells": [a_cell("x", {PLOTLY: stored})]})


@pytest.mark.parametrize(("layout", "says"), [
    ({"title_text": "Cost of a trial", "xaxis_title_text": "units"}, True),
    ({"title_text": "Is it dear?", "yaxis_title_text": "seconds"}, True),
    ({"title_text": "Cost", "xaxis": {"tickvals": [0], "ticktext": ["Adam"]}}, True),
    ({"title_text": "Cost", "annotations": [{"text": "Adam"}]}, True),
    ({"title_text": "Cost of a trial"}, False),
    ({"title_text": "Cost", "xaxis": {"tickvals": [0], "ticktext": ["0"]}}, False),
    ({"title_text": "Figure", "xaxis_title_text": "units"}, False),
    ({"xaxis_title_text": "units"}, False),
])
def test_a_text_alternative_that_says_nothing_is_seen(layout, says):
    figure = go.Figure(go.Scatter(y=[1, 2]), layout=layout)
    figure.update_layout(meta={"alt": describe(figure)})
    assert bool(wrong_alternatives({"cells": [a_cell("x", {PLOTLY: json.loads(figure.to_json())})]})) != says


@pytest.mark.parametrize("words", [None, "", "A figure.", "Cost. A figure of things. Across: units."])
def test_other_empty_phrases(words):
    assert not says_something(words)
