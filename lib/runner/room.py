"""A room without windows for other people's code: a process that sees Python and the kit, to read, and an empty disk of its own.

Linux' namespaces make it, as bubblewrap does for Flatpak (bubblewrap's README, "Sandboxing"). Where they are missing or
forbidden, `why_not` says so. What is done inside, before the code of others, is in `lib.runner.furnish`, for Linux alone.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from lib import places
from lib.errors import last_line

WORDS = ["--user", "--map-root-user", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]


def start(module, room):
    """Start a module of ours in a room.

    Args:
        module: str, as after `python -m`.
        room: Path of an empty folder, where its root is mounted, for it alone.

    Returns:
        A `subprocess.Popen` with pipes for its three streams; whatever it starts ends with it.
    """
    words = [_unshare(), *WORDS, "--", sys.executable, "-m", "lib.runner.furnish", module, str(room)]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(), cwd=places.ROOT,
                            start_new_session=True)


def environment():
    """Return the environment of a room: nothing of the grader's, whose variables may hold keys."""
    return {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": "/home/learner", "LANG": "C.UTF-8",
            "PYTHONPATH": str(places.ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}


def why_not(room):
    """Return why this system has no room, one line; an empty string where it has one.

    Args:
        room: Path of an empty folder to try it with.
    """
    if sys.platform != "linux" or not _unshare():
        return "it takes Linux with the program unshare"
    tried = start("this", room)
    _, said = tried.communicate()
    return last_line(said.decode(errors="replace")) if tried.returncode else ""


def _unshare():
    return shutil.which("unshare", path="/usr/bin:/bin")
