"""No way around nbval beside a notebook's cells: no other file, key, tag or setting takes one of them out."""

import json
import os
import re
import subprocess
import sys
import tomllib

import pytest
from kit.notebooks import NOTEBOOKS, ROOT, code_cells, read, source, tags

# What a notebook may hold beside text and outputs. nbclient, which stores outputs and runs lessons for papermill, passes a cell
# tagged skip-execution over; other keys and tags mean something to other tools.
METADATA = {"course", "kernelspec", "language_info"}
CELL_METADATA = {"tags", "ignored"}
FOLDED = {"jupyter": {"source_hidden": True}}  # and nothing else: JupyterLab shows three dots in place of the code
TAGS = {"code": {"parameters", "nbval-ignore-output"}, "markdown": {"rest"}}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
SETTINGS = {"addopts", "cache_dir", "testpaths", "python_files"}
# How code could know that it is tested.
WATCHED = re.compile(r"PYTEST|NBVAL|_pytest|\bpytest\b|ipykernel|getppid", re.IGNORECASE)


def unknown_keys(document):
    """List what a notebook holds beside what it may."""
    found = [key for key in document["metadata"] if key not in METADATA]
    found += ["kernelspec"] if document["metadata"].get("kernelspec") != KERNEL else []
    for cell in document["cells"]:
        found += [(cell["id"], key) for key in cell["metadata"] if key not in CELL_METADATA and not is_folded(cell)]
        found += [(cell["id"], tag) for tag in tags(cell) if tag not in TAGS.get(cell["cell_type"], ())]
        found += [(cell["id"], "tags")] if not isinstance(tags(cell), list) else []
        found += [(cell["id"], cell["cell_type"])] if cell["cell_type"] not in ("code", "markdown") else []
    return found


def is_folded(cell):
    """Say whether a cell is one of imports that JupyterLab folds."""
    return cell["metadata"] == FOLDED and cell["id"].startswith("imports") and not cell["outputs"]


def wrong_settings(options):
    """List the settings of pytest, a dict, that are unknown or take something out."""
    words = options["addopts"].split()
    taken = [word for word in words if re.search(r"lax|sanitize|ignore|deselect|^-[kmpcW]|no:|override", word)]
    return [key for key in options if key not in SETTINGS] + taken + [word for word in ["--nbval"] if word not in words]


def test_a_notebook_holds_nothing_unknown(notebook):
    assert not unknown_keys(read(notebook))


def test_imports_are_folded(notebook):
    imports = [cell for cell in code_cells(notebook) if cell["id"].startswith("imports") and not cell["outputs"]]
    assert imports and all(is_folded(cell) for cell in imports)


def test_no_cell_asks_whether_it_is_tested(notebook):
    assert not [cell["id"] for cell in code_cells(notebook) if WATCHED.search(source(cell))]


def test_the_library_does_not_ask_whether_it_is_tested():
    files = [path.name for path in (ROOT / "lib").rglob("*.py") if re.search(r"PYTEST|NBVAL", path.read_text(encoding="utf-8"))]
    assert not files


def test_every_notebook_is_a_lesson():
    found = [path for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts]
    assert sorted(found) == NOTEBOOKS


def test_pytest_is_told_in_one_place():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert not wrong_settings(options) and options["testpaths"] == ["tests", "notebooks"]
    others = ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "setup.cfg")
    assert not [name for name in others if (ROOT / name).exists()]
    folders = [ROOT, ROOT / "notebooks", ROOT / "tests"]
    assert [path for folder in folders for path in folder.glob("conftest.py")] == [ROOT / "tests" / "conftest.py"]
    plugins = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    assert re.search(r'^pytest_plugins = .*"kit\.fresh"', plugins, re.MULTILINE), "nothing compares figures"


@pytest.mark.lesson
def test_pytest_collects_every_code_cell(tmp_path):
    call = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", "-o", f"cache_dir={tmp_path}", "-p", "conftest"]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    done = subprocess.run([*call, "notebooks"], cwd=ROOT, env=environment, capture_output=True, text=True)
    collected = re.findall(r"^notebooks/(\S+)::Cell \d+$", done.stdout, flags=re.MULTILINE)
    codes = [path.name for path in NOTEBOOKS for cell in read(path)["cells"] if cell["cell_type"] == "code"]
    assert sorted(collected) == codes, done.stdout[-1000:]


# --- the rules see a breach


def a_notebook(cell=None, **metadata):
    cell = {"cell_type": "code", "id": "made-up", "source": "1", "outputs": [], "metadata": {}} | (cell or {})
    return {"metadata": {"kernelspec": KERNEL} | metadata, "cells": [cell]}


@pytest.mark.parametrize("document", [
    a_notebook(papermill={"parameters": {}}), a_notebook(nbval={"skip": True}), a_notebook(kernelspec=KERNEL | {"name": "other"}),
    a_notebook({"metadata": {"tags": ["skip-execution"]}}), a_notebook({"metadata": {"tags": ["injected-parameters"]}}),
    a_notebook({"metadata": {"tags": "nbval-skip"}}), a_notebook({"metadata": {"jupyter": {"source_hidden": True}}}),
    a_notebook({"metadata": {"skip": True}}), a_notebook({"cell_type": "raw"}),
    a_notebook({"metadata": {"tags": ["parameters"]}, "cell_type": "markdown"}),
])
def test_an_unknown_key_is_seen(document):
    assert not unknown_keys(a_notebook()) and unknown_keys(json.loads(json.dumps(document)))


@pytest.mark.parametrize("more", [
    {"addopts": "--nbval-lax"}, {"addopts": "-n auto"}, {"addopts": "--nbval --nbval-sanitize-with=x"},
    {"addopts": "--nbval -k not_03"}, {"addopts": "--nbval -p no:kit.fresh"}, {"addopts": "--nbval --ignore=notebooks"},
    {"addopts": "--nbval --ignore-glob=*3*"},
    {"addopts": "--nbval --override-ini=x"}, {"addopts": "--nbval", "norecursedirs": "notebooks"},
    {"addopts": "--nbval", "collect_imported_tests": "false"},
])
def test_a_setting_that_takes_something_out_is_seen(more):
    assert not wrong_settings({"addopts": "--nbval -n auto"}) and wrong_settings(more)


@pytest.mark.parametrize("code", ['if "PYTEST_CURRENT_TEST" in os.environ: x', "import pytest", "os.getppid()"])
def test_code_that_asks_whether_it_is_tested_is_seen(code):
    assert WATCHED.search(code)
