"""What every worker process does before and after its work, whoever gives it that: search, chief or study."""

import multiprocessing
import os
import pickle
import shutil
import signal
import sys
import threading
from multiprocessing.connection import wait

from lib import compiled


def begin(log, folder):
    """Make this process a worker: deaf to Ctrl-C, silent, and gone as soon as its parent is gone.

    Args:
        log: Path of the file that takes everything printed here.
        folder: Path of the job's folder, which goes with the parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    silence(log)
    environment()
    compiled.begin(folder)
    _leave_with_parent(folder)


def end(status=0):
    """End this process now: the interpreter's own way, with TensorFlow loaded, takes a second and gives nothing back."""
    sys.stdout.flush()
    os._exit(status)


def environment():
    """Set what has to stand before TensorFlow is imported: quiet, no thread pools beside TensorFlow's own."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # On processors with AVX512, XLA uses half the width unless told: measured 8 percent of an epoch.
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_prefer_vector_width=512")
    for name in ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"):
        os.environ.pop(name, None)


def silence(path):
    """Send file descriptors 1 and 2, which TensorFlow's own lines go to, to the end of the file at `path`."""
    target = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)


def _leave_with_parent(folder):
    """End this process, and its job's folder, as soon as the parent has ended, even in the middle of an epoch."""
    parent = multiprocessing.parent_process()

    def watch():
        wait([parent.sentinel])
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def use_threads(threads, number):
    """Give TensorFlow its share of the cores, and the GPU of this worker's number if there are any."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    devices = tf.config.list_physical_devices("GPU")
    if devices:
        mine = devices[number % len(devices)]
        tf.config.set_visible_devices(mine, "GPU")
        tf.config.experimental.set_memory_growth(mine, True)


def load(path):
    """Read the job that `lib.tuning.processes.pickler` wrote."""
    with open(path, "rb") as file:
        return pickle.load(file)


def map_array(path):
    """Open an array that the parent has written, as memory that all workers share.

    Args:
        path: A `.npy` file.

    Returns:
        `np.ndarray`, read-only.
    """
    import keras
    import numpy as np

    array = np.load(path, mmap_mode="c")
    if keras.backend.backend() == "tensorflow":
        from lib.tuning.fast import share_memory

        share_memory(array)
    array.flags.writeable = False
    return array


def picklable(error):
    """Return an error that can be sent to the parent: itself, or its words."""
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
