"""The workers of a sweep, on Dask: processes of this machine, or a running cluster; and what one of them does."""

import logging
import os
import socket
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from lib import places
from lib.errors import CourseError
from lib.machine import cores, memory
from lib.runner.execute import execute
from lib.runner.kit import kit_version
from lib.runner.notebooks import read_notebook

GIB_PER_RUN = 2  # a kernel with TensorFlow and a data set
RETRIES = 3  # times that a run whose worker died is given to another


def fitting(points):
    """Return how many runs fit onto this machine at a time: one a core, as far as memory goes, none idle."""
    _, free = memory()
    return max(1, min(cores(), free // (GIB_PER_RUN * 2**30), points))


@contextmanager
def local_client(count, folder):
    """Start worker processes on this machine, and end them and their kernels afterwards, whatever happens.

    Args:
        count: number of workers, each with one run at a time.
        folder: Path where the workers keep what they are working on.

    Yields:
        The `distributed.Client`.
    """
    import dask
    from distributed import Client, LocalCluster

    _hush()
    settings = {
        "distributed.scheduler.allowed-failures": RETRIES,
        "distributed.scheduler.worker-saturation": 1.0,  # a run is given out when a worker is free, not before
        "distributed.worker.daemon": True,
    }
    with (
        dask.config.set(settings),
        LocalCluster(n_workers=count, threads_per_worker=1, memory_limit=0, host="127.0.0.1", dashboard_address=":0",
                     local_directory=str(folder), silence_logs=logging.CRITICAL) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@contextmanager
def remote_client(address, say):
    """Reach a running scheduler, wait for a worker, and see that every worker has this very kit.

    Args:
        address: such as "tcp://10.0.0.1:8786".
        say: called with a line when there is something to wait for.

    Yields:
        The `distributed.Client`.

    Raises:
        CourseError: nobody answers at the address, or a worker has another kit.
    """
    from distributed import Client

    _hush()
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError, TimeoutError):
        raise CourseError(f"No Dask scheduler answers at {address}. Start one: dask scheduler") from None
    with client:
        if not client.nthreads():
            say(f"waiting for a worker to join {address} (on any machine: dask worker {address} --nthreads 1)")
        while not client.nthreads():
            time.sleep(0.5)
        _same_kit(client)
        yield client


def _hush():
    """Keep what Dask and asyncio log off the screen: what matters is told in one line of ours.

    Not by the loggers' levels: Dask sets those of its many loggers anew whenever it starts something.
    """
    logging.disable(logging.CRITICAL)


def _same_kit(client):
    mine = kit_version()
    for worker, theirs in client.run(kit_version, on_error="return").items():
        if isinstance(theirs, Exception):
            raise CourseError(f"The worker {worker} does not have the course kit: {theirs}. Install it there.")
        if difference := differences(mine, theirs):
            raise CourseError(f"The worker {worker} has another kit: {difference}. Install the same one there.")


def differences(mine, theirs):
    """Say in one line where two results of `kit_version` differ; empty where they do not.

    Args:
        mine, theirs: dicts, from here and from a worker.
    """
    names = [name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name)]
    return ", ".join(f"{name} {theirs.get(name, 'none')} (here {mine.get(name, 'none')})" for name in names)


def run_point(name, source, values, version, share):
    """Run one point on a worker; nothing of it stays there.

    Args:
        name: file name of the notebook.
        source: the notebook's JSON as text, so that a worker needs no common disk.
        values: dict of the parameters that are set.
        version: `kit_version` of whoever sweeps.
        share: how many workers share this machine's cores; 0 where nobody knows.

    Returns:
        A dict with status, seconds, error, heading, metrics, host, and notebook (the executed one, as text).
    """
    from distributed import get_worker

    if difference := differences(version, kit_version()):  # a worker that has joined in between
        return {"status": "failed", "error": f"a worker has another kit: {difference}", "host": socket.gethostname()}
    worker = get_worker()
    if share:
        _keep_to_own_cores(worker.name, share)
    with tempfile.TemporaryDirectory(prefix="run-", dir=worker.local_directory) as folder:
        path, out = Path(folder, name), Path(folder, "out")
        path.write_text(source, encoding="utf-8")
        out.mkdir()
        outcome = execute(read_notebook(path), values, out, folder=places.notebooks())
        notebook = (out / name).read_text(encoding="utf-8")
    return {
        "status": outcome.status,
        "seconds": outcome.seconds,
        "error": outcome.error,
        "heading": outcome.heading,
        "metrics": outcome.metrics,
        "host": socket.gethostname(),
        "notebook": notebook,
    }


def _keep_to_own_cores(number, share):
    """Let the kernels of this worker use its part of the cores: two that each use all of them are slower together."""
    if not hasattr(os, "sched_setaffinity"):
        return
    usable = sorted(os.sched_getaffinity(os.getpid()))
    mine = usable[int(number) % share :: share]
    if mine:
        os.sched_setaffinity(0, mine)  # of this thread, which starts the kernel
