"""A lesson is added as CONTRIBUTING.md says, in a copy of the kit: it runs, it keeps all rules, and it goes without a trace."""

import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from kit.notebooks import NOTEBOOKS, ROOT, read, source

NAME = "99_made_up"
RULES = ["structure", "structure_nbval", "glossary", "path", "minutes", "prose"]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """A copy of the kit, whose data and pictures are the kit's own."""
    top = tmp_path_factory.mktemp("kit")
    for name in ("lib", "notebooks", "tests"):
        leave = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", ".pytest_cache")
        shutil.copytree(ROOT / name, top / name, ignore=leave)
    for name in ("README.md", "CONTRIBUTING.md", "pyproject.toml", "requirements.txt", "LICENSE"):
        shutil.copy(ROOT / name, top / name)
    for name in ("data", "images"):
        (top / name).symlink_to(ROOT / name)
    return top


def python(kit, *words):
    """Run Python in the copy, with the copy's own library and tests."""
    environment = os.environ | {"PYTHONPATH": f"{kit}{os.pathsep}{kit / 'tests'}", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *words], cwd=kit, env=environment, capture_output=True, text=True)


def files(kit):
    """Return what stands in the copy, a dict from each file to its bytes."""
    found = [path for name in ("lib", "notebooks", "tests") for path in (kit / name).rglob("*")] + [*kit.glob("*.*")]
    return {path: path.read_bytes() for path in found if path.is_file() and not {"__pycache__", "runs"} & set(path.parts)}


def tested(kit, *words):
    """Run pytest in the copy."""
    return python(kit, "-m", "pytest", "-q", "-n0", "-o", "cache_dir=.cache", *words)


def test_a_lesson_is_added_and_taken_away(kit):
    before = files(kit)
    added = python(kit, "tests/new_lesson.py", NAME, "Made up")
    assert added.returncode == 0, added.stderr
    assert "store.py --stale" in tested(kit, "--lesson", NAME[:2], "tests/test_structure.py").stdout, "it has not been run yet"
    stored = python(kit, "tests/store.py", NAME, "00_start_here")
    assert stored.returncode == 0, stored.stderr
    ruled = tested(kit, "--lesson", NAME[:2], *(f"tests/test_{name}.py" for name in RULES))
    assert ruled.returncode == 0 and re.search(r"\d\d passed", ruled.stdout), ruled.stdout[-3000:]
    answers = tested(kit, "tests/test_exercises.py", "-k", f"e{NAME[:2]}.q2")
    assert answers.returncode == 0, answers.stdout[-3000:]
    kernel = kit / "notebooks" / f"{NAME}.ipynb"
    assert [cell["id"] for cell in read(kernel)["cells"]][-1] == "next"
    removed = python(kit, "tests/new_lesson.py", NAME, "--remove")
    assert removed.returncode == 0, removed.stderr
    (kit / "notebooks" / NOTEBOOKS[0].name).write_bytes(before[kit / "notebooks" / NOTEBOOKS[0].name])
    assert files(kit) == before


@pytest.mark.parametrize("name", ["made_up", "03_made_up", "9_made_up", "99_Made up", "../99_made_up"])
def test_another_name_is_refused(kit, name):
    before = files(kit)
    refused = python(kit, "tests/new_lesson.py", name)
    assert refused.returncode == 2 and "a lesson is called by a number" in refused.stderr
    assert files(kit) == before


def test_the_page_is_short_and_names_what_is_there():
    assert len(re.findall(r"\w+", PAGE)) < 900, "a page"
    section = re.search(r"## Add a lesson\n(.*?)\n## ", PAGE, re.S)[1]
    assert len([line for line in section.splitlines() if line.strip()]) <= 20, "twenty lines"
    named = re.findall(r"`((?:tests|lib|notebooks|data|\.ci)/[\w./-]+)`", PAGE)
    assert len(named) > 10 and not [name for name in named if not (ROOT / name).exists() and "19" not in name]


def test_the_skeleton_keeps_no_word_in_braces(kit):
    import new_lesson

    book = new_lesson.notebook(NAME, "Made up", NOTEBOOKS[0].name)
    nbformat.validate(book)
    assert not [cell.id for cell in book.cells if re.search(r"\{\w+\}|%%", source(cell))]
