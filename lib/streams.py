"""What TensorFlow's C++ writes past Python, kept from the reader while it is of no use to him; and text without colours."""

import contextlib
import os
import sys


@contextlib.contextmanager
def quiet(*descriptors):
    """Send what is written to file descriptors nowhere, as long as the block lasts; for the import of Keras.

    TensorFlow's C++ writes there while it is imported, whatever TF_CPP_MIN_LOG_LEVEL says, and afterwards
    whenever XLA compiles something new, unless that is set.

    Args:
        descriptors: int, 1 for standard output, 2 for standard error; none means 2.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    sys.stdout.flush()
    sys.stderr.flush()
    with contextlib.ExitStack() as stack, open(os.devnull, "w") as nowhere:
        for descriptor in descriptors or (2,):
            kept = os.dup(descriptor)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, descriptor)
            os.dup2(nowhere.fileno(), descriptor)
        yield


def plain():
    """Have the processes that this one starts from now on print without colours, unless they are at a terminal.

    A notebook's kernel asks for colours, and from Python 3.13 on tracebacks obey, also into a pipe.
    """
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "PYTHON_COLORS"):
        os.environ.pop(name, None)
