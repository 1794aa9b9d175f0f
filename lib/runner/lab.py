"""JupyterLab as a process that ends with the one that has started it, with its kernels."""

import os
import signal
import threading

from lib import servers


def _end_with_the_starter():
    servers.wait_for_end()
    os.kill(os.getpid(), signal.SIGTERM)  # it ends its kernels and itself


if __name__ == "__main__":
    from jupyterlab.labapp import main

    words = servers.words()
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    main(words)
