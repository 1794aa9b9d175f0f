"""Optuna's dashboard and TensorBoard beside a notebook: the real ones, each in a process that ends with the notebook."""

import atexit
import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
from collections import deque
from importlib import metadata
from pathlib import Path

from IPython.display import HTML, IFrame, display

from lib import servers
from lib.errors import CourseError, last_line

HOST = "127.0.0.1"
TAKEN_AWAY = 0.5  # seconds for a browser to take the frames away, or their requests would be cut off, as errors


class Dashboard:
    """A running page: `url` is its address, `stop()` ends it; at the end of a `with` block it ends by itself."""

    def __init__(self, process, port, name, folder):
        self.url = f"http://{HOST}:{port}/"
        self._process = process
        self._name = name
        self._folder = folder  # of its temporary files
        self._shown = []
        atexit.register(self.stop)

    def show(self, height=600, part=""):
        """Show the page inside the notebook; once it is stopped, a line stands in its place.

        Args:
            height: int, pixels.
            part: which part of it, as its address says behind `url`; "#hparams", for one.

        Raises:
            CourseError: it has been stopped.
        """
        if self._process is None:
            raise CourseError(f"{self._name} has been stopped. Run the cell that starts it again.")
        place = display(IFrame(self.url + part, "100%", height), display_id=True)
        if place:  # outside of a notebook there is none
            self._shown.append(place)

    def stop(self):
        """End the page's process and wait until it is gone; a second call does nothing."""
        if self._process is None:
            return
        process, self._process = self._process, None
        atexit.unregister(self.stop)
        for place in self._shown:
            place.update(HTML(f"<p><em>{self._name} was here. It has been stopped.</em></p>"))
        if self._shown:
            time.sleep(TAKEN_AWAY)
        servers.stop(process, patience=5)
        shutil.rmtree(self._folder, ignore_errors=True)  # it does that itself, unless it has been killed

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    def __repr__(self):
        return f"{self._name} at {self.url}" if self._process else f"{self._name}, stopped"


def start_dashboard(storage, port=None, patience=180):
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
    call = ["optuna-dashboard", storage, f"--host={HOST}", f"--port={port}"]
    return _start("Dashboard", call, port, patience, lambda: "study_summaries" in _asked(port, "api/studies"))


def start_tensorboard(folder, port=None, patience=180):
    """Start `tensorboard` on a folder of logs, and wait until it answers and has read what is there.

    Args:
        folder: what the TensorBoard callback got as `log_dir`, or a folder above. It may be empty still: TensorBoard
            looks for something new every second.
        port, patience: as for `start_dashboard`.

    Returns:
        A `Dashboard`.

    Raises:
        CourseError: there is no such folder, the port is taken, or no answer comes.
    """
    if not Path(folder).is_dir():
        raise CourseError(f"There is no folder {Path(folder).name!r}. Give the one that the TensorBoard callback writes to.")
    port = _free_port(port)
    call = ["tensorboard", f"--logdir={os.fspath(folder)}", f"--host={HOST}", f"--port={port}", "--reload_interval=1"]
    runs = {path.parent for path in Path(folder).rglob("*tfevents*")}
    answered = []  # when

    def has_read():
        listed = _asked(port, "data/runs")
        answered.append(time.monotonic())
        # A run without a value yet is not listed: after two seconds nobody waits for it any more.
        return len(listed) >= len(runs) or answered[-1] - answered[0] > 2

    return _start("TensorBoard", call, port, patience, has_read)


def _start(name, call, port, patience, is_ready):
    """Run a command that serves a page on a port, in a process of its own, and wait until it is ready.

    Args:
        name: what a message calls it.
        call: the command, by its name among the console scripts that are installed, and its arguments.
        port: int, where it serves.
        patience: seconds to wait.
        is_ready: function that asks it, and returns a bool or raises an error of what was asked.
    """
    ours = tempfile.mkdtemp(prefix="course-page-")
    process = servers.start("lib.dashboard", ours, *call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    dashboard = Dashboard(process, port, name, ours)
    try:
        _wait(process, name, patience, is_ready)
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


def _wait(process, name, patience, is_ready):
    """Return as soon as it is ready; raise a CourseError of its own last words if it ends."""
    last_words = deque(maxlen=20)  # it goes on to write a line for each request
    threading.Thread(target=lambda: last_words.extend(process.stderr), daemon=True).start()
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError, TypeError):
            if is_ready():
                return
        if process.poll() is not None:
            time.sleep(0.2)  # its last lines may still be on their way
            raise CourseError(f"{name} did not start: {last_line(b''.join(last_words).decode(errors='replace'))}")
        time.sleep(0.1)
    raise CourseError(f"{name} has not answered for {patience} seconds.")


def _asked(port, path):
    """Return what a server answers to one question, from JSON."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", f"/{path}")
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def _serve():
    """Run the command that `servers.words` names until it is to end, and leave no file behind.

    What the command keeps in the folder for temporary files, as TensorBoard keeps its address, goes with it.
    """
    ours, *sys.argv = servers.words()
    tempfile.tempdir = ours
    atexit.register(shutil.rmtree, ours, ignore_errors=True)  # where the command ends by itself

    def end_with_the_starter():
        servers.wait_for_end()
        shutil.rmtree(ours, ignore_errors=True)
        os._exit(0)

    threading.Thread(target=end_with_the_starter, daemon=True).start()
    # By this name TensorBoard is told to leave TensorFlow alone, whose import would take most of its start.
    sys.modules["tensorboard.compat.notf"] = types.ModuleType("tensorboard.compat.notf")
    (command,) = metadata.entry_points(group="console_scripts", name=sys.argv[0])
    sys.exit(command.load()())


if __name__ == "__main__":
    _serve()
