"""All wheels that the kit is installed from, in one folder, for a room without a network."""

import re
import subprocess
import sys
import tomllib

from lib.errors import last_line
from lib.files import replace_text
from lib.runner.folder import WORK


class NoWheels(Exception):
    """The wheels cannot be had: one line, pip's own."""


def requirements(kit):
    """Return what an installation of a kit asks for: the pins, and what builds the kit itself; a list of str."""
    lines = (kit / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines) if line and not line.startswith("-e ")]
    return pins + tomllib.loads((kit / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]


def pack(out, kit):
    """Download the wheels; those of an earlier call are replaced when all new ones are there.

    Args:
        out: Path of the folder, which is held and has nothing but wheels.
        kit: Path of the kit.

    Returns:
        How many wheels there are, and their bytes.

    Raises:
        NoWheels: pip cannot get them; nothing is written then.
    """
    work = out / WORK / "wheels"
    work.mkdir()
    replace_text(out / WORK / "requirements.txt", "\n".join(requirements(kit)) + "\n")
    ended = subprocess.run(pip("download", "--only-binary=:all:", "--find-links", out, "--dest", work, "--quiet",
                               "--requirement", out / WORK / "requirements.txt"), stderr=subprocess.PIPE, text=True, cwd=out)
    if ended.returncode:
        raise NoWheels(last_line(ended.stderr))
    made = sorted(work.iterdir())
    for old in {path.name for path in out.glob("*.whl")} - {path.name for path in made}:
        (out / old).unlink()
    for path in made:
        path.replace(out / path.name)
    sizes = [path.stat().st_size for path in out.glob("*.whl")]
    return len(sizes), sum(sizes)


def pip(*words):
    """Return the words that call the pip of this Python."""
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *map(str, words)]
