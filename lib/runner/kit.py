"""What a run depends on, to the letter: Python, the pinned packages, the kit's code, the code of a notebook."""

import contextlib
import hashlib
import json
import platform
import re
import tomllib
from functools import cache
from importlib import metadata

from lib import places
from lib.runner.notebooks import text

STANDS_FOR = {"tensorflow": ("tensorflow-cpu",)}  # the same without what drives a GPU


def pythons():
    """Return which Pythons the kit runs on, as pyproject.toml says it: ">=3.11,<3.14"."""
    return tomllib.loads((places.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]


def pins(requirements=places.ROOT / "requirements.txt"):
    """Return the packages that a requirements.txt pins, with their versions, a dict of str."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    found = [re.match(r"([\w.-]+)(?:\[.*?\])?==([\w.+!-]+)", line) for line in lines]  # psycopg[binary] is psycopg
    return dict(pin.groups() for pin in found if pin)


def installed(name):
    """Return the version of a package, or of what may stand for it; None where neither is installed."""
    for each in (name, *STANDS_FOR.get(name, ())):
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(each)
    return None


@cache
def kit_version():
    """Return what a run depends on besides its notebook.

    Returns:
        A dict with python, kit (digest of `lib`), and each package of requirements.txt with its installed version.
    """
    code = [path.read_bytes() for path in sorted((places.ROOT / "lib").rglob("*.py"))]
    versions = {name.lower(): version for name in pins() if (version := installed(name))}
    return {"python": platform.python_version(), "kit": digest(*code), **versions}


@cache
def notebook_digest(path):
    """Return a digest of the code of a notebook: new prose or stored outputs do not make a run another one."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return digest(*[text(cell).encode() for cell in cells if cell["cell_type"] == "code"])


def digest(*parts):
    """Return 16 letters that stand for parts of bytes."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
