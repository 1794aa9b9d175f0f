"""Settings that JupyterLab executes when `course lab` starts it: it ends, with its kernels, when the command does."""

import os
import signal
import threading
import time

PARENT = "KIT_LAB_PARENT"  # set for JupyterLab: the number of the command's process


def _end_with(parent):
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


if os.name != "nt" and PARENT in os.environ:  # Windows keeps the number of a parent that has ended
    threading.Thread(target=_end_with, args=(int(os.environ.pop(PARENT)),), daemon=True).start()
