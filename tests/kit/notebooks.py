"""The notebooks of the course as plain dicts, and what a cell of them is."""

import hashlib
import json
from pathlib import Path

from nbval.plugin import find_comment_markers, find_metadata_tags

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


def is_ignored(cell):
    """Say whether anything, a tag or a comment, tells nbval to do other with this code cell than to run and compare it."""
    return bool([*find_metadata_tags(cell["metadata"]), *find_comment_markers(source(cell))])


def is_compared(cell):
    """Say whether nbval compares this cell's stored output with a fresh one."""
    return cell["cell_type"] == "code" and cell["outputs"] and not is_ignored(cell)


def code_digest(cells):
    """Return a digest of the code of a notebook's cells, their ids and their tags: what a stored output was made by."""
    code = [(cell["id"], source(cell), sorted(tags(cell))) for cell in cells if cell["cell_type"] == "code"]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()


def stored_by(path):
    """Return the digest of the code that a notebook's outputs were made by; None where tests/store.py has not stored it."""
    return read(path)["metadata"].get("course", {}).get("code")


def is_stale(path):
    """Say whether the code of a notebook is another than the code that its outputs were made by."""
    return stored_by(path) != code_digest(read(path)["cells"])
