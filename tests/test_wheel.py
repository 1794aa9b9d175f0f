"""The wheel of the kit: it holds the library alone, and says in one line that the kit is installed in place."""

import os
import shutil
import subprocess
import sys

import pytest
from kit.notebooks import ROOT

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel of a copy, without a network, and install it into a folder; returns the folder."""
    top = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "lib", top / "kit" / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, top / "kit")
    build = ["wheel", top / "kit", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", top]
    subprocess.run([*PIP, *build], check=True, capture_output=True)
    (wheel,) = top.glob("*.whl")
    subprocess.run([*PIP, "install", wheel, "--no-deps", "--no-index", "--target", top / "site"], check=True, capture_output=True)
    return top / "site"


def run(installed, *words):
    """Run words with the kit that is installed there, in a folder that has none."""
    environment = os.environ | {"PYTHONPATH": str(installed)}
    environment.pop("COURSE_NOTEBOOKS", None)
    return subprocess.run([sys.executable, *words], env=environment, cwd=installed.parent, capture_output=True, text=True)


@pytest.mark.parametrize("words", ["list", "run 03", "sweep 03 -g seed=1,2", "doctor", "lab"])
def test_the_command_says_that_the_kit_is_installed_in_place(installed, words):
    ended = run(installed, installed / "bin" / "course", *words.split())
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("course: ") and str(installed) in line and "`pip install -r requirements.txt`" in line


def test_loading_data_says_it_too(installed):
    code = (
        "from lib import data, errors\n"
        "try:\n"
        "    data.load('fashion_mnist')\n"
        "except errors.CourseError as error:\n"
        "    print(error)"
    )
    ended = run(installed, "-c", code)
    (line,) = ended.stdout.splitlines()
    assert str(installed) in line and "`pip install -r requirements.txt`" in line
