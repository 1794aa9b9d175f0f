"""Take the pictures of the course in a real browser: python tests/shots.py [FOLDER].

README's shows a notebook as it is stored, in JupyterLab. Lesson 06's shows Optuna's dashboard on the study of that
lesson, and lesson 14's TensorBoard on its trials; each lesson is run for it, about a minute. Lesson 16's shows a brush
that has come back to Python. Debian's Chromium takes them without a network, and PNG files are written to FOLDER
(images/ by default).
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

from lib.dashboard import start_dashboard, start_tensorboard

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
]


@contextlib.contextmanager
def jupyterlab(*words, **environment):
    """Start a JupyterLab of the kit on a free port, maybe with more arguments; yield its address and token."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(8)
    # All cells are drawn at once, so that a script can scroll to any of them.
    settings = Path(tempfile.mkdtemp(), "@jupyterlab", "notebook-extension")
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    call = [Path(sys.executable).with_name("course"), "lab", "--no-browser", "--allow-root", f"--port={port}"]
    call += [f"--IdentityProvider.token={token}", "--ServerApp.log_level=ERROR", f"--LabApp.user_settings_dir={settings.parents[1]}", *words]
    server = subprocess.Popen(call, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        for _ in range(120):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={token}").close()
                break
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}", token
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # `course lab` and the JupyterLab that it has started
        server.wait(20)


def open_notebook(page, address, token, name):
    """Open a notebook in a page, in a workspace that nobody has used, and wait until its last figure stands."""
    page.goto(f"{address}/lab/workspaces/{secrets.token_hex(4)}/tree/notebooks/{name}?token={token}")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.keyboard.press("Control+b")  # closes the side bar
    page.wait_for_timeout(5000)


@contextlib.contextmanager
def cells_in_lab(browser, cells, width, height):
    """Open a notebook of code cells, a dict from id to source, in a JupyterLab of its own; yield the page."""
    with tempfile.TemporaryDirectory() as top:
        notebooks = Path(top, "notebooks")
        notebooks.mkdir()
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nodes = [nbformat.v4.new_code_cell(source, id=name) for name, source in cells.items()]
        nbformat.write(nbformat.v4.new_notebook(cells=nodes, metadata=kernel), notebooks / "cells.ipynb")
        nbformat.write(nbformat.v4.new_notebook(), notebooks / "00_start_here.ipynb")  # which `course lab` opens
        with jupyterlab("--LabApp.expose_app_in_browser=True", COURSE_NOTEBOOKS=str(notebooks)) as (address, token):
            page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=1)
            open_notebook(page, address, token, "cells.ipynb")
            yield page
            page.close()


def watched(browser, width=1300, height=1000):
    """Return a page that keeps what it asked for in `asked` and what went wrong in `errors`."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.asked, page.errors = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and page.errors.append(message.text))
    return page


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


def run_cell(page, name, source=None):
    """Run a cell of the open notebook, maybe with another source; return its outputs as JSON. JupyterLab has to expose its app."""
    return page.evaluate(
        """async ([id, source]) => {
          const notebook = jupyterapp.shell.currentWidget.content;
          notebook.activeCellIndex = [...notebook.model.cells].findIndex(cell => cell.id === id);
          notebook.deselectAll();
          if (source !== null) notebook.activeCell.model.sharedModel.setSource(source);
          await jupyterapp.commands.execute("notebook:run-cell");
          return JSON.stringify(notebook.activeCell.model.outputs.toJSON());
        }""",
        [name, source],
    )


def drag_brush(page, axis, low, high):
    """Drag along an axis of parallel coordinates, from one share of its height to another, counted from above."""
    box = axis.bounding_box()
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + low * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + high * box["height"], steps=6)
    page.mouse.up()
    page.wait_for_timeout(500)


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
    executable = shutil.which("chromium")
    if executable is None:
        sys.exit("There is no Chromium here. Install it with: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM)
        shoot_lesson(browser, folder)
        shoot_dashboard(browser, folder)
        shoot_brush(browser, folder)
        shoot_tensorboard(browser, folder)
        browser.close()
    print(*sorted(path.name for path in folder.glob("*.png")))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "images")
