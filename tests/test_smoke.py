"""papermill over every notebook at the smoke profile, by the command itself, and the bounds of all metrics."""

import json
import subprocess
import sys
from pathlib import Path

import yaml
from conftest import NOTEBOOKS, ROOT, read

from lib.runner.execute import collect_metrics

BOUNDS = yaml.safe_load((ROOT / "tests" / "metrics.yaml").read_text(encoding="utf-8"))


def check(found, bounds, where):
    assert set(found) == set(bounds), f"{where}: other metrics than tests/metrics.yaml says"
    for name, (low, high) in bounds.items():
        assert low <= found[name] <= high, f"{where}: {name} is {found[name]}, not in {low} to {high}"


def test_every_notebook_has_bounds(notebook):
    assert set(BOUNDS[notebook.stem]) == {"smoke", "lesson"}


def test_runs_at_the_smoke_profile(notebook, tmp_path):
    call = [Path(sys.executable).with_name("course"), "run", notebook.stem, "--profile", "smoke", "--out", tmp_path]
    done = subprocess.run(call, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    page = tmp_path / f"{notebook.stem}.html"
    assert done.stdout.strip().endswith(str(page)) and page.exists()
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    check(metrics.get(notebook.stem, {}), BOUNDS[notebook.stem]["smoke"], f"{notebook.stem}, smoke")


def test_stored_metrics_are_within_bounds(notebook):
    found = collect_metrics(read(notebook))
    check(found, BOUNDS[notebook.stem]["lesson"], f"{notebook.stem}, as stored")


def test_bounds_belong_to_notebooks():
    assert set(BOUNDS) == {path.stem for path in NOTEBOOKS}
