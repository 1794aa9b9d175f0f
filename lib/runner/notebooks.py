"""The notebooks of a folder, read as JSON, without a kernel: number, title, minutes, parameters."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from lib.errors import UNREADABLE, CourseError, did_you_mean, plain, short
from lib.runner.parameters import Parameter, read_parameters

NUMBERED = "[0-9][0-9]_*.ipynb"
GLOSSARY = "glossary.md"  # beside the notebooks; a course may have none


@dataclass(frozen=True)
class NotebookInfo:
    """What a notebook says about itself.

    `minutes` of a learner's time and `seconds` of a run stand in the first markdown cell as
    "about N minutes" and "about N seconds"; None where they do not. A cell with the tag `rest` parts two sittings: `rests` are
    the minutes that lie behind each. `needs` are the names of the lessons that "What to know first" links.
    """

    path: Path
    number: str
    name: str
    title: str
    minutes: int | None
    seconds: int | None
    rests: tuple[int | None, ...]
    needs: tuple[str, ...]
    parameters: tuple[Parameter, ...]

    @property
    def sittings(self):
        """Return how many sittings it has."""
        return 1 + len(self.rests)

    def parameter(self, name):
        """Return the parameter of that name, or None."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


def read_folder(folder):
    """Read every numbered notebook of a folder.

    Args:
        folder: a Path.

    Returns:
        A list of `NotebookInfo`, by number.

    Raises:
        CourseError: the folder has no numbered notebook, or one of them cannot be read.
    """
    try:
        paths = sorted(Path(folder).glob(NUMBERED))
    except OSError:  # a name that no folder can have, or one that nobody may look into
        paths = []
    if not paths:
        raise CourseError(f"There are no numbered notebooks (03_name.ipynb) in {folder}.")
    return [read_notebook(path) for path in paths]


def read_notebook(path):
    """Read what one notebook says about itself.

    Args:
        path: the .ipynb file.

    Returns:
        A `NotebookInfo`.

    Raises:
        CourseError: the file is not a notebook, or its parameters cell breaks the rules.
    """
    try:
        if path.exists() and not path.is_file():
            raise CourseError("it is no file.")
        cells = [(cell["cell_type"], text(cell), cell) for cell in read_cells(json.loads(path.read_text(encoding="utf-8")))]
        first = next((source for kind, source, _ in cells if kind == "markdown"), "")
        parameters = [parameter for source in _tagged(cells, "parameters")[:1] for parameter in read_parameters(source)]
        return NotebookInfo(
            path=path,
            number=path.name[:2],
            name=path.stem,
            title=_title(first, path.name[:2]) or path.stem,
            minutes=_about(first, "minutes?"),
            seconds=_about(first, "seconds?"),
            rests=tuple(_about(source, "minutes?") for source in _tagged(cells, "rest")),
            needs=_needs(first),
            parameters=tuple(parameters),
        )
    except CourseError as error:
        raise CourseError(f"{path.name}: {error}") from None
    except (OSError, *UNREADABLE) as error:
        reason = getattr(error, "strerror", None) or "it is not the JSON of a notebook"
        raise CourseError(f"{path.name} cannot be read: {reason}.") from None


def read_cells(notebook):
    """Return the cells of a notebook, of the shapes that whoever runs it or shows it takes for granted.

    Args:
        notebook: what the JSON of a file holds.

    Raises:
        CourseError: it is of another version of the format.
        ValueError: it is no notebook; so do other errors of `UNREADABLE`.
    """
    if (written := notebook.get("nbformat", 4)) != 4:
        raise CourseError(f"it is of nbformat {short(written)}, not 4: open it in JupyterLab and save it.")
    cells = notebook["cells"]
    metadata = [part.get("metadata", {}) for part in (notebook, *cells)]
    tags = [each.get("tags", []) for each in metadata[1:]]
    shapes = {list: [cells, *tags, *[cell.get("outputs", []) for cell in cells]], dict: metadata,
              str | list: [cell["source"] for cell in cells], str: [tag for each in tags for tag in each]}
    wrong = [value for kind, values in shapes.items() for value in values if not isinstance(value, kind)]
    if wrong or not {cell["cell_type"] for cell in cells} <= {"code", "markdown", "raw"}:
        raise ValueError(wrong)
    return cells


def text(cell):
    """Return the source of a notebook's cell as one string."""
    return "".join(cell["source"])


def headings(markdown):
    """List the headings of a markdown text, without their # signs; a comment in a code block is none."""
    found, fenced = [], False
    for line in markdown.splitlines():
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        heading = re.match(r" {0,3}(#{1,6})\s+(.+?)\s*#*$", line)
        if heading and not fenced:
            found.append((len(heading.group(1)), heading.group(2)))
    return found


def course_name(notebooks):
    """Return the heading of the README that is beside the folder of the notebooks; where there is none, "All lessons"."""
    try:
        readme = (notebooks.parent / "README.md").read_text(encoding="utf-8")
        return next((title for level, title in headings(readme) if level == 1), "All lessons")
    except (OSError, ValueError):
        return "All lessons"


def pictures(path):
    """List the addresses of the pictures that a notebook's markdown shows, as it writes them."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    prose = "\n".join(text(cell) for cell in cells if cell["cell_type"] == "markdown")
    return [unquote(address) for address in re.findall(r"!\[[^\]]*\]\(<?([^)>\s]+)", prose)]


def resolve(words, infos):
    """Find the notebooks that words of a command line name.

    Args:
        words: each a number (3, 03), a name (03_keras_tuner) or a file; none means all.
        infos: list of `NotebookInfo`.

    Returns:
        The `NotebookInfo` that are named, in the order of the course, each once.

    Raises:
        CourseError: a word names none of them; the message has the nearest name and the list.
    """
    chosen = {_resolve_one(word, infos).name for word in words} or {info.name for info in infos}
    return [info for info in infos if info.name in chosen]


def _resolve_one(word, infos):
    name = re.split(r"[/\\]", word)[-1].removesuffix(".ipynb")
    for info in infos:
        if name == info.name or (name.isdecimal() and len(name) < 9 and int(name) == int(info.number)):
            return info
    names = [info.name for info in infos]
    known = {full: full for full in names} | {full[3:]: full for full in names}  # with the number or without
    guess = did_you_mean(name, known, known.get)
    raise CourseError(f"There is no notebook {short(word)!r}.{guess}\nThe notebooks are: {', '.join(names)}")


def _tagged(cells, tag):
    return [source for _, source, cell in cells if tag in cell.get("metadata", {}).get("tags", [])]


def _title(markdown, number):
    title = next((plain(heading) for level, heading in headings(markdown) if level == 1), "")
    return re.sub(rf"^0?{int(number)}\b\s*[.:–—·-]?\s*", "", title)


def _needs(markdown):
    """Return the names of the notebooks that are linked as what to know first; what only helps stands behind that."""
    words = markdown.partition("*What to know first:*")[2].partition("*What helps:*")[0]
    return tuple(dict.fromkeys(re.findall(r"\]\((\d\d_\w+)\.ipynb", words)))


def _about(markdown, unit):
    found = re.search(rf"\babout\s+(\d{{1,6}})\s+{unit}\b", markdown, re.IGNORECASE)
    return int(found.group(1)) if found else None
