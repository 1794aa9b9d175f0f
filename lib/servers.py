"""Servers beside this process that end with it, however it ends: a pipe that the system closes tells them."""

import subprocess
import sys


def start(module, *words, **streams):
    """Start a module of ours as a server; it calls `wait_for_end` once it serves.

    Its standard input is a pipe. The other end of that is held by this process, and the system closes it when this one
    dies, however it dies: a kernel that is killed leaves no server behind.

    Args:
        module: str, as after `python -m`.
        words: str, the module's arguments.
        streams: stdout, stderr and text, as `subprocess.Popen` takes them.

    Returns:
        The `subprocess.Popen`, to be ended by `stop`.
    """
    # In a session of its own: Ctrl-C reaches the group of whoever started it, and so does JupyterLab's stop button.
    return subprocess.Popen([sys.executable, "-m", module, *words], stdin=subprocess.PIPE, start_new_session=True, **streams)


def wait_for_end():
    """Wait, in the server, until it is to end."""
    sys.stdin.read()


def stop(process, patience=None):
    """End a server and wait until it is gone.

    Args:
        process: what `start` has returned.
        patience: seconds after which it is killed; None for never.
    """
    process.stdin.close()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in filter(None, (process.stdout, process.stderr)):
        stream.close()
