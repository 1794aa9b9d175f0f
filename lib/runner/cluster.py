"""The workers of a sweep, on Dask: processes of this machine, or a running cluster; and what one of them does."""

import contextlib
import logging
import os
import re
import signal
import socket
import ssl
import tempfile
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from lib import places
from lib.errors import CourseError, short
from lib.machine import cores, memory
from lib.runner import POLITE
from lib.runner.execute import execute
from lib.runner.kit import kit_version
from lib.runner.notebooks import read_notebook
from lib.streams import quiet

GIB_PER_RUN = 2  # a kernel with TensorFlow and a data set
RETRIES = 3  # times that a run whose worker died is given to another


class Lost(Exception):
    """The scheduler or its workers are gone, and the message says which; what had ended by then is kept."""


def fitting(points, asked=None, gib=GIB_PER_RUN):
    """Return how many runs fit onto this machine at a time: one a core, as far as memory goes, none idle.

    Args:
        points: int, how many there are to run.
        asked: int, how many somebody wants, not more than the machine has cores; None for those that are ours to use.
        gib: of memory that one of them may take.
    """
    _, free = memory()
    wanted = min(asked, os.cpu_count() or 1) if asked else cores()
    return max(1, min(wanted, int(free // (gib * 2**30)), points))


@contextmanager
def local_client(count, folder):
    """Start worker processes on this machine, and end them and their kernels afterwards, whatever happens.

    All of it listens at the loopback alone. Whoever reaches a scheduler or a worker can have it run any code, and every
    user of this machine reaches the loopback: so they talk in TLS, with a key that only they have.

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
        "distributed.scheduler.http.routes": [],  # pages that every user of this machine could read, with values and errors
        "distributed.worker.http.routes": [],
        "temporary-directory": str(folder),
    }
    how = {"threads_per_worker": 1, "memory_limit": 0, "security": _own_key(), "host": "127.0.0.1",
           "dashboard_address": "127.0.0.1:0", "scheduler_kwargs": {"dashboard": False},
           "local_directory": str(folder), "silence_logs": logging.CRITICAL}
    with (
        dask.config.set(settings),
        _started(lambda: LocalCluster(n_workers=count, **how)) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def _started(start):
    """Return the cluster that a function starts; it is tried again where a worker dies while it starts."""
    for _ in range(RETRIES):
        # What a worker says of its end, as when Ctrl-C reaches it too, is nothing that its run's outcome does not say.
        cluster = None
        with contextlib.suppress(RuntimeError), _hang_up_held_back(), quiet(2), _put_off() as stops:
            cluster = start()
        if stops and cluster:
            cluster.close()
        if stops:
            raise KeyboardInterrupt
        if cluster:
            return cluster
    raise Lost("the workers do not start")


@contextmanager
def _put_off():
    """Put off what stops this process, for the seconds in which a cluster is half started and cannot be closed quietly.

    Yields:
        A list, which has something in it if it is to stop.
    """
    stops = []
    found = {number: signal.getsignal(number) for number in (signal.SIGINT, *POLITE)}
    for number, handler in found.items():
        if callable(handler):  # neither ignored nor the system's own
            signal.signal(number, lambda *_: stops.append(True))
    try:
        yield stops
    finally:
        for number, handler in found.items():
            signal.signal(number, handler)


@contextmanager
def _hang_up_held_back():
    """Keep a closed terminal from those that are started meanwhile, for good: this process hears of it, and ends them."""
    hang_up = {number for number in POLITE if number.name == "SIGHUP"}  # Windows has none
    before = signal.pthread_sigmask(signal.SIG_BLOCK, hang_up) if hang_up else None
    try:
        yield
    finally:
        if hang_up:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _own_key():
    """Return credentials for one sweep: a key of this moment, and a certificate that it has signed itself; both in memory."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from distributed.security import Security

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "course sweep")])
    certificate = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    # From long ago until long after: the clock may be set while the sweep runs.
    certificate = certificate.not_valid_before(datetime(2000, 1, 1)).not_valid_after(datetime(2100, 1, 1))
    public = certificate.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    forms = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = key.private_bytes(*forms).decode()
    roles = ("client", "scheduler", "worker")
    certs = {f"tls_{role}_cert": public for role in roles} | {f"tls_{role}_key": private for role in roles}
    return Security(require_encryption=True, tls_ca_file=public, **certs)


def credentials(address, ca, cert, key):
    """Return what a client of a running scheduler needs, before anything is written; None where it needs nothing.

    Args:
        address: str, as "tcp://10.0.0.1:8786" or "tls://10.0.0.1:8786"; None for no scheduler.
        ca, cert, key: paths of PEM files: the certificate that signs all others, ours, and its key; None where not given.

    Raises:
        CourseError: no such address, TLS without files or files without TLS, or files that are none of TLS.
    """
    files = {"--tls-ca": ca, "--tls-cert": cert, "--tls-key": key}
    missing = [option for option, path in files.items() if not path]
    if address is not None and not re.fullmatch(r"(tcp|tls)://[^\s/:]+:\d{1,5}|(tcp|tls)://\[[0-9a-fA-F:.]+\]:\d{1,5}", address):
        raise CourseError(f"--scheduler {short(address)} is no address: write tcp://HOST:PORT or tls://HOST:PORT.")
    if not (address or "").startswith("tls://"):
        if len(missing) < len(files):
            raise CourseError("--tls-ca, --tls-cert and --tls-key go with --scheduler tls://HOST:PORT.")
        return None
    if missing:
        raise CourseError(f"--scheduler tls://… needs {' and '.join(missing)} too: PEM files, from the scheduler's owner.")
    try:
        context = ssl.create_default_context(cafile=ca)
        context.load_cert_chain(cert, key, password="")  # nobody is asked for one
    except (OSError, ValueError) as error:  # ssl's errors are OSErrors
        raise CourseError(f"--tls-ca, --tls-cert and --tls-key are no PEM files that fit together ({short(error)}).") from None
    from distributed.security import Security

    return Security(require_encryption=True, tls_ca_file=ca, tls_client_cert=cert, tls_client_key=key)


@contextmanager
def remote_client(address, security, say):
    """Reach a running scheduler, wait for a worker, and see that every worker has this very kit.

    Args:
        address: such as "tcp://10.0.0.1:8786".
        security: from `credentials`.
        say: called with a line when there is something to wait for.

    Yields:
        The `distributed.Client`.

    Raises:
        CourseError: nobody answers at the address, or a worker has another kit.
    """
    from distributed import Client

    _hush()
    try:
        client = Client(address, security=security, timeout=10, set_as_default=False)
    except Exception:  # whatever Dask, its sockets or TLS make of an address where no scheduler is, or one with other keys
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


def run_point(name, source, values, version, share, timeout):
    """Run one point on a worker; nothing of it stays there.

    Args:
        name: file name of the notebook.
        source: the notebook's JSON as text, so that a worker needs no common disk.
        values: dict of the parameters that are set.
        version: `kit_version` of whoever sweeps.
        share: how many workers share this machine's cores; 0 where nobody knows.
        timeout: seconds that a cell may take.

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
        outcome = execute(read_notebook(path), values, out, folder=places.notebooks(), timeout=timeout)
        notebook = None
        with contextlib.suppress(OSError):  # the disk was full
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
