"""What learners have handed in: the notebooks of files, folders and zips, and the exercises that each of them should have."""

import contextlib
import itertools
import json
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from lib.errors import UNREADABLE, CourseError, plain
from lib.runner.notebooks import NUMBERED, read_cells, text
from lib.runner.slices import checks

LARGEST = 50_000_000  # bytes of a notebook
MOST = 10_000  # notebooks in a zip that are read
ASIDE = re.compile(r"\.[^.]|__MACOSX")  # begins what no learner has put there


@dataclass
class HandedIn:
    """A file that was handed in: whose it is, its code cells, the keys of its exercises; `error` if it is no notebook."""

    learner: str
    sources: list = field(default_factory=list)
    due: list = field(default_factory=list)
    error: str = ""


def find(files, folder):
    """Read what was handed in.

    Args:
        files: list of Path: notebooks, folders and zips of them.
        folder: Path of the course's own notebooks, which say which exercises a lesson has.

    Returns:
        A list of `HandedIn`, by learner: the path of the file, from the folder or the zip on, without its suffix.

    Raises:
        CourseError: a file is not there or cannot be read, or there is no notebook at all.
    """
    lessons = exercises_of(folder)
    found = {}
    for path in files:
        for name, read in _files(path):
            first = plain(name.removesuffix(".ipynb"))
            names = itertools.chain([first], (f"{first} ({number})" for number in itertools.count(2)))
            learner = next(name for name in names if name not in found)
            found[learner] = _read(learner, read, lessons)
    if not found:
        raise CourseError(f"There is no notebook (.ipynb) in {', '.join(map(str, files))}.")
    return sorted(found.values(), key=lambda each: each.learner)


def exercises_of(folder):
    """Return the keys of the exercises of each lesson: a dict from "e03" to a list of "e03.q1" and so on."""
    found = {}
    for path in sorted(folder.glob(NUMBERED)):
        with contextlib.suppress(OSError, CourseError, *UNREADABLE):
            for key in _exercises(_sources(path.read_text(encoding="utf-8"))):
                found.setdefault(key[:3], []).append(key)
    return found


def _exercises(sources):
    return list(dict.fromkeys(key for source in sources for key in checks(source)))


def _sources(notebook):
    """Return the sources of the code cells of a notebook's text."""
    return [text(cell) for cell in read_cells(json.loads(notebook)) if cell["cell_type"] == "code"]


def _files(path):
    """Yield what a path holds, each as its name and a function that returns its text."""
    try:
        if path.is_dir():
            for file in sorted(path.rglob("*.ipynb")):
                name = file.relative_to(path)
                if not any(map(ASIDE.match, name.parts)):
                    yield name.as_posix(), lambda file=file: _text_of(file)
        elif zipfile.is_zipfile(path):
            yield from _in_zip(path)
        elif path.exists():
            yield path.name, lambda: _text_of(path)
        else:
            raise CourseError(f"There is no file {path}.")
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None


def _text_of(path):
    if not path.is_file() or path.is_symlink():  # a link could name any file of the grader's
        raise CourseError("it is no file")
    if path.stat().st_size > LARGEST:
        raise CourseError(f"it is larger than {LARGEST:,} bytes")
    return path.read_text(encoding="utf-8")


def _in_zip(path):
    try:
        with zipfile.ZipFile(path) as archive:
            there = [info for info in archive.infolist() if info.filename.endswith(".ipynb")]
    except (zipfile.BadZipFile, *UNREADABLE):
        yield path.name, lambda: _refuse("its zip is broken")
        return
    there = [info for info in there if not any(map(ASIDE.match, Path(info.filename).parts))]
    for info in there[:MOST]:
        yield info.filename, lambda info=info: _text_in(path, info)
    if len(there) > MOST:
        yield path.name, lambda: _refuse(f"its zip has {len(there):,} notebooks, and the first {MOST:,} are read")


def _refuse(why):
    raise CourseError(why)


def _text_in(path, info):
    if info.file_size > LARGEST:
        raise CourseError(f"it is larger than {LARGEST:,} bytes")
    with zipfile.ZipFile(path) as archive, archive.open(info) as file:
        return file.read(LARGEST).decode()


def _read(learner, read, lessons):
    try:
        sources = _sources(read())
    except (CourseError, NotImplementedError, RuntimeError, OSError, zipfile.BadZipFile, *UNREADABLE) as error:
        why = str(error) if isinstance(error, CourseError) else "it is not the JSON of a notebook"
        return HandedIn(learner, error=f"This is no notebook that can be read: {why}.")
    keys = _exercises(sources)
    due = [key for lesson in dict.fromkeys(key[:3] for key in keys) for key in lessons.get(lesson, [])]
    return HandedIn(learner, sources, due, "" if due else "The notebook checks no exercise of the course.")
