"""The folder that a run or a sweep writes into: never the notebooks' own, held by one at a time, nothing foreign overwritten."""

import contextlib
import itertools
import json
import os
import shutil
import tempfile
import time
from datetime import datetime
from pathlib import Path

from lib import places, servers
from lib.errors import UNREADABLE, CourseError
from lib.files import HALF, replace_text
from lib.runner import strays
from lib.runner.execute import RECORD, written

WORK, LOCK = ".course-work", ".course-lock"  # there while somebody works, and what the workers of a sweep are at
ENDING = 10  # seconds in which what a killed command has started comes to its end

# What stands in every file of a run, of grades, of a sweep or of a site, by its name or its suffix.
SITE = "course site"
SIGNS = {
    "run": {"index.html": "<title>Course run</title>", ".html": ".course-note {"},
    "grade": {".html": "<title>Grades</title>", ".csv": "learner,exercise,verdict,message,seconds\n"},
    "sweep": {"index.html": "<title>Sweep of ", "parallel.html": "<title>Sweep of ", ".csv": ",seconds,status,error,notebook\n"},
    "site": {".html": f'content="{SITE}"', ".css": SITE, ".js": SITE, "plotly.min.js": "* plotly.js v"},
}


def find(named, name=""):
    """Return the folder to write into, which may not be there yet; nothing is written.

    Args:
        named: str, what `--out` says; None for a folder below `runs/`.
        name: str, of that folder; empty for one of this moment, which is then made.

    Raises:
        CourseError: it is, holds or lies in the notebooks' folder, or it is no name at all.
    """
    try:
        os.getcwd()
    except OSError:
        raise CourseError("The folder that you are in is not there any more: cd into another.") from None
    if named is None:
        return places.runs() / name if name else _new_folder(places.runs())
    if not named.strip():
        raise CourseError("--out is empty. Name a folder, or leave it out for one in runs/.")
    try:
        folder = Path(named).resolve()
    except (OSError, RuntimeError, *UNREADABLE) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise CourseError(f"--out names no folder: {error}.") from None
    notebooks = places.notebooks()
    if _holds(folder, notebooks) or _holds(notebooks, folder):
        raise CourseError(f"{folder} is no folder to write into: the notebooks are there ({notebooks}). Give another: --out DIR")
    return folder


def _holds(outer, inner):
    for each in (inner, *inner.parents):
        with contextlib.suppress(OSError):  # not made yet
            if each.samefile(outer):
                return True
    return False


def _new_folder(runs):
    now = time.strftime("%Y%m%d-%H%M%S")
    for number in itertools.count(1):  # several runs may start in one second
        folder = runs / (now if number == 1 else f"{now}-{number}")
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            continue
        except OSError as error:
            raise CourseError(_unwritable(folder, error)) from None


def entries(folder):
    """Return the names of what is in a folder, a list of str; none where it is not there yet."""
    try:
        return sorted({path.name for path in folder.iterdir()} - {WORK, LOCK})
    except OSError:  # what cannot be read cannot be held either, and that says why
        return []


@contextlib.contextmanager
def held(folder, kind, names, call):
    """Make a folder and hold it alone; however this process ends, nothing half written and no helper file stays in it.

    Args:
        folder: Path, from `find`.
        kind: "run", "grade", "sweep", "site", "handout" or "pack".
        names: of the files that will be written; one that is there must be of the same kind. What a handout or a pack has
            left is never known again.
        call: the command line, for whoever comes second.

    Raises:
        CourseError: it cannot be written, another call holds it, or it has a file of somebody else under such a name.
    """
    from filelock import FileLock

    made = [each for each in (folder, *folder.parents) if not os.path.exists(each)]  # also of a name that cannot be
    lock = FileLock(folder / LOCK, timeout=0.5, poll_interval=0.05)
    guard = None
    try:
        _take(folder, lock, call)
        _refuse_foreign(folder, kind, names)
        guard = servers.start("lib.runner.folder", str(folder), cwd=places.ROOT)  # where no other lib is found first
        yield
    finally:
        if lock.is_locked:
            strays.end(strays.strays(folder))  # of the workers that were stopped
            tidy(folder)
            with contextlib.suppress(OSError):
                (folder / LOCK).unlink()  # while it is held: who waits for it sees that it is gone, and makes a new one
            lock.release()
        if guard:
            servers.stop(guard, patience=5)
        for each in made:
            with contextlib.suppress(OSError):  # what is not empty stays
                each.rmdir()


