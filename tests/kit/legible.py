"""What can be read of the figures that the notebooks have stored: measured in Chromium, in the style of the pages.

Kinds of faults: "text" and "mark" have too little contrast to what lies below them, 4.5 and 3 of WCAG 2.2 AA; "overlap" is
writing over writing, "covers" writing over lines or points, "cut" writing that the figure's edge cuts off. What is drawn in
the grey of `lib.viz.look` stands beside the message; of a scale the strongest end has to stand out; bands and maps are no marks.
"""

import shutil
from pathlib import Path

import nbformat

from kit.browser import WEBGL, chromium
from kit.figures import PLOTLY
from kit.notebooks import NOTEBOOKS, code_cells
from lib.runner.page import write_page
from lib.viz import look

KINDS = ("text", "mark", "overlap", "covers", "cut")
WIDTHS = (390, 1280, 1920)
THEMES = ("light", "dark")
KNOWN = Path(__file__).parents[1] / "legible.yaml"  # figures that cannot be read yet
MEASURE = Path(__file__).with_name("legible.js").read_text(encoding="utf-8")
LOOK = [[look.GREY, "#7d7d7d"], [[colour for _, colour in scale] for scale in (look.GOOD, look.TIME)]]  # the second grey was one
DRAWN = "[...document.querySelectorAll('[id^=figure-]')].every(one => one.querySelector('.main-svg'))"
SETTLED = "[...document.querySelectorAll('.js-plotly-plot')].every(one => Math.abs(one._fullLayout.width - one.clientWidth) < 2)"
PATIENCE = 240_000  # milliseconds; drawings in WebGL are computed by the processor
SLICE = 4  # figures on a page: a machine that may be busy draws as many in time, and has WebGL for as many


def names(path):
    """Return the names of a notebook's figures in order: lesson, cell id, and 2, 3 … for the next ones of a cell."""
    found = []
    for cell in code_cells(path):
        many = sum(PLOTLY in output.get("data", {}) for output in cell["outputs"])
        found += [f"{path.name[:2]}/{cell['id']}" + (f"/{number}" if number > 1 else "") for number in range(1, many + 1)]
    return found


def outputs(path):
    """Return the outputs of a notebook that are figures, in order."""
    return [output for cell in code_cells(path) for output in cell["outputs"] if PLOTLY in output.get("data", {})]


def measure(path, out, browser=None):
    """Measure the figures of a notebook on pages of their own, a few on each.

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
    out.mkdir(parents=True)
    found = {name: {} for name in names(path)}
    figures = list(zip(found, outputs(path), strict=True))
    for start in range(0, len(figures), SLICE):
        few = figures[start : start + SLICE]
        page = write_slice([output for _, output in few], out / f"{path.stem}_{start}")
        for width in WIDTHS:
            for theme, faults in measured(browser, page, width):
                for (name, _), fault in zip(few, faults, strict=True):
                    found[name] |= {(kind, width, theme): said for kind, said in fault.items()}
    shutil.rmtree(out)
    return found


def write_slice(outputs, path):
    """Write a page that shows outputs of figures and nothing else; return its Path."""
    cell = nbformat.v4.new_code_cell("", outputs=[nbformat.from_dict(output) for output in outputs])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbformat.write(notebook, path.with_suffix(".ipynb"))
    write_page(path.with_suffix(".ipynb"), path.with_suffix(".html"), path.parent, path.stem)
    return path.with_suffix(".html")


def measured(browser, path, width):
    """Yield each theme with what is wrong in the figures of a page, drawn anew as a reader's page is, in order."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(path.as_uri())
    page.wait_for_function(DRAWN)
    page.wait_for_function(SETTLED)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        yield theme, list(page.evaluate(MEASURE, LOOK).values())
    page.close()


def kinds(faults):
    """Return the kinds of faults that a figure has anywhere, in the order of `KINDS`."""
    return [kind for kind in KINDS if any(kind == found for found, _, _ in faults)]


def lessons(numbers):
    """Return the paths of the notebooks with some numbers, or of all that have figures."""
    return [path for path in NOTEBOOKS if (not numbers or path.name[:2] in numbers) and names(path)]
