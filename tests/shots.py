"""Take the pictures of the course in a real browser: python tests/shots.py [--stale] [FOLDER].

README's shows four figures as lessons have stored them. Lesson 06's shows Optuna's dashboard on the study of that
lesson, and lesson 14's TensorBoard on its trials; each lesson is run for it, about a minute. Lesson 16's shows a brush
that has come back to Python. Debian's Chromium takes them without a network, and PNG files are written to FOLDER
(images/ by default). With --stale, those alone that are out of date.
"""

import hashlib
import inspect
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from kit.browser import CHROMIUM, cells_in_lab, chromium, drag_brush, run_cell
from kit.figures import apart_from_numbers, everything, figures, pages
from kit.lessons import LESSONS
from kit.notebooks import ROOT, code_cells, source
from PIL import Image
from plotly.offline import get_plotlyjs

from lib.dashboard import start_dashboard, start_tensorboard
from lib.runner.page import site_style

PATIENCE = 240_000  # milliseconds, on a machine that may be busy


STRIP = (("03", "played"), ("04", "map"), ("13", "gradients"), ("16", "thin"))  # lessons, and cells of theirs
GRID = "display: grid; grid-template-columns: 560px 560px; gap: 12px 24px; width: max-content; padding: 8px"
DRAW = """figures => Promise.all(figures.map((figure, place) =>
  Plotly.newPlot(`figure-${place}`, figure.data, {...figure.layout, updatemenus: []}, {displayModeBar: false})))"""  # no Play


def shoot_strip(browser, folder):
    """Write strip.png: four figures as lessons have stored them, two by two, in twice as many pixels as README shows."""
    drawn = [figure_of(lesson, cell) for lesson, cell in STRIP]
    page = browser.new_page(viewport={"width": 1200, "height": 1200}, device_scale_factor=2)
    page.set_default_timeout(PATIENCE)
    places = "".join(f'<div id="figure-{place}" style="width: 560px"></div>' for place in range(len(drawn)))
    page.set_content(f'<style>{site_style()}</style><div id="strip" style="{GRID}">{places}</div>')
    page.add_script_tag(content=get_plotlyjs())
    page.evaluate(DRAW, drawn)
    page.locator("#strip").screenshot(path=folder / "strip.png")


def figure_of(lesson, name):
    """Return the first figure that a lesson's cell has stored, as a dict."""
    return figures(next(cell for cell in code_cells(LESSONS[lesson]) if cell["id"] == name)["outputs"])[0]


