"""A folder to hand out: some lessons with all that they need, a small kit of its own."""

import shutil
from pathlib import Path

from lib import places
from lib.files import replace_text
from lib.runner.folder import WORK
from lib.runner.kit import pythons
from lib.runner.notebooks import GLOSSARY, course_name, pictures

README = """# {title}

Lesson{s} {numbers} of the course, with all that they need. With Python {pythons}, in the folder of this file:

```sh
python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
.venv/bin/course lab
```

{lessons}

On Windows, write `.venv\\Scripts\\` for `.venv/bin/`, and give each part between the `&&` a line of its own. A lesson ends
with exercises that answer at once: `check` and `hint`{solution}.
"""


def write_handout(infos, out, solutions=True):
    """Write the folder to hand out: notebooks as they are stored, pictures, data, and the library with their exercises.

    Args:
        infos: list of the `NotebookInfo` to hand out.
        out: Path of the folder, which is held and empty.
        solutions: whether `solution` shows one there.

    Raises:
        CourseError: this kit stands without its notebooks and data.
    """
    kit = places.kit()
    work = out / WORK / "handout"
    top = infos[0].path.parent.parent
    for path, name in _files(kit, infos, top):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, work / name)
    replace_text(work / "README.md", _readme(infos, solutions))
    if not solutions:
        (work / places.NO_SOLUTIONS).touch()
    for path in sorted(work.iterdir()):
        path.replace(out / path.name)


def _files(kit, infos, top):
    """Return what is copied, a list of pairs: the Path of a file, and its name in the handout, a Path too."""
    numbers = {info.number for info in infos}
    left_out = {f"e{path.stem[1:]}.py" for path in (kit / "lib" / "exercises").glob("e[0-9][0-9].py")}
    left_out -= {f"e{number}.py" for number in numbers}
    library = [path for name in ("lib", "data") for path in (kit / name).rglob("*")]
    library = [path for path in library if path.is_file() and not {"__pycache__"} & set(path.parts) and WORK not in path.parts]
    found = [(path, path.relative_to(kit)) for path in library if path.name not in left_out]
    found += [(kit / name, Path(name)) for name in ("requirements.txt", "pyproject.toml", "LICENSE")]
    ways = infos[0].path.parent / "ways.yaml"
    found += [(ways, Path("notebooks", ways.name))] * ways.exists()
    for info in infos:
        found += [(info.path, Path("notebooks", info.path.name))]
        for address in pictures(info.path):
            path = (info.path.parent / address).resolve()
            if path.is_file() and path.is_relative_to(top.resolve()):
                found.append((path, path.relative_to(top.resolve())))
    beside = [infos[0].path.parent / name for name in ("profiles.yaml", GLOSSARY)]
    return found + [(path, Path("notebooks", path.name)) for path in beside if path.exists()]


def _readme(infos, solutions):
    rows = "\n".join(f"- [{info.number} {info.title}](notebooks/{info.path.name})" for info in infos)
    numbers = [info.number for info in infos]
    words = ", ".join(numbers[:-1]) + " and " * (len(numbers) > 1) + numbers[-1]
    return README.format(
        title=course_name(infos[0].path.parent), s="s" * (len(infos) > 1), numbers=words, lessons=rows,
        pythons=pythons().replace(",", ", "),
        solution=", and `solution` shows one" if solutions else "; solutions stay with whoever gave you this",
    )
