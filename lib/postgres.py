"""A real PostgreSQL server for as long as a block lasts: the one that COURSE_POSTGRES names, or a private one."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lib import places, servers
from lib.errors import CourseError, first_line, last_line

DRIVER = "postgresql+psycopg://"
MISSING = (
    "There is no PostgreSQL server here. Install one (Debian: apt-get install postgresql; macOS: brew install postgresql), "
    "or name a running one: COURSE_POSTGRES=postgresql://user:password@host/database"
)


@contextlib.contextmanager
def postgres():
    """Reach the server that the environment variable COURSE_POSTGRES names, or start one of our own, empty.

    Our own listens on no port, only at a socket in a temporary folder that nobody else may enter. It is stopped and its
    folder removed when the block ends, also after an error, and when this process is killed.

    Yields:
        str, the URL of a database, as SQLAlchemy and Optuna take it.

    Raises:
        CourseError: no server is named and none is installed, or it does not start.
    """
    if named := places.postgres():
        yield DRIVER + named.split("://", 1)[-1]
        return
    programs = find_programs()
    if programs is None:
        raise CourseError(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="course-pg-"))  # short: a socket's path has little more than 100 letters
    process = servers.start("lib.postgres", str(programs), str(folder), stdout=subprocess.PIPE)
    try:
        word, _, rest = process.stdout.readline().decode().strip().partition(" ")
        if word != "ready":
            raise CourseError(f"The PostgreSQL server did not start: {rest or 'it said nothing'}")
        yield f"{DRIVER}course@/postgres?host={folder}"
        if process.poll() is not None:
            raise CourseError("The PostgreSQL server was killed before its work was done; what was in it is lost.")
    finally:
        servers.stop(process)
        _remove(folder)  # its guard does that, unless it has been killed


def find_programs():
    """Return the folder (Path) of PostgreSQL's own programs, the newest there is; None where it is not installed."""
    if os.name == "nt":  # it has no sockets that psycopg could use: a server must be named there
        return None
    if found := shutil.which("initdb"):
        return Path(found).parent
    # Debian keeps them off the PATH, one folder a version.
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    folders = [path for path in folders if (path / "initdb").exists()]
    return folders[-1] if folders else None


def _remove(folder):
    """End the server in a folder, whoever has started it, and remove the folder."""
    import psutil

    with contextlib.suppress(OSError, LookupError, ValueError, psutil.Error):  # it has ended, or is ending
        server = psutil.Process(int(_pid_file(folder)[0]))
        if any(str(folder) in word for word in server.cmdline()):
            server.send_signal(signal.SIGQUIT)  # at once: nothing is kept
        while server.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


def _pid_file(folder):
    """Return the lines of the file in which a server keeps its number, and says at last that it is ready."""
    path = folder / "data" / "postmaster.pid"
    return path.read_text().split() if path.exists() else []


def _end_with_the_guard():
    """Have the system end this process when the one that started it dies; where it cannot, the caller ends it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG


def _serve(programs, folder):
    """Run a server until it is to end, then remove every trace of it.

    Args:
        programs: Path of the folder of initdb and pg_ctl.
        folder: Path of an empty folder.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # a polite kill ends it as the end of the caller does
    # The server refuses to run as root. Debian's package brings the user postgres.
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    environment = {**os.environ, "LC_ALL": "C"}

    how = {"stdin": subprocess.DEVNULL, "cwd": folder, "env": environment, **user}
    # Only its own user may enter the folder (mode 700), so nobody is asked for a password. No sync: nothing is kept.
    settings = {"listen_addresses": "", "unix_socket_directories": folder, "max_connections": 200}
    data = folder / "data"
    try:
        with open(folder / "log", "w+", encoding="utf-8") as log:
            if user:
                shutil.chown(folder, "postgres", "postgres")
            try:
                words = ("-D", data, "-U", "course", "-A", "trust", "-E", "UTF8", "--no-sync")
                subprocess.run([programs / "initdb", *words], check=True, stdout=log, stderr=log, timeout=60, **how)
                words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
                words = [programs / "postgres", "-D", data, "-F", *words]
                server = subprocess.Popen(words, stdout=log, stderr=log, preexec_fn=_end_with_the_guard, **how)
                _wait(server, folder)
                print("ready", flush=True)
            except Exception as error:
                log.seek(0)
                print("failed", first_line(error), last_line(log.read(), ""), flush=True)
            servers.wait_for_end()
    finally:
        _remove(folder)


def _wait(server, folder, seconds=60):
    deadline = time.monotonic() + seconds
    while "ready" not in _pid_file(folder):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"postgres ended with {server.poll()}")
        time.sleep(0.05)


if __name__ == "__main__":
    _serve(*map(Path, servers.words()))
