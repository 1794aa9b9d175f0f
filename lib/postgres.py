"""A real PostgreSQL server for as long as a block lasts: the one that COURSE_POSTGRES names, or a private one."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lib import places, servers
from lib.errors import CourseError, last_line

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
    process = servers.start("lib.postgres", str(programs), stdout=subprocess.PIPE, text=True)
    try:
        word, _, rest = process.stdout.readline().strip().partition(" ")
        if word != "ready":
            raise CourseError(f"The PostgreSQL server did not start: {rest or 'it said nothing'}")
        yield f"{DRIVER}course@/postgres?host={rest}"
    finally:
        servers.stop(process)


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


def _serve(programs):
    """Run a server until it is to end, then remove every trace of it.

    Args:
        programs: Path of the folder of initdb and pg_ctl.
    """
    folder = Path(tempfile.mkdtemp(prefix="course-pg-"))  # short: a socket's path has little more than 100 letters
    # The server refuses to run as root. Debian's package brings the user postgres.
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    environment = {**os.environ, "LC_ALL": "C"}

    def run(*call):
        done = subprocess.run([str(word) for word in call], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                              cwd=folder, env=environment, timeout=60, **user)
        if done.returncode:
            raise RuntimeError(f"{Path(call[0]).name} ended with {done.returncode}")

    # Only its own user may enter the folder (mode 700), so nobody is asked for a password. No sync: nothing is kept.
    settings = f"-F -c listen_addresses='' -c unix_socket_directories='{folder}' -c max_connections=200"
    data = folder / "data"
    try:
        with open(folder / "log", "w+", encoding="utf-8") as log:
            if user:
                shutil.chown(folder, "postgres", "postgres")
            try:
                run(programs / "initdb", "-D", data, "-U", "course", "-A", "trust", "-E", "UTF8", "--no-sync")
                run(programs / "pg_ctl", "start", "-w", "-D", data, "-o", settings)
                print("ready", folder, flush=True)
            except Exception as error:
                log.seek(0)
                print("failed", error, last_line(log.read(), ""), flush=True)
            servers.wait_for_end()
            if (data / "postmaster.pid").exists():
                run(programs / "pg_ctl", "stop", "-w", "-m", "fast", "-D", data)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
