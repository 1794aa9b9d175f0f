"""Optuna's gRPC proxy before a database: the real one, in a process that ends with the notebook."""

import contextlib
import os
import socket
import subprocess
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

from lib import servers
from lib.errors import CourseError, first_line

HOST = "127.0.0.1"


@contextlib.contextmanager
def storage_proxy(url):
    """Serve a database to Optuna's workers over gRPC for as long as a block lasts.

    Whoever reaches the port may read and write every study: Optuna's proxy asks for no password and encrypts nothing. So
    this one listens at the loopback only. It ends with the block, and in any case with this Python process.

    Args:
        url: Address of the database, as `optuna.storages.RDBStorage` takes it. Its user and password stay with the server.

    Yields:
        int, the port at 127.0.0.1, for `optuna.storages.GrpcStorageProxy`.

    Raises:
        CourseError: It does not start.
    """
    process = servers.start("lib.storage_proxy", url, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        word, _, rest = process.stdout.readline().decode().strip().partition(" ")
        if word != "ready":
            raise CourseError(f"Optuna's proxy did not start: {rest or 'it said nothing'}")
        yield int(rest)
    finally:
        servers.stop(process, patience=5)


def _serve(url):
    """Run the proxy until it is to end."""
    import optuna

    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # what serves is that, in Optuna's words
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    try:
        storage = optuna.storages.get_storage(url)
    except Exception as error:
        print("failed", first_line(error), flush=True)
        return
    hands = ThreadPoolExecutor(max_workers=4)
    served = {"host": HOST, "port": port, "thread_pool": hands}
    threading.Thread(target=optuna.storages.run_grpc_proxy_server, args=(storage,), kwargs=served, daemon=True).start()
    optuna.storages.GrpcStorageProxy(host=HOST, port=port).wait_server_ready(timeout=30)
    print("ready", port, flush=True)
    servers.wait_for_end()


if __name__ == "__main__":
    _serve(*servers.words())
    os._exit(0)  # gRPC's threads would be waited for
