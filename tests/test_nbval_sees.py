"""The proof that nbval is not vacuous: one compared output is altered, and nbval turns red there and nowhere else."""

import json
import os
import re
import subprocess
import sys

import pytest
from kit.notebooks import NOTEBOOKS, ROOT, is_compared, read


def nbval(path):
    """Run nbval as this pytest runs it, with the kit's settings and plugins."""
    call = [sys.executable, "-m", "pytest", "-q", "-n0", "-c", ROOT / "pyproject.toml", "-p", "conftest"]
    call += ["-o", f"cache_dir={path.parent / 'cache'}", "--rootdir", path.parent, path]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    return subprocess.run(call, env=environment, capture_output=True, text=True)


def alter(output):
    """Change one character of an output's text."""
    data = output.get("data", output)
    key = "text" if "text" in data else "text/plain"
    text = "".join(data[key])
    data[key] = re.sub(r"\w", lambda m: "x" if m[0] != "x" else "y", text, count=1)
    data.pop("text/html", None)


@pytest.mark.lesson("00")
def test_an_altered_output_turns_red(tmp_path):
    stored = read(NOTEBOOKS[0])
    first = next(i for i, cell in enumerate(stored["cells"]) if is_compared(cell))
    # What comes after does not matter here: the copy ends with the first compared cell. That every notebook has five or
    # more of them, each with an output that came from a run, test_structure sees.
    stored["cells"] = stored["cells"][: first + 1]
    alter(stored["cells"][first]["outputs"][0])
    copy = tmp_path / NOTEBOOKS[0].name
    copy.write_text(json.dumps(stored), encoding="utf-8")
    red = nbval(copy)
    assert red.returncode == 1 and "Cell outputs differ" in red.stdout, red.stdout[-3000:]
    # That the cell is green as it is stored, and those before it too, nbval itself says in this very run of pytest.
    codes = sum(cell["cell_type"] == "code" for cell in stored["cells"])
    assert re.search(rf"\b1 failed, {codes - 1} passed", red.stdout), red.stdout[-3000:]
