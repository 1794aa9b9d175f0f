"""The proof that a metric is held to its bounds in the run that records it, also where nbval ignores the cell."""

import os
import re
import subprocess
import sys

import nbformat
import pytest
from kit.notebooks import ROOT

CELLS = """from lib.session import record
record("kfold_sd", {})
print("beside")"""


def nbval(folder, source, stored, tags=()):
    """Run nbval with the plugin over a lesson 01 of one cell; return what it prints."""
    output = nbformat.v4.new_output("stream", text="beside\n")
    metric = {"application/vnd.course.metric+json": {"name": "kfold_sd", "value": stored}}
    outputs = [nbformat.v4.new_output("display_data", metric), output]
    cell = nbformat.v4.new_code_cell(source, execution_count=1, outputs=outputs, metadata={"tags": list(tags)})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "01_tuning_loop.ipynb")
    call = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env", "-p", "kit.fresh", "-p", "no:cacheprovider"]
    call += ["-c", os.devnull, "--rootdir", folder, folder / "01_tuning_loop.ipynb"]
    done = subprocess.run(call, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"})
    return done.returncode, done.stdout


@pytest.mark.parametrize("tags", [(), ("nbval-ignore-output",)])
def test_a_metric_is_held_to_its_bounds_and_not_to_its_digits(tmp_path, tags):
    assert nbval(tmp_path, CELLS.format(0.0102), 0.01, tags)[0] == 0
    status, said = nbval(tmp_path, CELLS.format(0.2), 0.2, tags)
    assert status == 1 and re.search(r"this run: kfold_sd is 0\.2, not in 0\.001 to 0\.03", said), said


def test_a_metric_without_bounds_and_a_changed_text_are_red(tmp_path):
    status, said = nbval(tmp_path, CELLS.format(0.01).replace("kfold_sd", "kfold_std"), 0.01)
    assert status == 1 and "no bounds for kfold_std" in said
    status, said = nbval(tmp_path, CELLS.format(0.01).replace("beside", "besides"), 0.01)
    assert status == 1 and "besides" in said
