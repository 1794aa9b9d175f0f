"""A brush in JupyterLab comes back to Python: dragged with a real mouse in Debian's Chromium, read by `viz.selected`."""

import json

import nbformat
from kit.browser import cells_in_lab, drag_brush, needs_browser, run_cell
from nbclient import NotebookClient

CELLS = {
    "setup": """import pandas as pd
from lib import viz
columns = {"trial": range(1, 11), "rate": [10.0**-n for n in range(10)], "score": [n / 10 for n in range(10)]}
frame = pd.DataFrame(columns).assign(direction="max", seconds=1.0, epochs=1, status="COMPLETED")""",
    "show": 'picture = viz.brushable(viz.plot_parallel(frame, "Brush"))\npicture',
    "read": "print(sorted(viz.selected(picture, frame).trial))",
}


def test_where_no_widget_lives_the_figure_is_plain():
    run = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    NotebookClient(run, timeout=60, kernel_name="python3").execute()
    (shown,) = run.cells[1].outputs
    assert "application/vnd.plotly.v1+json" in shown.data and "widget" not in json.dumps(shown.data)[:2000]
    assert not any("widget-view" in kind for kind in shown.data)
    assert run.cells[2].outputs[0].text.strip() == str(list(range(1, 11)))


@needs_browser
def test_what_is_brushed_comes_back_as_a_filtered_frame(browser):
    with cells_in_lab(browser, CELLS, 1300, 1000) as page:
        run_cell(page, "setup")
        assert "widget-view" in run_cell(page, "show")
        page.locator(".js-plotly-plot .axis-brush .background").last.wait_for()
        assert str(list(range(1, 11))) in run_cell(page, "read")
        figure = page.locator(".js-plotly-plot").first
        figure.evaluate("figure => figure.scrollIntoView({block: 'center'})")
        page.wait_for_timeout(500)
        score = figure.locator(".axis-brush .background").last  # from 0 to 0.9
        drag_brush(page, score, 0.02, 0.4)
        page.wait_for_function(
            "figure => figure.data[0].dimensions.some(axis => axis.constraintrange)", arg=figure.element_handle()
        )
        kept = run_cell(page, "read")
    trials = json.loads(json.loads(kept)[0]["text"])
    assert trials and set(trials) < set(range(1, 11)) and min(trials) >= 5 and trials == sorted(trials)
