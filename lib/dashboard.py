"""Optuna's dashboard beside a notebook: the real one, in a process of its own, and no longer than the notebook."""

import atexit
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from importlib import metadata
from pathlib import Path

from IPython.display import HTML, IFrame, display

from lib.errors import CourseError

HOST = "127.0.0.1"


class Dashboard:
    """A running dashboard: `url` is its address, `stop()` ends it; at the end of a `with` block it ends by itself."""

    def __init__(self, process, port):
        self.url = f"http://{HOST}:{port}/"
        self._process, self._shown = process, []
        atexit.register(self.stop)

    def show(self, height=600):
        """Show the dashboard inside the notebook; once it is stopped, a line stands in its place.

        Args:
            height: int, pixels.

        Raises:
            CourseError: it has been stopped.
        """
        if self._process is None:
            raise CourseError("This dashboard has been stopped. Start another one with start_dashboard.")
        place = display(IFrame(self.url, "100%", height), display_id=True)
        if place:  # outside of a notebook there is none
            self._shown.append(place)

    def stop(self):
        """End the dashboard's process and wait until it is gone; a second call does nothing."""
        if self._process is None:
            return
        process, self._process = self._process, None
        atexit.unregister(self.stop)
        process.stdin.close()  # see `_serve`
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stderr.close()
        for place in self._shown:
            place.update(HTML("<p><em>The dashboard was here. It has been stopped.</em></p>"))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    def __repr__(self):
        return f"Dashboard at {self.url}" if self._process else "Dashboard, stopped"


def start_dashboard(storage, port=None, patience=60):
    """Start `optuna-dashboard` on a storage, and wait until it answers.

    Args:
        storage: path of a journal file, or the URL of a database, as "sqlite:///study.db".
        port: int; None for any free one.
        patience: seconds to wait for the first answer.

    Returns:
        A `Dashboard`. It ends with `stop()`, with its `with` block, and in any case with this Python process.

    Raises:
        CourseError: the storage is not there or cannot be read, the port is taken, or no answer comes.
    """
    storage = os.fspath(storage)
    if "://" not in storage and not Path(storage).is_file():
        raise CourseError(f"There is no journal file {Path(storage).name!r}. Give the path that JournalFileBackend got.")
    port = _free_port(port)
    call = [sys.executable, "-m", "lib.dashboard", storage, f"--host={HOST}", f"--port={port}"]
    # In a session of its own: a kernel that is interrupted passes the signal on to its whole group.
    process = subprocess.Popen(
        call, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    dashboard = Dashboard(process, port)
    try:
        _wait(process, port, patience)
    except BaseException:  # also Ctrl-C: nothing may be left running
        dashboard.stop()
        raise
    return dashboard


def _free_port(port):
    """Return `port` if it is free, or any free one if it is None."""
    with socket.socket() as probe:
        if os.name != "nt":  # there it would let us take a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port or 0))
        except (OSError, OverflowError):
            raise CourseError(f"Port {port} cannot be had: another program may use it. Leave `port` out.") from None
        return probe.getsockname()[1]


def _wait(process, port, patience):
    """Return as soon as the dashboard lists its studies; raise a CourseError of its own last words if it ends."""
    last_words = deque(maxlen=20)  # it goes on to write a line for each request
    threading.Thread(target=lambda: last_words.extend(process.stderr), daemon=True).start()
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if _answers(port):
            return
        if process.poll() is not None:
            time.sleep(0.2)  # its last lines may still be on their way
            words = [line.decode(errors="replace").strip() for line in last_words if line.strip()]
            raise CourseError(f"The dashboard did not start: {words[-1] if words else 'it said nothing'}")
        time.sleep(0.1)
    raise CourseError(f"The dashboard has not answered for {patience} seconds.")


def _answers(port):
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/api/studies")
        return "study_summaries" in json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError, TypeError):
        return False
    finally:
        connection.close()


def _serve():
    """Run the command `optuna-dashboard` until its standard input ends.

    The other end of that pipe is held by the process that started us, and the system closes it when that one dies,
    however it dies: a kernel that is killed leaves no dashboard behind.
    """

    def end_with_the_starter():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end_with_the_starter, daemon=True).start()
    (command,) = metadata.entry_points(group="console_scripts", name="optuna-dashboard")
    command.load()()


if __name__ == "__main__":
    _serve()
