"""Debian's Chromium under Playwright, and a JupyterLab of the kit for it to look at."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import nbformat
import pytest

from kit.notebooks import ROOT
from kit.processes import process_of, wait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
WEBGL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]  # parallel coordinates need it

PATIENCE = 240_000  # milliseconds; many figures in a page, on a machine that may be busy

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium")


@contextlib.contextmanager
def chromium(*more):
    """Start Chromium with our arguments and maybe more; yield Playwright's browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *more])
        yield browser
        browser.close()


def watched(browser, width=1300, height=1000):
    """Return a page that keeps what it asked for in `asked` and what went wrong in `errors`."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.asked = []
    page.errors = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and page.errors.append(message.text))
    return page


@contextlib.contextmanager
def patient(browser, width, height):
    """Yield a page as `watched` returns it, which waits long for what a busy machine draws slowly; close it."""
    page = watched(browser, width, height)
    page.set_default_timeout(PATIENCE)
    yield page
    page.close()


@contextlib.contextmanager
def jupyterlab(**environment):
    """Start a JupyterLab of the kit on a free port; yield its address and token. Its page exposes its app to scripts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(8)
    with tempfile.TemporaryDirectory() as top, open(Path(top, "said"), "w+") as said:
        # All cells are drawn at once, so that a script can scroll to any of them.
        settings = Path(top, "@jupyterlab", "notebook-extension")
        settings.mkdir(parents=True)
        (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
        call = [Path(sys.executable).with_name("course"), "lab", "--no-browser", "--allow-root", f"--port={port}"]
        call += [f"--IdentityProvider.token={token}", "--ServerApp.log_level=ERROR", "--LabApp.expose_app_in_browser=True"]
        call += [f"--LabApp.user_settings_dir={top}", f"--LabApp.workspaces_dir={Path(top, 'workspaces')}"]

        def answers():
            assert server.poll() is None, f"JupyterLab has ended: {Path(top, 'said').read_text()}"
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={token}").close()
                return True

        with process_of(call, cwd=ROOT, env=os.environ | environment, stdout=said, stderr=subprocess.STDOUT) as server:
            wait(answers)
            try:
                yield f"http://127.0.0.1:{port}", token
            finally:
                server.terminate()  # `course lab` then ends the JupyterLab that it has started, which tidies up
                server.wait(20)


# JupyterLab's own model of the open notebook, whose cells, outputs and kernel a script can read and change.
PANEL = "jupyterapp.shell.currentWidget"
READY = f"""() => {{
  const panel = {PANEL};
  if (panel?.sessionContext?.session?.kernel?.status !== "idle") return false;
  const outputs = [...panel.content.model.cells].flatMap(cell => cell.type === "code" ? cell.outputs.toJSON() : []);
  const stored = outputs.filter(output => output.data?.["application/vnd.plotly.v1+json"]).length;
  return document.querySelectorAll(".js-plotly-plot:has(.main-svg)").length >= stored;
}}"""


def open_notebook(page, address, token, name):
    """Open a notebook in a page, in a workspace that nobody has used, and wait until its last figure stands."""
    page.goto(f"{address}/lab/workspaces/{secrets.token_hex(4)}/tree/notebooks/{name}?token={token}")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.keyboard.press("Control+b")  # closes the side bar
    page.wait_for_function(READY, timeout=60_000)


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
        with jupyterlab(COURSE_NOTEBOOKS=str(notebooks)) as (address, token):
            page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=1)
            open_notebook(page, address, token, "cells.ipynb")
            yield page
            page.close()


def run_cell(page, name, source=None):
    """Run a cell of the open notebook, maybe with another source; return its outputs as JSON."""
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
