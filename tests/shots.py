"""Take the pictures of the course in a real browser: python tests/shots.py [FOLDER].

README's shows a notebook as it is stored, in JupyterLab. Lesson 06's shows Optuna's dashboard on the study of that
lesson, and lesson 14's TensorBoard on its trials; each lesson is run for it, about a minute. Lesson 16's shows a brush
that has come back to Python. Debian's Chromium takes them without a network, and PNG files are written to FOLDER
(images/ by default).
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from kit.browser import CHROMIUM, cells_in_lab, chromium, drag_brush, jupyterlab, open_notebook, run_cell
from kit.notebooks import ROOT

from lib.dashboard import start_dashboard, start_tensorboard


def scroll_to(page, text):
    """Bring the cell that holds a text to the top of the notebook, as soon as it is drawn."""
    holds = "text => [...document.querySelectorAll('.jp-Cell')].find(cell => cell.innerText.includes(text))"
    cell = page.wait_for_function(holds, arg=text, timeout=60_000).as_element()
    cell.evaluate("cell => cell.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(2500)


def shoot_lesson(browser, folder):
    """Write lesson_03.png: thirty trials as a table and as parallel coordinates."""
    with jupyterlab() as (address, token):
        page = browser.new_page(viewport={"width": 1200, "height": 1090}, device_scale_factor=1)
        open_notebook(page, address, token, "03_keras_tuner.ipynb")
        scroll_to(page, "What the trials say")
        page.screenshot(path=folder / "lesson_03.png")


def shoot_dashboard(browser, folder):
    """Write optuna_dashboard.png: the main study of lesson 06, read from the journal that a run of it left."""
    with tempfile.TemporaryDirectory() as out:
        course = Path(sys.executable).with_name("course")
        subprocess.run([course, "run", "06", "--out", out], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        (journal,) = Path(out).rglob("study.journal")
        with start_dashboard(journal) as dashboard:
            page = browser.new_page(viewport={"width": 1100, "height": 1240}, device_scale_factor=1)
            page.goto(dashboard.url)
            page.get_by_text("main").first.click()
            page.mouse.move(5, 600)  # over a figure it would show buttons
            page.get_by_text("Timeline").first.wait_for()
            page.wait_for_timeout(3000)  # the figures are drawn one after the other
            page.screenshot(path=folder / "optuna_dashboard.png")


def shoot_tensorboard(browser, folder):
    """Write tensorboard_hparams.png: the trials of lesson 14, read from the folder that a run of it left."""
    with tempfile.TemporaryDirectory() as out:
        course = Path(sys.executable).with_name("course")
        subprocess.run([course, "run", "14", "--out", out], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        (board,) = Path(out).rglob("board")
        shoot_hparams(browser, board, folder / "tensorboard_hparams.png")


def shoot_hparams(browser, logs, path):
    """Write the picture of a folder's parallel coordinates on TensorBoard's HParams page."""
    with start_tensorboard(logs) as tensorboard:
        page = browser.new_page(viewport={"width": 1240, "height": 850}, device_scale_factor=1)
        page.goto(f"{tensorboard.url}#hparams")
        page.get_by_text("Parallel Coordinates View").click()
        page.locator("tf-hparams-scale-and-color-controls").get_by_text("Logarithmic").nth(2).click()
        page.wait_for_timeout(2000)  # the axis moves
        page.screenshot(path=path)


BRUSHED = {
    "setup": "import plotly.express as px\n\nfrom lib import viz\n\niris = px.data.iris()",
    "show": """figure = px.parallel_coordinates(
    iris, color="species_id", dimensions=["sepal_width", "sepal_length", "petal_width", "petal_length"],
    color_continuous_scale=px.colors.diverging.Tealrose, color_continuous_midpoint=2,
)
figure.update_traces(unselected={"line": {"color": "#cccccc", "opacity": 0.15}})
viz.layout(figure, "Brush me, then run the next cell", 400, margin_t=110, paper_bgcolor="#ffffff")
alive = viz.brushable(figure)
alive""",
    "read": 'picked = viz.selected(alive, iris)\nprint(f"{len(picked)} of {len(iris)} flowers")\npicked.head(4)',
}


def shoot_brush(browser, folder):
    """Write parallel_coordinates.png: the living figure of lesson 16 with brushes on two axes, and the rows they hold."""
    with cells_in_lab(browser, BRUSHED, 1100, 1040) as page:
        for name in BRUSHED:
            run_cell(page, name)
        axes = page.locator(".js-plotly-plot .axis-brush .background")
        axes.last.wait_for()
        page.wait_for_timeout(3000)
        drag_brush(page, axes.nth(2), 0.75, 0.99)
        drag_brush(page, axes.nth(0), 0.02, 0.55)
        run_cell(page, "read")
        page.mouse.move(5, 600)  # over a figure it would show buttons
        page.wait_for_timeout(1500)
        page.screenshot(path=folder / "parallel_coordinates.png")


def main(folder):
    if CHROMIUM is None:
        sys.exit("There is no Chromium here. Install it with: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with chromium("--disable-gpu") as browser:
        shoot_lesson(browser, folder)
        shoot_dashboard(browser, folder)
        shoot_brush(browser, folder)
        shoot_tensorboard(browser, folder)
    print(*sorted(path.name for path in folder.glob("*.png")))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "images")
