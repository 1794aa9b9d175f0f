"""What can be read of the figures that the notebooks have stored: measured in Chromium, on the pages of the site.

Kinds of faults: "text" and "mark" have too little contrast to what lies below them, 4.5 and 3 of WCAG 2.2 AA; "overlap" is
writing over writing, "covers" writing over lines or points, "cut" writing that the figure's edge cuts off. What is drawn in
the grey of `lib.viz.look` stands beside the message, and bands and map colours have their own scale: none of them is a mark.
"""

import shutil
from pathlib import Path

from kit.browser import WEBGL, chromium
from kit.figures import PLOTLY
from kit.notebooks import NOTEBOOKS, code_cells
from lib.runner.folder import WORK
from lib.runner.notebooks import read_folder
from lib.runner.site import write_site

KINDS = ("text", "mark", "overlap", "covers", "cut")
WIDTHS = (390, 1280, 1920)
THEMES = ("light", "dark")
KNOWN = Path(__file__).parents[1] / "legible.yaml"  # figures that cannot be read yet
MEASURE = Path(__file__).with_name("legible.js").read_text(encoding="utf-8")
DRAWN = "[...document.querySelectorAll('[id^=figure-]')].every(one => one.querySelector('.main-svg'))"
SETTLED = "[...document.querySelectorAll('.js-plotly-plot')].every(one => Math.abs(one._fullLayout.width - one.clientWidth) < 2)"
PATIENCE = 240_000  # milliseconds; drawings in WebGL are computed by the processor


def names(path):
    """Return the names of a notebook's figures in order: lesson, cell id, and 2, 3 … for the next ones of a cell."""
    found = []
    for cell in code_cells(path):
        many = sum(PLOTLY in output.get("data", {}) for output in cell["outputs"])
        found += [f"{path.name[:2]}/{cell['id']}" + (f"/{number}" if number > 1 else "") for number in range(1, many + 1)]
    return found


def measure(path, out, browser=None):
    """Measure the figures of a notebook on its page of the site.

    Args:
        path: Path of the notebook.
        out: Path of an empty folder.
        browser: Playwright's; None starts one.

    Returns:
        A dict from the name of a figure to a dict from (kind, width, theme) to what is worst (str) and how often.
    """
    if browser is None:
        with chromium(*WEBGL) as browser:
            return measure(path, out, browser)
    (out / WORK).mkdir(parents=True)
    write_site([info for info in read_folder(path.parent) if info.path.name == path.name], out)
    found = {name: {} for name in names(path)}
    for width in WIDTHS:  # each drawn anew, as a reader's page is
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto((out / f"{path.stem}.html").as_uri())
        page.wait_for_function(DRAWN)
        page.wait_for_function(SETTLED)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            for name, faults in zip(found, page.evaluate(MEASURE).values(), strict=True):
                found[name] |= {(kind, width, theme): said for kind, said in faults.items()}
        page.close()
    shutil.rmtree(out)
    return found


def kinds(faults):
    """Return the kinds of faults that a figure has anywhere, in the order of `KINDS`."""
    return [kind for kind in KINDS if any(kind == found for found, _, _ in faults)]


def lessons(numbers):
    """Return the paths of the notebooks with some numbers, or of all that have figures."""
    return [path for path in NOTEBOOKS if (not numbers or path.name[:2] in numbers) and names(path)]
