"""Worker processes: how many, how they start, and the job they are given."""

import contextlib
import copy
import multiprocessing
import os
import sys
import types

from lib.errors import first_line
from lib.machine import cores
from lib.tuning import child, worker


def count_workers(workers):
    """Turn the argument `workers` of `search` into a number of processes.

    Args:
        workers: A positive whole number, or None for one for each GPU, else each core.

    Returns:
        That number.

    Raises:
        ValueError: It is neither.
    """
    if workers is None:
        return _gpus() or cores()
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
        raise ValueError(f"workers must be a whole number of at least 1, or None for one a core, not {workers!r}")
    return workers


def _gpus():
    import keras

    if keras.backend.backend() != "tensorflow":
        return 0
    import tensorflow as tf

    return len(tf.config.list_physical_devices("GPU"))


def warm_up():
    """Let the workers' imports begin now, in the background, while this process still loads its data.

    Does nothing where there is no fork server (Windows). Calling it is optional, and worth some seconds.
    """
    context = _context()
    if context.get_start_method() == "forkserver":
        from multiprocessing import forkserver

        context.set_forkserver_preload(["lib.tuning.preload"])
        with _starting():
            forkserver.ensure_running()


def _context():
    """A context that starts processes from a clean one: a process that has used TensorFlow must not be forked."""
    methods = multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")


@contextlib.contextmanager
def _starting():
    """Start processes that inherit the workers' environment and do not run the caller's script a second time."""
    before, main = dict(os.environ), sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    child.environment()
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


def pipe():
    """Return the two ends of a new pipe, of which one may be given to `start`."""
    return _context().Pipe()


def start(target, *arguments):
    """Start a process that calls `target(*arguments)` and ends with this one.

    Args:
        target: A function at the top of a module of `lib`; it begins with `lib.tuning.child.begin`.
        *arguments: What can be pickled, and ends of pipes.

    Returns:
        The `multiprocessing.Process`, started.
    """
    process = _context().Process(target=target, args=arguments, daemon=True)
    with _starting():
        process.start()
    return process


class Worker:
    """One worker process, its end of the pipe, and the trial it runs."""

    def __init__(self, number, count, payload, project_dir, threads=None):
        self.number, self.id = number, f"worker{number}"
        self.log = os.path.join(project_dir, f"worker-{number}.log")
        self.pipe, theirs = pipe()
        arguments = (os.path.abspath(payload), os.path.abspath(self.log), number, threads or max(1, cores() // count))
        self.process = start(worker.main, theirs, *arguments)
        theirs.close()
        self.trial, self.began, self.epochs = None, None, 0
        self.values = []
        self.ready = self.waiting = False

    def stop(self):
        """End the process now; nothing it holds is needed."""
        self.pipe.close()
        self.process.kill()
        self.process.join()


def pack(tuner, fit_args, fit_kwargs, fast, folder, middle=None):
    """Write the workers' job into `folder`, its arrays as files of their own. Returns the job's path."""
    import keras

    clone = copy.copy(tuner)
    plain = (str, int, float, bool, type(None))
    values = {k: v for k, v in vars(tuner.oracle).items() if not k.startswith("_") and isinstance(v, plain)}
    clone.oracle = worker.OracleProxy({**values, "objective": tuner.oracle.objective})
    job = {
        "tuner": clone, "args": fit_args, "kwargs": fit_kwargs, "fast": fast,
        "policy": keras.config.dtype_policy(), "floatx": keras.config.floatx(),
        "middle": middle,
    }
    path = os.path.join(folder, "job.pickle")
    try:
        with open(path, "wb") as file:
            pickler(file, folder).dump(job)
    except Exception as error:
        raise TypeError(
            f"the search cannot be sent to worker processes ({first_line(error, type(error).__name__)}): give arrays rather than "
            "datasets or generators, and open files and connections inside the model-building function"
        ) from error
    return path


def pickler(file, folder):
    """A pickler that knows functions of a notebook, and puts large arrays into files that workers map."""
    import cloudpickle
    import numpy as np

    class Pickler(cloudpickle.CloudPickler):
        seen = []  # noqa: RUF012  held, so that no two arrays have one id

        def reducer_override(self, obj):
            if isinstance(obj, np.ndarray) and obj.nbytes > 1 << 16 and not obj.dtype.hasobject:
                path = os.path.join(folder, f"{len(self.seen)}.npy")
                self.seen.append(obj)
                np.save(path, obj)
                return child.map_array, (path,)
            return super().reducer_override(obj)

    return Pickler(file)
