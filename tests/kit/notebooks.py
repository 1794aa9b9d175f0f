"""The notebooks of the course as plain dicts, and what a cell of them is."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def read(path):
    """Return a notebook as a dict."""
    return json.loads(path.read_text(encoding="utf-8"))


def source(cell):
    """Return a cell's source as one str."""
    return "".join(cell["source"])


def code_cells(path):
    """Return the code cells that hold anything."""
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == "code" and source(cell).strip()]


def tags(cell):
    """Return a cell's tags, a list of str."""
    return cell["metadata"].get("tags", [])


def is_compared(cell):
    """Say whether nbval compares this cell's stored output with a fresh one."""
    return cell["cell_type"] == "code" and cell["outputs"] and "nbval-ignore-output" not in tags(cell)