def _take(folder, lock, call):
    from filelock import Timeout

    try:
        while not lock.is_locked:
            folder.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # whoever held it has just taken its empty folder away
                lock.acquire()
        tidy(folder)
        (folder / WORK).mkdir()
        tempfile.TemporaryFile(dir=folder).close()
    except Timeout:
        raise CourseError(f"{folder} is in use{_who(folder)}. Wait for it, or give another folder: --out DIR") from None
    except OSError as error:
        raise CourseError(_unwritable(folder, error)) from None
    since = datetime.fromtimestamp(time.time()).strftime("%H:%M:%S")
    with contextlib.suppress(OSError):  # a full disk is told where something of worth is lost
        replace_text(folder / WORK / "held.json", json.dumps({"pid": os.getpid(), "since": since, "call": call}))


def _who(folder):
    try:  # it may be starting, or ending, this very moment
        who = json.loads((folder / WORK / "held.json").read_text(encoding="utf-8"))
        return f": process {who['pid']}, since {who['since']} ({who['call']})"
    except (OSError, *UNREADABLE):
        return " by another call"


def _unwritable(folder, error):
    return f"The folder {folder} cannot be written: {error.strerror}. Give another: --out DIR"


def _refuse_foreign(folder, kind, names):
    foreign = [name for name in names if os.path.lexists(folder / name) and not (kind in SIGNS and is_ours(folder / name, kind))]
    runs = folder / "runs"
    if kind == "sweep" and (runs.is_symlink() or (runs.exists() and not runs.is_dir())):
        foreign.append(runs.name)
    if foreign:
        raise CourseError(f"{folder} has a file {foreign[0]} that is not of a course {kind}. Give another folder: --out DIR")


def is_ours(path, kind):
    """Say whether a file is as a call has left it.

    Args:
        path: Path.
        kind: of the call, "run", "grade", "sweep" or "site".
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    signs = SIGNS[kind]
    sign = signs.get(path.name, signs.get(path.suffix))
    return sign in text if sign else {".json": is_metrics, ".ipynb": is_executed}[path.suffix](text)


def is_executed(text):
    """Say whether a text is that of an executed notebook, and nobody has written into it since."""
    try:
        notebook = json.loads(text)
        return notebook["metadata"][RECORD]["cells"] == written(notebook)
    except UNREADABLE:
        return False


def is_metrics(text):
    """Say whether a text is that of a metrics.json: a map from notebooks to maps."""
    try:
        return all(isinstance(metrics, dict) for metrics in json.loads(text).values())
    except UNREADABLE:
        return False


def tidy(folder):
    """Remove what is half written, and what is only there while somebody works; whoever calls it holds the folder."""
    mark = HALF + 8 * "[0-9a-f]"
    for half in [*folder.glob(f"{mark}-*"), *folder.glob(f"runs/{mark}-*")]:
        with contextlib.suppress(OSError):
            half.unlink()
    shutil.rmtree(folder / WORK, ignore_errors=True)


def _guard(folder):
    """Wait for the end of whoever holds the folder, and tidy up where it had no time to."""
    from filelock import FileLock, Timeout

    servers.wait_for_end()
    strays.end(strays.strays(folder))  # those of now: whoever takes the folder next has runs of its own
    for _ in range(ENDING):
        if not (folder / LOCK).exists() and not (folder / WORK).exists():
            return
        with contextlib.suppress(Timeout, OSError), FileLock(folder / LOCK, timeout=0):
            tidy(folder)
            (folder / LOCK).unlink()
        time.sleep(1)  # its workers come to their end, and may write until then


if __name__ == "__main__":
    _guard(Path(*servers.words()))
