"""A brush in JupyterLab comes back to Python: dragged with a real mouse in Debian's Chromium, read by `viz.selected`."""

import json
import shutil

import nbformat
import pytest
import shots
from nbclient import NotebookClient
from test_lab_browser import browser  # noqa: F401 (a fixture)

SETUP = """import pandas as pd
from lib import viz
columns = {"trial": range(1, 11), "rate": [10.0**-n for n in range(10)], "score": [n / 10 for n in range(10)]}
frame = pd.DataFrame(columns).assign(direction="max", seconds=1.0, epochs=1, status="COMPLETED")"""
SHOW = 'picture = viz.brushable(viz.plot_parallel(frame, "Brush"))\npicture'
READ = "print(sorted(viz.selected(picture, frame).trial))"


def notebook():
    cells = [
        nbformat.v4.new_code_cell(text, id=name) for name, text in (("setup", SETUP), ("show", SHOW), ("read", READ))
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=kernel)


def test_where_no_widget_lives_the_figure_is_plain():
    run = notebook()
    NotebookClient(run, timeout=60).execute()
    (shown,) = run.cells[1].outputs
    assert "application/vnd.plotly.v1+json" in shown.data and "widget" not in json.dumps(shown.data)[:2000]
    assert not any("widget-view" in kind for kind in shown.data)
    assert run.cells[2].outputs[0].text.strip() == str(list(range(1, 11)))


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser: apt-get install chromium")
def test_what_is_brushed_comes_back_as_a_filtered_frame(tmp_path, browser):  # noqa: F811
    folder = tmp_path / "notebooks"
    folder.mkdir()
    nbformat.write(notebook(), folder / "brush.ipynb")
    nbformat.write(nbformat.v4.new_notebook(), folder / "00_start_here.ipynb")  # which `course lab` opens
    with shots.jupyterlab("--LabApp.expose_app_in_browser=True", COURSE_NOTEBOOKS=str(folder)) as (address, token):
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        shots.open_notebook(page, address, token, "brush.ipynb")
        shots.run_cell(page, "setup")
        assert "widget-view" in shots.run_cell(page, "show")
        page.locator(".js-plotly-plot .axis-brush .background").last.wait_for()
        assert str(list(range(1, 11))) in shots.run_cell(page, "read")
        figure = page.locator(".js-plotly-plot").first
        figure.evaluate("figure => figure.scrollIntoView({block: 'center'})")
        page.wait_for_timeout(500)
        score = figure.locator(".axis-brush .background").last  # from 0 to 0.9
        shots.drag_brush(page, score, 0.02, 0.4)
        page.wait_for_function(
            "figure => figure.data[0].dimensions.some(axis => axis.constraintrange)", arg=figure.element_handle()
        )
        kept = shots.run_cell(page, "read")
        page.close()
    trials = json.loads(json.loads(kept)[0]["text"])
    assert trials and set(trials) < set(range(1, 11)) and min(trials) >= 5 and trials == sorted(trials)
