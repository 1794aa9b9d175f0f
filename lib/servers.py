"""Servers beside this process that end with it, however it ends: a pipe that the system closes tells them."""

import contextlib
import json
import subprocess
import sys


def start(module, *words, **streams):
    """Start a module of ours as a server; it calls `wait_for_end` once it serves.

    Its standard input is a pipe. The other end of that is held by this process, and the system closes it when this one
    dies, however it dies: a kernel that is killed leaves no server behind. Its arguments come through the pipe too: in the
    list of processes everybody could read the password in the address of a database.

    Args:
        module: str, as after `python -m`.
        words: str, the module's arguments, which it gets from `words`.
        streams: stdout, stderr, cwd and env, as `subprocess.Popen` takes them.

    Returns:
        The `subprocess.Popen`, to be ended by `stop`.
    """
    # In a session of its own: Ctrl-C reaches the group of whoever started it, and so does JupyterLab's stop button.
    process = subprocess.Popen([sys.executable, "-m", module], stdin=subprocess.PIPE, start_new_session=True, **streams)
    with contextlib.suppress(OSError):  # it has ended already: whoever waits for its first word will see
        process.stdin.write(json.dumps(words).encode() + b"\n")
        process.stdin.flush()
    return process


def words():
    """Return, in the server, its arguments, a list of str."""
    return json.loads(sys.stdin.buffer.readline())


def wait_for_end():
    """Wait, in the server, until it is to end."""
    sys.stdin.buffer.read()


def stop(process, patience=None):
    """End a server and wait until it is gone.

    Args:
        process: what `start` has returned.
        patience: seconds after which it is killed; None for never.
    """
    with contextlib.suppress(OSError):  # what it has not read
        process.stdin.close()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in filter(None, (process.stdout, process.stderr)):
        stream.close()
