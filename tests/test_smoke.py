"""papermill over every notebook at the smoke profile, by the command itself, and the bounds of all metrics."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from kit.course import KEY, holding, keyed
from kit.fresh import bounds, faults
from kit.notebooks import NOTEBOOKS, ROOT, read

from lib.runner.execute import collect_metrics

BOUNDS = bounds()
KEYED = "15_weights_and_biases"  # runs as at somebody's who has an account; nbval runs it as at somebody's who has none


def check(found, within, where):
    assert not faults(found, within, where)
    assert set(found) == set(within), f"{where}: metrics that were not recorded"


def test_every_notebook_has_bounds(notebook):
    assert set(BOUNDS[notebook.stem]) == {"smoke", "lesson"}


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """A function that runs a notebook once, for all tests of it; returns its folder and the ended process."""
    top = tmp_path_factory.mktemp("smoke")

    @cache
    def run(name):
        out = top / name / "out"
        out.mkdir(parents=True)
        call = [Path(sys.executable).with_name("course"), "run", name, "--profile", "smoke", "--out", out]
        environment = os.environ | {"COURSE_PROGRESS": str(top / "progress")}
        if name == KEYED:
            environment |= keyed(top / name / "home")
        return out, subprocess.run(call, capture_output=True, text=True, cwd=out, env=environment)

    return run


def test_runs_at_the_smoke_profile(notebook, smoke):
    out, done = smoke(notebook.stem)
    assert done.returncode == 0, done.stderr[-3000:]
    page = out / f"{notebook.stem}.html"
    assert done.stdout.strip().endswith(str(page)) and page.exists()
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    check(metrics.get(notebook.stem, {}), BOUNDS[notebook.stem]["smoke"], f"{notebook.stem}, smoke")


@pytest.mark.lesson(KEYED[:2])
def test_no_key_gets_into_what_a_run_writes(smoke):
    out, done = smoke(KEYED)
    assert KEY not in done.stdout + done.stderr
    assert list((out / KEYED).rglob("*.wandb"))
    page = (out / f"{KEYED}.html").read_text(encoding="utf-8")
    assert "the service does not answer, so these runs stay offline" in page
    assert not holding(out.parent)
    assert not [path for path in (out.parent / "home").rglob("*") if "wandb" in path.name or path.name == ".netrc"]
    assert not (ROOT / "notebooks" / "wandb").exists()


def test_stored_metrics_are_within_bounds(notebook):
    found = collect_metrics(read(notebook))
    check(found, BOUNDS[notebook.stem]["lesson"], f"{notebook.stem}, as stored")


@pytest.mark.lesson
def test_bounds_belong_to_notebooks():
    assert set(BOUNDS) == {path.stem for path in NOTEBOOKS}
