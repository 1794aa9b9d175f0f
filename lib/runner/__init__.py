"""The command `course`: reads notebooks, checks parameters, runs, reports; it never imports TensorFlow."""

import signal

DONE, FAILED, WRONG, STOPPED = 0, 1, 2, 130  # exit status: done, a notebook or check failed, a wrong request, Ctrl-C
POLITE = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]  # a kill and a closed terminal
