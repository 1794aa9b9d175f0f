"""What JupyterLab executes when `course lab` starts it: it has our look and our welcome, and ends when the command does."""

import os
import signal
import threading
import time
from importlib.util import find_spec
from pathlib import Path

PARENT = "KIT_LAB_PARENT"  # set for JupyterLab: the number of the command's process


def _end_with(parent):
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


if os.name != "nt" and PARENT in os.environ:  # Windows keeps the number of a parent that has ended
    threading.Thread(target=_end_with, args=(int(os.environ.pop(PARENT)),), daemon=True).start()

if "get_config" in globals():  # where a server reads this, and not the command
    from jupyter_core.paths import jupyter_config_dir

    c = globals()["get_config"]()
    c.LabApp.custom_css = True  # a learner's own custom.css is looked for first
    ours = Path(__file__).parent / "labconfig" / "custom"
    c.ServerApp.tornado_settings = {"static_custom_path": [str(Path(jupyter_config_dir(), "custom")), str(ours)]}
    if find_spec("lib"):  # a server of another Python has no welcome
        c.ServerApp.extra_services = ["lib.runner.welcome"]
