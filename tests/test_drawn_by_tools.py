"""Which lines the tools of lessons 14 and 16 draw, counted in Debian's Chromium, and a brush in a page that has no kernel."""

import numpy as np
import optuna
import pandas as pd
import plotly.express as px
import pytest
from kit.browser import drag_brush, needs_browser, watched
from kit.lessons import LESSONS
from kit.notebooks import code_cells, source
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from lib.dashboard import start_dashboard, start_tensorboard
from lib.trackers.hparams import write_hparams
from lib.trials import trials_frame

pytestmark = needs_browser

FINE = {"fine", "fine too"}
PATIENCE = 120_000  # milliseconds; a page with plotly in it is large, and the machine may be busy


@pytest.fixture(scope="module")
def eight(tmp_path_factory):
    """Run the lesson's own cells of eight odd trials; return what they leave, a dict."""
    cells = {cell["id"]: source(cell) for cell in code_cells(LESSONS["16"])}
    names = {
        "np": np, "optuna": optuna, "JournalStorage": JournalStorage, "JournalFileBackend": JournalFileBackend,
        "trials_frame": trials_frame, "run_dir": tmp_path_factory.mktemp("eight"),
    }
    for name in ("odd", "odd-run"):
        exec(cells[name], names)
    return names


def named(eight, column, shown):
    """Return the names of the trials whose value in a column is shown somewhere, to three digits."""
    digits = {f"{value:.3g}" for value in shown}
    return {end for end, value in zip(eight["ends"], eight["eight"][column], strict=True) if f"{value:.3g}" in digits}


def test_the_dashboard_draws_what_has_a_finite_score(browser, eight):
    with start_dashboard(eight["odd_journal"]) as dashboard:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{dashboard.url}dashboard/studies/0/smartSelection")
        figure = page.wait_for_selector(".js-plotly-plot:has(.axis-brush)")
        axes = figure.evaluate("figure => figure.data[0].dimensions.map(axis => [axis.label, axis.values])")
        page.close()
    axes = dict(axes)
    assert "momentum" not in axes, "what not all trials have is not ticked at first"
    rates = [10**rate for rate, score in zip(axes["rate"], axes["Objective 0"], strict=True) if np.isfinite(float(score))]
    assert named(eight, "rate", rates) == {*FINE, "no momentum", "None chosen", "pruned"}


def lines_of(page):
    """Return how many lines TensorBoard's parallel coordinates show."""
    page.wait_for_timeout(1000)
    return page.locator("tf-hparams-parallel-coords-plot g.foreground path").count()


def test_tensorboard_draws_what_has_a_value_on_every_axis(browser, eight, tmp_path):
    with start_tensorboard(write_hparams(eight["eight"], tmp_path)) as tensorboard:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(PATIENCE)
        page.goto(f"{tensorboard.url}#hparams")
        page.get_by_text("Parallel Coordinates View").click()
        page.get_by_text("epochs", exact=True).first.wait_for()
        counts = [lines_of(page)]
        for name in ("epochs", "momentum"):
            page.get_by_text(name, exact=True).first.click()
            counts.append(lines_of(page))
        page.close()
    whole = eight["eight"][["rate", "momentum", "score"]].notna().all(axis=1)
    assert counts == [1, whole.sum(), whole.sum() + 1] == [1, 5, 6]


def test_tensorboard_draws_a_hundred_lines_until_it_is_asked_for_more(browser, tmp_path):
    numbers = np.arange(1, 121)
    frame = pd.DataFrame({"trial": numbers, "units": numbers % 7, "score": numbers / 120.0})
    frame = frame.assign(direction="max", seconds=1.0, epochs=1, status="COMPLETED")
    with start_tensorboard(write_hparams(frame, tmp_path)) as tensorboard:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(PATIENCE)
        page.goto(f"{tensorboard.url}#hparams")
        page.get_by_text("Parallel Coordinates View").click()
        page.locator("tf-hparams-parallel-coords-plot g.foreground path").nth(99).wait_for(state="attached")
        counts = [lines_of(page)]
        box = page.locator("tf-hparams-query-pane input").last  # Max # of session groups per page
        assert box.input_value() == "100"
        box.fill("1000")
        box.press("Enter")
        page.locator("tf-hparams-parallel-coords-plot g.foreground path").nth(100).wait_for(state="attached")
        counts.append(lines_of(page))
        page.close()
    assert counts == [100, 120]


def shot(browser, folder, rows):
    """Return the picture that plotly draws of rows of two numbers, on axes that are the same for all."""
    figure = px.parallel_coordinates(pd.DataFrame(rows, columns=["a", "b"]))
    figure.update_traces(dimensions=[{"range": [0, 1]}, {"range": [0, 1]}]).write_html(folder / "page.html")
    page = browser.new_page(viewport={"width": 500, "height": 400})
    page.set_default_timeout(PATIENCE)
    page.goto((folder / "page.html").as_uri())
    page.locator(".axis-brush").last.wait_for()
    page.wait_for_timeout(1000)
    picture = page.screenshot()
    page.close()
    return picture


def test_plotly_draws_no_line_without_a_finite_number_on_each_axis(browser, tmp_path):
    def with_second(a, b):
        return shot(browser, tmp_path, [(0.2, 0.4), (a, b)])

    none = with_second(0.9, np.nan)
    assert none != with_second(0.9, 0.1)
    assert none == with_second(0.1, np.nan) == with_second(0.9, np.inf) == with_second(np.nan, 0.1)


def test_a_page_keeps_its_brush_and_takes_another_without_a_kernel(browser, tmp_path):
    iris = px.data.iris()
    figure = px.parallel_coordinates(iris, dimensions=["sepal_width", "petal_width"])
    figure.data[0].dimensions[1].constraintrange = [0, 0.8]
    figure.write_html(tmp_path / "page.html", include_plotlyjs=True)
    page = watched(browser)
    page.set_default_timeout(PATIENCE)
    page.goto((tmp_path / "page.html").as_uri())
    drawn = page.wait_for_selector(".js-plotly-plot:has(.axis-brush)")
    ranges = "figure => figure.data[0].dimensions.map(axis => axis.constraintrange)"
    assert drawn.evaluate(ranges) == [None, [0, 0.8]]
    drag_brush(page, page.locator(".axis-brush .background").first, 0.02, 0.4)
    page.wait_for_function("figure => figure.data[0].dimensions[0].constraintrange", arg=drawn)
    low, high = drawn.evaluate(ranges)[0]
    assert 2 <= low < high <= 4.4 and drawn.evaluate(ranges)[1] == [0, 0.8]
    assert all(url.startswith(("file:", "data:", "blob:")) for url in page.asked) and not page.errors
    page.close()
