"""What a lesson is to the tests: which of them belong to it, and what decides whether they are green.

A test belongs to a lesson by its parameters, a notebook, the name of one, or an exercise of it; or by the mark
`lesson("13")`. The mark without a number means every lesson. The cells of a notebook belong to it.
"""

import hashlib
import re
from functools import cache
from pathlib import Path

import yaml

from kit.imports import MODULES, closure, imported
from kit.notebooks import NOTEBOOKS, ROOT, code_cells, source

LESSONS = {path.name[:2]: path for path in NOTEBOOKS}


def lessons(item):
    """Return the numbers of the lessons that an item belongs to, a set of str."""
    marks = list(item.iter_markers("lesson"))
    if any(not mark.args for mark in marks):
        return set(LESSONS)
    values = [item.path, *(item.callspec.params.values() if hasattr(item, "callspec") else ())]
    names = [value.name if isinstance(value, Path) else str(getattr(value, "key", value)) for value in values]
    found = [re.match(r"(?:e(?=\d\d\.q))?(\d\d)[_.]", name) for name in names]
    return ({match[1] for match in found if match} | {mark.args[0] for mark in marks}) & set(LESSONS)


@cache
def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def key(path):
    """Return a digest of what decides whether a lesson is green: its notebook, what that imports and loads, pins, bounds."""
    code = "\n".join(map(source, code_cells(path)))
    modules = sorted(closure(imported(code)))
    text = code + "".join(MODULES[name].read_text(encoding="utf-8") for name in modules)
    data = [file for file in sorted((ROOT / "data").glob("*/*")) if file.parent.name in text]
    answers = ROOT / "tests" / f"answers_{path.name[:2]}.py"
    files = [path, answers, ROOT / "requirements.txt", *data, *(MODULES[name] for name in modules)]
    names = ("notebooks/profiles.yaml", "tests/metrics.yaml")
    tables = [yaml.safe_load((ROOT / name).read_text(encoding="utf-8")) for name in names]
    told = [str(table.get(path.stem)) for table in tables] + [digest(file) for file in files if file.exists()]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
