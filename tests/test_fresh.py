"""The proof that metrics are held to their bounds and figures compared in the run that makes them, also in ignored cells."""

import copy
import json
import os
import re
import subprocess
import sys

import nbformat
import pandas as pd
import plotly.graph_objects as go
import pytest
from kit.figures import PLOTLY, differences, figure_differences, figures
from kit.fresh import NEEDS
from kit.notebooks import NOTEBOOKS, ROOT, code_cells

from lib import viz

CELLS = """from lib.session import record
record("kfold_sd", {})
print("beside")"""


def nbval(folder, sources, outputs, tags=()):
    """Run nbval with the plugin over a lesson 01 whose cells all store the same; return its status and what it prints."""
    more = {"execution_count": 1, "outputs": outputs, "metadata": {"tags": list(tags)}}
    cells = [nbformat.v4.new_code_cell(source, **more) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "01_tuning_loop.ipynb")
    call = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env", "-p", "conftest"]
    call += ["-o", f"cache_dir={folder / 'cache'}", "-c", os.devnull, "--rootdir", folder, folder / "01_tuning_loop.ipynb"]
    done = subprocess.run(call, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"})
    return done.returncode, done.stdout


def recorded(value):
    """Return the stored outputs of a cell that records a metric and prints a word."""
    metric = {"application/vnd.course.metric+json": {"name": "kfold_sd", "value": value}}
    output = nbformat.v4.new_output("stream", text="beside\n")
    return [nbformat.v4.new_output("display_data", metric), output]


@pytest.mark.parametrize("tags", [(), ("nbval-ignore-output",)])
def test_a_metric_is_held_to_its_bounds_and_not_to_its_digits(tmp_path, tags):
    assert nbval(tmp_path, [CELLS.format(0.0102)], recorded(0.01), tags)[0] == 0
    status, said = nbval(tmp_path, [CELLS.format(0.2)], recorded(0.2), tags)
    assert status == 1 and re.search(r"this run: kfold_sd is 0\.2, not in 0\.0\d+ to 0\.0\d+", said), said


def test_a_metric_without_bounds_and_a_changed_text_are_red(tmp_path):
    status, said = nbval(tmp_path, [CELLS.format(0.01).replace("kfold_sd", "kfold_std")], recorded(0.01))
    assert status == 1 and "no bounds for kfold_std" in said
    status, said = nbval(tmp_path, [CELLS.format(0.01).replace("beside", "besides")], recorded(0.01))
    assert status == 1 and "besides" in said


# --- figures and tables

DRAW = """import plotly.graph_objects as go
from lib import viz
viz.layout(go.Figure(go.Bar(y={y}), layout_yaxis_title_text="{title}"), "Two bars", 300)"""


def test_figures_are_compared_by_what_they_show_also_in_ignored_cells(tmp_path):
    figure = viz.layout(go.Figure(go.Bar(y=[1, 2]), layout_yaxis_title_text="seconds"), "Two bars", 300)
    stored = [nbformat.v4.new_output("display_data", {PLOTLY: json.loads(figure.to_json())})]
    cells = [DRAW.format(y=y, title=title) for title in ("seconds", "minutes") for y in ([1, 2], [1, 3])]
    status, said = nbval(tmp_path, [*cells, "1"], stored, ["nbval-ignore-output"])
    assert status == 1 and re.search(r"\b3 failed, 2 passed", said), said
    for line in ("Cell 2: figure 1: layout yaxis title text 'seconds' is stored, 'minutes' drawn now",
                 "Cell 3: figure 1: axis y title 'seconds' is stored, 'minutes' drawn now",
                 "Cell 4: 1 figures are stored, 0 drawn now"):
        assert line in said


@pytest.mark.lesson("07")
def test_what_needs_a_program_is_a_cell_that_draws():
    cells = [cell for path in NOTEBOOKS for cell in code_cells(path) if cell["id"] in NEEDS]
    assert len(cells) == len(NEEDS) and all(figures(cell["outputs"]) for cell in cells)


def a_figure(y=0.813):
    """Return a figure as it is stored."""
    line = go.Scatter(x=[1, 10], y=[0.5, y], name="32 units", mode="lines+text", text=["first", "0.8"])
    figure = go.Figure([line, go.Bar(y=[3, 4], name="pruned")])
    figure.update_layout(
        title_text="Best of 9 searches", xaxis={"type": "log", "title_text": "epochs", "ticktext": ["a", "1"]},
        annotations=[{"text": "Coat, 0.3"}, {"text": "Bag, 0.4"}], meta={"alt": f"Bars. Across: epochs, to 10. One: {y}, 0.5."},
    )
    return json.loads(figure.to_json())


def altered(figure, path, value):
    """Put a value where a path leads to in a figure; return the figure."""
    *way, last = path.split()
    part = figure
    for step in way:
        part = part[int(step) if step.isdigit() else step]
    part[last] = value
    return figure


OF_FIGURES = [
    ("layout title text", "Worst of 9 searches", "title"),
    ("layout xaxis title text", "steps", "axis x title"),
    ("layout xaxis type", "linear", "axis x type"),
    ("layout xaxis ticktext", ["b", "1"], "axis x ticks"),
    ("layout xaxis ticktext", ["a", "1×10⁴"], "axis x ticks"),
    ("layout annotations 0 text", "Coat by 0.3", "annotations"),
    ("layout meta alt", "Dots. Across: epochs, to 10. One: 0.813, 0.5.", "text alternative"),
    ("layout meta", None, "text alternative"),
    ("data 0 name", "32 layers", "traces"),
    ("data 0 mode", "markers+text", "traces"),
    ("data 0 text", ["last", "0.8"], "texts"),
    ("data 1 type", "box", "traces"),
]


@pytest.mark.parametrize(("path", "value", "says"), OF_FIGURES)
def test_what_a_figure_shows_is_compared_whatever_its_data(path, value, says):
    (line,) = figure_differences(a_figure(), altered(a_figure(0.82), path, value))
    assert line.startswith(says)
    (line, *_) = figure_differences(a_figure(), altered(a_figure(), path, value))
    assert line.startswith("trace " if path.startswith("data") else "meta " if "meta" in path else "layout ")


@pytest.mark.parametrize(("path", "value"), [
    ("layout title text", "Best of 12 searches"), ("layout annotations 0 text", "Trouser, 1e-05"), ("data 1 name", "failed"),
    ("data 0 name", "64 units"), ("layout xaxis ticktext", ["a", "1", "3.5", "10,000"]),
    ("layout meta alt", "Bars. Across: epochs, to 9. pruned: 3 values, the first 1."),
])
def test_numbers_classes_and_ends_are_the_machines_if_the_data_are(path, value):
    assert not figure_differences(a_figure(), altered(a_figure(0.82), path, value))
    assert figure_differences(a_figure(), altered(a_figure(), path, value))


def test_where_a_computed_line_stands_is_the_machines_also_beside_the_same_data():
    line = {"type": "line", "x0": 0.73047, "x1": 0.73047, "y0": 0, "y1": 1, "yref": "y domain"}
    figure = {**a_figure(), "layout": {"shapes": [line], "annotations": [{"text": "Coat", "x": 0.73047, "y": 1}]}}
    for path in ("shapes 0 x0", "annotations 0 x"):
        assert not figure_differences(figure, altered(copy.deepcopy(figure), f"layout {path}", 0.73048))
    for path, value in (("shapes 0 y1", 2), ("shapes 0 type", "rect"), ("shapes", []), ("annotations 0 text", "Bag, Coat")):
        assert figure_differences(figure, altered(copy.deepcopy(figure), f"layout {path}", value))


def test_the_last_digits_of_a_layout_are_those_of_the_pythons_sums():
    figure = {**a_figure(), "layout": {"xaxis": {"domain": [0.8855, 1.0]}}}
    assert not figure_differences(figure, altered(copy.deepcopy(figure), "layout xaxis domain", [0.8855000000000001, 1.0]))
    assert figure_differences(figure, altered(copy.deepcopy(figure), "layout xaxis domain", [0.8856, 1.0]))


def test_the_heads_of_tables_are_compared():
    tables = [[{"data": {"text/html": pd.DataFrame({"score": [score], name: 1}).to_html()}}]
              for score, name in ((0.5, "seconds"), (0.6, "seconds"), (0.5, "ms"))]
    assert not differences(tables[0], tables[1])
    assert differences(tables[0], tables[2]) == ["table 1: columns ['score', 'seconds'] are stored, ['ms', 'score'] shown now"]
    assert differences(tables[0], []) == ["1 tables are stored, 0 drawn now"]


def test_another_kind_of_picture_is_seen():
    assert differences([{"data": {"image/png": "iVBO"}}], [{"data": {"image/svg+xml": "<svg/>"}}])
