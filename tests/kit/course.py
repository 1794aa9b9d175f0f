"""Tiny notebooks for the tests of the command `course`, and the command itself."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import v4

from kit.processes import family
from lib.runner.books import Books
from lib.runner.notebooks import read_folder
from lib.runner.points import read_points
from lib.runner.sweep_pages import write_pages

COURSE = [sys.executable, "-c", "import sys; from lib.runner.cli import main; sys.exit(main())"]

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="30"><rect width="60" height="30"/></svg>'

FIGURE = """import plotly.graph_objects as go
figure = go.Figure(go.Bar(x=["a", "b", "c"], y=[3, height, 2], name="</script><b>&amp;"))
figure.update_layout(height=320, title="Bars")
figure"""

LESSON = [
    "# 01 · A tiny lesson\n\nAbout 20 minutes, a run about 5 seconds. ![bars](../images/bars.svg)\n\n"
    "Next: [the next one](02_next.ipynb#part), [the last one](03_last.ipynb).",
    """#parameters
height = 5  # of the middle bar; [1..9]
rate = 0.5  # learning rate; [0.1..1]
activation = "relu"  # hidden activation; [relu|gelu|tanh]
csv = ""  # path of your own table; empty for the built-in one
layers = [64, 32]  # units of each hidden layer; [1..512]
shuffle = True  # whether to shuffle""",
    "## Draw\n\n```python\n# not a heading\n```",
    FIGURE,
    "## Why *this* & that?",
    "from lib.session import record\nrecord('height', height)\nrecord('rate', rate)",
    "import pandas as pd\npd.DataFrame({'layer': layers})",
    "import os\nprint(os.environ['COURSE_RUN_DIR'], os.getcwd(), activation, shuffle, layers)",
]

# Every run of it leaves a line in the file that STARTED names, as soon as its kernel works.
WORK = [
    "# 04 · Work\n\nAbout 1 minute.",
    "#parameters\nseed = 1  # [1..]\nseconds = 0.0  # to sleep; [0..100]\nlayers = [8]  # units; [1..99]",
    "import os, time\nwith open(os.environ['STARTED'], 'a') as file:\n    file.write(f'{seed}\\n')\ntime.sleep(seconds)",
    "if seed == 13:\n    raise ValueError('thirteen')\nif seed == 666:\n    os._exit(1)",
    "if seed == 999:\n    os.kill(os.getppid(), 9)\n    time.sleep(60)",  # the worker that started this kernel
    "from lib.session import record\nrecord('square', seed**2)\nrecord('kind', 'odd' if seed % 2 else 'even')",
]


def write_notebook(folder, name, sources):
    """Write a notebook: markdown where a source starts with #, the parameters cell where with #parameters."""
    cells = []
    for source in sources:
        if source.startswith("#parameters\n"):
            source = source.removeprefix("#parameters\n")
            cells.append(v4.new_code_cell(source, metadata={"tags": ["parameters"]}))
        else:
            cells.append((v4.new_markdown_cell if source.startswith("#") else v4.new_code_cell)(source))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.ipynb"
    nbformat.write(v4.new_notebook(cells=cells), path)
    return path


def make_course(top):
    """Make a course of three notebooks with a picture and profiles; returns its notebooks folder."""
    folder = top / "notebooks"
    write_notebook(folder, "01_tiny", LESSON)
    write_notebook(folder, "02_next", ["# 02 · Next", "#parameters\nseed = 1  # [1..]", "print(seed)"])
    write_notebook(folder, "03_last", ["# 03 · Last", "print('last')"])
    (top / "images").mkdir(exist_ok=True)
    (top / "images" / "bars.svg").write_text(PICTURE)
    (folder / "profiles.yaml").write_text("01_tiny: {smoke: {height: 2, rate: 2e-1}, full: {height: 9}}\n")
    return folder


def course(folder, *words, timeout=60, **more):
    """Run the command in a process of its own."""
    environment = os.environ | {"COURSE_NOTEBOOKS": str(folder)}
    return subprocess.run(
        [*COURSE, *words], env=environment, cwd=Path(folder).parent, capture_output=True, text=True, timeout=timeout, **more
    )


def refused(folder, words, monkeypatch, capsys):
    """Make a wrong request of the command in this process: it ends with 2, writes nothing, and has started no process.

    Returns:
        What it says of it, a str.
    """
    from lib.runner.cli import main

    monkeypatch.setenv("COURSE_NOTEBOOKS", str(folder))
    monkeypatch.chdir(folder.parent)
    before = sorted(folder.parent.rglob("*"))
    running = family()
    ended = os.times().children_user
    try:
        status = main(list(words))
    except SystemExit as leaves:
        status = leaves.code
    printed, said = capsys.readouterr()
    assert (status, printed) == (2, "")
    assert said.startswith("course: ") and "Traceback" not in said
    assert sorted(folder.parent.rglob("*")) == before
    assert family() == running and os.times().children_user == ended
    return said


def table(out):
    """Return the runs.csv of a sweep as a list of dict."""
    with open(out / "runs.csv", newline="") as file:
        return list(csv.DictReader(file))


def started(folder):
    """Return the seeds of the runs of WORK that have started, in order."""
    path = folder.parent / "started"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


# A key of Weights & Biases that nobody has. No network is needed: nobody answers at this address, so it is tried and left alone.
KEY = "ab12" * 10


def keyed(home):
    """Return the environment of somebody who has a key, as a dict, with a home folder of their own."""
    home.mkdir()
    return {"WANDB_API_KEY": KEY, "WANDB_BASE_URL": "http://127.0.0.1:9", "HOME": str(home)}


def holding(folder, key=KEY):
    """Return the files below a folder that hold the key in any way."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert found
    return [path for path in found if key.encode() in path.read_bytes()]


def write_sweep(folder, out, grid):
    """Write the pages of a sweep of lesson 1 whose runs never ran: their results are made up, and the first has failed."""
    info, varied, points = read_points(read_folder(folder), "1", "lesson", [], grid, None)
    books = Books(out, info, varied, points)
    for number, point in enumerate(points):
        rate, height = point.values.get("rate", 0.5), point.values["height"]
        metrics = {"loss": rate * height, "score": 1 - rate / height}
        result = {"status": "done", "seconds": 1.0, "error": "", "metrics": metrics}
        books.results[point.key] = result if number else {"status": "failed", "seconds": 1.0, "error": "ValueError: <no>"}
    books.write_table()
    write_pages(books)
