"""Lessons in a real JupyterLab, driven by Playwright in Debian's Chromium: run, looked at, brushed, and answered."""

import shutil

import nbformat
import pytest
import yaml
from kit.browser import PANEL, drag_brush, jupyterlab, needs_browser, open_notebook, run_cell, watched
from kit.notebooks import NOTEBOOKS, ROOT

pytestmark = [needs_browser, pytest.mark.long("lessons in JupyterLab", by="lesson")]

# Each with one of its exercises, a right answer to it, and a wrong one.
LESSONS = {
    "00_start_here": ("q2", "lambda true, said: (true == said).mean()", "lambda true, said: (true == said).sum()"),
    "03_keras_tuner": (
        "q2",
        "lambda rounds: sum(t * (e - b) for (t, e), b in zip(rounds, [0] + [e for _, e in rounds]))",
        "lambda rounds: rounds[-1][1]",
    ),
    "14_tensorboard_hparams": (
        "q1",
        "lambda scalars, tag, direction: scalars[scalars.tag == tag].groupby('run')['value'].agg(direction)",
        "lambda scalars, tag, direction: scalars[scalars.tag == tag].groupby('run')['value'].last()",
    ),
    "16_parallel_coordinates": (
        "q2",
        "lambda frame, brushes: frame[[all(any(low <= row[name] <= high for low, high in ranges)"
        " for name, ranges in brushes.items()) for _, row in frame.iterrows()]]",
        "lambda frame, brushes: frame",
    ),
}

DONE = f"""() => {{
  const cells = [...{PANEL}.content.model.cells].filter(cell => cell.type === "code" && cell.sharedModel.source.trim());
  const failed = cells.find(cell => JSON.stringify(cell.outputs.toJSON()).includes('"output_type":"error"'));
  if (failed) return "error in " + failed.id;
  return cells.every(cell => cell.executionCount) && {PANEL}.sessionContext.session.kernel.status === "idle" && "done";
}}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab over copies of the lessons with their smoke parameters, since a browser cannot set a profile."""
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    top = tmp_path_factory.mktemp("lab")
    profiles = yaml.safe_load((ROOT / "notebooks" / "profiles.yaml").read_text(encoding="utf-8"))
    shutil.copytree(ROOT / "images", top / "images")
    (top / "notebooks").mkdir()
    for path in NOTEBOOKS:
        notebook = load_notebook_node(str(path))
        if path.stem in LESSONS:
            notebook = parameterize_notebook(notebook, profiles[path.stem]["smoke"])
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, top / "notebooks" / path.name)
    folders = {"COURSE_NOTEBOOKS": str(top / "notebooks"), "COURSE_PROGRESS": str(top / "progress")}
    with jupyterlab(**folders) as found:
        yield found


@pytest.fixture(scope="module", params=LESSONS)
def lesson(request, lab, browser):
    """A lesson whose cells have all been run; the page keeps what it asked for and what went wrong."""
    page = watched(browser)
    page.name = request.param
    run_all(page, lab, page.name)
    yield page
    page.close()


def run_all(page, lab, name):
    """Open a lesson, run all its cells, and wait for the last one."""
    address, token = lab
    open_notebook(page, address, token, f"{name}.ipynb")
    page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    ended = page.wait_for_function(DONE, timeout=240_000, polling=500).json_value()
    assert ended == "done"


def test_every_figure_is_drawn_and_nothing_comes_from_outside(lesson):
    for figure in lesson.locator(".js-plotly-plot").all():
        figure.scroll_into_view_if_needed()
        box = figure.bounding_box()
        assert box["width"] > 200 and box["height"] > 100
        marks = figure.locator(".trace, .point, .axis-brush, .hm image, .heatmaplayer image")
        assert marks.count() > 0, "a figure without anything drawn in it"
    ours = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
    assert not [url for url in lesson.asked if not url.startswith(ours)]
    assert lesson.errors == []


def test_points_answer_the_mouse(lesson):
    curves = lesson.locator(".js-plotly-plot", has=lesson.locator(".scatterlayer .point"))
    if not curves.count():
        pytest.skip(f"{lesson.name} has no figure with points")
    curves.first.scroll_into_view_if_needed()
    lesson.wait_for_timeout(500)
    point = curves.first.locator(".scatterlayer .point").first.bounding_box()
    lesson.mouse.move(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2, steps=5)
    curves.first.locator(".hoverlayer .hovertext").first.wait_for(state="visible")


def test_parallel_coordinates_are_brushed(lesson):
    figures = lesson.locator(".js-plotly-plot", has=lesson.locator(".axis-brush"))
    if not figures.count():
        pytest.skip(f"{lesson.name} has no parallel coordinates")
    figure = figures.first
    figure.evaluate("figure => figure.scrollIntoView({block: 'center'})")
    # Where a page holds too many WebGL drawings, JupyterLab shows a still image of the oldest figure until the mouse comes.
    figure.hover()
    brush = figure.locator(".axis-brush .background").last
    brush.wait_for(state="visible")
    lesson.wait_for_timeout(1000)
    drag_brush(lesson, brush, 0.02, 0.6)
    brushed = "figure => figure.data[0].dimensions.some(axis => axis.constraintrange)"
    lesson.wait_for_function(brushed, arg=figure.element_handle())


def test_an_exercise_answers_a_right_and_a_wrong_answer(lesson):
    exercise, right, wrong = LESSONS[lesson.name]
    check = f"e{lesson.name[:2]}.{exercise}.check"
    assert "Not attempted yet." in run_cell(lesson, exercise, f"{check}(...)")
    assert "Right." in run_cell(lesson, exercise, f"{check}({right})")
    assert "Not yet." in run_cell(lesson, exercise, f"{check}({wrong})")
