"""The proof that nbval is not vacuous: one compared output is altered in each notebook, and nbval turns red."""

import json
import re
import subprocess
import sys

import pytest
from conftest import is_compared, read, two_at_a_time


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


@pytest.fixture(scope="module")
def altered_runs(request, tmp_path_factory):
    """The runs of nbval over altered copies: Futures of the copy and the ended process."""
    top = tmp_path_factory.mktemp("altered")

    def run(path):
        stored = read(path)
        first = next(i for i, cell in enumerate(stored["cells"]) if is_compared(cell))
        # What comes after does not matter here, and takes minutes: the copy ends with the first compared cell.
        stored["cells"] = stored["cells"][: first + 1]
        alter(stored["cells"][first]["outputs"][0])
        copy = top / path.stem / path.name
        copy.parent.mkdir()
        copy.write_text(json.dumps(stored), encoding="utf-8")
        return stored, nbval(copy)

    with two_at_a_time(request, "altered_runs", run) as runs:
        yield runs


def test_an_altered_output_turns_red(notebook, altered_runs):
    stored, red = altered_runs[notebook.stem].result()
    assert red.returncode == 1, red.stdout[-3000:]
    # That the cell is green as it is stored, and those before it too, nbval itself says in this very run of pytest.
    codes = sum(cell["cell_type"] == "code" for cell in stored["cells"])
    assert re.search(rf"\b1 failed, {codes - 1} passed", red.stdout), red.stdout[-3000:]
