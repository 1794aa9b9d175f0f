"""No way around nbval and nothing unfit stored: every notebook keeps the rules of kit/rules.py, and each rule sees a breach.

No notebook is run for it.
"""

import json

import numpy as np
import plotly.graph_objects as go
import pytest
import yaml
from kit.figures import PLOTLY
from kit.notebooks import ROOT, is_compared, is_ignored, read
from kit.rules import (
    WORDS,
    absolute_paths,
    bare_pictures,
    comparable,
    compared_share,
    forbidden_marks,
    lacks_full,
    more_than_metrics,
    overwritten_parameters,
    says_something,
    wrong_alternatives,
    wrong_reasons,
)
from nbval.plugin import metadata_tags

from lib.metric import MIME
from lib.viz.alt import describe

# --- every notebook


def test_no_cell_is_skipped_or_may_fail(notebook):
    assert not forbidden_marks(read(notebook))


def test_a_cell_that_is_not_compared_says_truly_why(notebook):
    assert not wrong_reasons(read(notebook)), f"one word in the cell's metadata, `ignored`: {', '.join(WORDS)}"


def test_nothing_hides_in_a_metric(notebook):
    assert not more_than_metrics(read(notebook))


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
    ("progress", FIGURE, False), ("progress", text("score: 0.5"), False), ("progress", METRIC, False),
    ("speed", text("9 s"), False), (None, text("9 s"), False),
])
def test_a_word_is_true_or_not(word, output, true):
    cell = a_cell("x", output, mark="nbval-ignore-output", ignored=word)
    assert bool(wrong_reasons({"cells": [cell]})) != true


@pytest.mark.parametrize("output", [
    METRIC | text("score: 0.5\nand 9 more"), METRIC | {"text/html": "<table>"}, METRIC | text("score: 0.6"),
    METRIC | {MIME: METRIC[MIME] | {"more": [1, 2]}},
])
def test_what_hides_in_a_metric_is_seen(output):
    assert more_than_metrics({"cells": [a_cell("x", output)]}) and not more_than_metrics({"cells": [a_cell("x", METRIC)]})


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