def shoot_dashboard(browser, folder):
    """Write optuna_dashboard.png: the main study of lesson 06, read from the journal that a run of it left."""
    with tempfile.TemporaryDirectory() as out:
        course = Path(sys.executable).with_name("course")
        subprocess.run([course, "run", "06", "--out", out], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        (journal,) = Path(out).rglob("study.journal")
        shoot_study(browser, journal, folder / "optuna_dashboard.png")


def shoot_study(browser, journal, path):
    """Write the picture of a journal's study `main` on Optuna's dashboard."""
    with start_dashboard(journal) as dashboard:
        page = browser.new_page(viewport={"width": 1100, "height": 1240}, device_scale_factor=1)
        page.goto(dashboard.url)
        page.get_by_text("main").first.click()
        page.mouse.move(5, 600)  # over a figure it would show buttons
        page.get_by_text("Timeline").first.wait_for()
        page.wait_for_timeout(3000)  # the figures are drawn one after the other
        page.screenshot(path=path)


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


def _source(lesson, name):
    """Return the source of a lesson's cell."""
    return next(source(cell) for cell in code_cells(LESSONS[lesson]) if cell["id"] == name)


BRUSHED = {  # the figure is the lesson's own
    "setup": "import plotly.express as px\n\nfrom lib import viz\n\niris = px.data.iris()\n"
    'columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]',
    "show": _source("16", "iris-picture") + "\nalive = viz.brushable(figure)\nalive",
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
        drag_brush(page, axes.nth(3), 0.75, 0.99)
        drag_brush(page, axes.nth(0), 0.02, 0.55)
        run_cell(page, "read")
        page.mouse.move(5, 600)  # over a figure it would show buttons
        page.wait_for_timeout(1500)
        page.screenshot(path=folder / "parallel_coordinates.png")


# --- which of them are out of date

IMAGES = ROOT / "images"
DIGESTS = IMAGES / "digests.yaml"  # of what each picture was taken of


@dataclass(frozen=True)
class Shot:
    """A picture: the function that takes it, and what it shows, so that a change of that puts it out of date.

    Args:
        take: callable with a browser and a folder.
        steps: functions that it calls.
        lesson: number of the lesson that is run for it; "" for none.
        seen: cells that are seen with their outputs, each as (lesson, id).
        code: cells that are run for it, a dict from id to source.
        files: files of the kit that draw it.
        pins: packages whose page it is.
        light: whether 256 colours are enough; a scale of many would show steps.
    """

    take: Callable
    steps: tuple = ()
    lesson: str = ""
    seen: tuple = ()
    code: dict = field(default_factory=dict)
    files: tuple = ()
    pins: tuple = ()
    light: bool = True

    def digest(self):
        """Return a digest of what the picture shows, apart from numbers: those of another run are no other picture."""
        run = [source(cell) for cell in code_cells(LESSONS[self.lesson])] if self.lesson else []
        seen = [(source(cell), as_seen(cell)) for lesson, name in self.seen for cell in code_cells(LESSONS[lesson])
                if cell["id"] == name]
        files = [(ROOT / file).read_text(encoding="utf-8") for file in self.files]
        lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
        pins = [line.split()[0] for line in lines if line.split("==")[0] in self.pins]
        steps = [inspect.getsource(step) for step in (self.take, *self.steps)]
        parts = [steps, self.code, seen or run, files, pins]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def as_seen(cell):
    """Return what a cell's stored outputs show of tables and figures."""
    return [apart_from_numbers(page) for page in pages(cell["outputs"])] + [everything(one) for one in figures(cell["outputs"])]


SHOTS = {
    "optuna_dashboard.png": Shot(shoot_dashboard, (shoot_study,), lesson="06", pins=("optuna", "optuna-dashboard")),
    "parallel_coordinates.png": Shot(
        shoot_brush, code=BRUSHED, files=("lib/viz/parallel.py", "lib/viz/look.py"), pins=("jupyterlab", "plotly", "anywidget")
    ),
    "strip.png": Shot(shoot_strip, (figure_of,), seen=STRIP, code={"grid": GRID}, pins=("plotly",), light=False),
    "tensorboard_hparams.png": Shot(shoot_tensorboard, (shoot_hparams,), lesson="14", pins=("tensorboard",)),
}


def stale():
    """Return the names of the pictures in images/ that are out of date, or are not there."""
    known = yaml.safe_load(DIGESTS.read_text(encoding="utf-8")) if DIGESTS.exists() else {}
    return [name for name, shot in SHOTS.items() if known.get(name) != shot.digest() or not (IMAGES / name).exists()]


def lighten(path):
    """Write a picture again in the 256 colours that come nearest to its own: a third of the bytes."""
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def take(names, folder=IMAGES):
    """Take pictures, and keep the digests of those in images/; end with a line where there is no browser."""
    if names and CHROMIUM is None:
        sys.exit(f"There is no Chromium here to take {', '.join(names)}. Install it with: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        digest = SHOTS[name].digest()
        with chromium("--disable-gpu") as browser:
            SHOTS[name].take(browser, folder)
        if SHOTS[name].light:
            lighten(folder / name)
        if folder == IMAGES:
            known = yaml.safe_load(DIGESTS.read_text(encoding="utf-8")) if DIGESTS.exists() else {}
            DIGESTS.write_text(yaml.safe_dump(known | {name: digest}), encoding="utf-8")
        print(name, "taken", flush=True)


if __name__ == "__main__":
    folders = [Path(word).resolve() for word in sys.argv[1:] if word != "--stale"]
    take(stale() if "--stale" in sys.argv else list(SHOTS), *folders[:1])
