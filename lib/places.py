"""Where things are: the folders of the kit and of the learner, and every environment variable COURSE_… that moves one."""

import os
from pathlib import Path

from lib.errors import CourseError

ROOT = Path(__file__).resolve().parent.parent
RUN_DIR = "COURSE_RUN_DIR"  # set for the kernels that `course` starts
NAME = "keras-course-kit"
NO_SOLUTIONS = "no-solutions"  # an empty file in a kit that is handed out: `solution` shows none there


def kit():
    """Return the folder of the kit, which holds notebooks, data and lib.

    Raises:
        CourseError: lib stands alone, as after an installation of the wheel.
    """
    if (ROOT / "notebooks").is_dir() and (ROOT / "data").is_dir():
        return ROOT
    raise CourseError(
        f"The kit's notebooks and data are not beside its library in {ROOT}: the kit is installed in place, by "
        "`pip install -r requirements.txt` in its own folder."
    )


def solutions():
    """Say whether this kit shows solutions of exercises: one that an instructor has handed out may not."""
    return not (ROOT / NO_SOLUTIONS).exists()


def notebooks():
    """Return the folder of the notebooks: the kit's own, unless COURSE_NOTEBOOKS names another."""
    named = os.environ.get("COURSE_NOTEBOOKS")
    return Path(named).resolve() if named else kit() / "notebooks"


def runs():
    """Return the folder of what runs leave, beside that of the notebooks."""
    return notebooks().parent / "runs"


def run_folder():
    """Return the folder that a lesson's own run folder is made in: COURSE_RUN_DIR where the command `course` runs it."""
    return Path(os.environ.get(RUN_DIR) or runs() / "kernels")


def progress():
    """Return the folder of the learner's progress: the system's for a user's data, unless COURSE_PROGRESS names another."""
    from platformdirs import user_data_dir  # inside: `course list` needs neither

    return Path(os.environ.get("COURSE_PROGRESS") or user_data_dir(NAME, appauthor=False))


def cache():
    """Return the folder of what may be thrown away: the system's for a user's caches, unless COURSE_CACHE names another."""
    from platformdirs import user_cache_dir

    return Path(os.environ.get("COURSE_CACHE") or user_cache_dir(NAME, appauthor=False))


def postgres():
    """Return the URL of the PostgreSQL server that COURSE_POSTGRES names; empty where it names none."""
    return os.environ.get("COURSE_POSTGRES", "")
