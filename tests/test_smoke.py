"""papermill over every notebook at the smoke profile, by the command itself, and the bounds of all metrics."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import NOTEBOOKS, ROOT, read, two_at_a_time

from lib.runner.execute import collect_metrics

BOUNDS = yaml.safe_load((ROOT / "tests" / "metrics.yaml").read_text(encoding="utf-8"))


def check(found, bounds, where):
    assert set(found) == set(bounds), f"{where}: other metrics than tests/metrics.yaml says"
    for name, (low, high) in bounds.items():
        assert low <= found[name] <= high, f"{where}: {name} is {found[name]}, not in {low} to {high}"


def test_every_notebook_has_bounds(notebook):
    assert set(BOUNDS[notebook.stem]) == {"smoke", "lesson"}


@pytest.fixture(scope="module")
def smoke_runs(request, tmp_path_factory):
    """The runs of the notebooks: Futures of the folder and the ended process. No bound of this profile is a tight time."""
    top = tmp_path_factory.mktemp("smoke")

    def course_run(path):
        out = top / path.stem
        out.mkdir()
        call = [Path(sys.executable).with_name("course"), "run", path.stem, "--profile", "smoke", "--out", out]
        environment = os.environ | {"COURSE_PROGRESS": str(top / "progress")}
        return out, subprocess.run(call, capture_output=True, text=True, cwd=out, env=environment)

    with two_at_a_time(request, "smoke_runs", course_run) as runs:
        yield runs


def test_runs_at_the_smoke_profile(notebook, smoke_runs):
    out, done = smoke_runs[notebook.stem].result()
    assert done.returncode == 0, done.stderr[-3000:]
    page = out / f"{notebook.stem}.html"
    assert done.stdout.strip().endswith(str(page)) and page.exists()
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    check(metrics.get(notebook.stem, {}), BOUNDS[notebook.stem]["smoke"], f"{notebook.stem}, smoke")


def test_stored_metrics_are_within_bounds(notebook):
    found = collect_metrics(read(notebook))
    check(found, BOUNDS[notebook.stem]["lesson"], f"{notebook.stem}, as stored")


def test_bounds_belong_to_notebooks():
    assert set(BOUNDS) == {path.stem for path in NOTEBOOKS}
