"""The proof that nbval is not vacuous: one compared output is altered in each notebook, and nbval turns red."""

import json
import re
import subprocess
import sys

from conftest import is_compared, read


def nbval(path):
    call = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--nbval",
        "--nbval-current-env",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
    ]
    return subprocess.run([*call, "--rootdir", path.parent, path], capture_output=True, text=True)


def alter(output):
    """Change one character of an output's text."""
    data = output.get("data", output)
    key = "text" if "text" in data else "text/plain"
    text = "".join(data[key])
    data[key] = re.sub(r"\w", lambda m: "x" if m[0] != "x" else "y", text, count=1)
    for richer in set(data) & {"text/html"}:
        del data[richer]


def test_an_altered_output_turns_red(notebook, tmp_path):
    stored = read(notebook)
    first = next(i for i, cell in enumerate(stored["cells"]) if is_compared(cell))
    # What comes after does not matter here, and takes minutes: the copy ends with the first compared cell.
    stored["cells"] = stored["cells"][: first + 1]
    alter(stored["cells"][first]["outputs"][0])
    (tmp_path / "altered.ipynb").write_text(json.dumps(stored), encoding="utf-8")
    red = nbval(tmp_path / "altered.ipynb")
    assert red.returncode == 1, red.stdout[-3000:]
    # That the cell is green as it is stored, and those before it too, nbval itself says in this very run of pytest.
    assert re.search(rf"\b1 failed, {first_codes(stored) - 1} passed", red.stdout), red.stdout[-3000:]


def first_codes(notebook):
    return sum(cell["cell_type"] == "code" for cell in notebook["cells"])
