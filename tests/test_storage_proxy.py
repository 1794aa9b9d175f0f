"""Optuna's proxy before a database: studies go through it, and it ends with its block and with whoever started it."""

import os
import signal
import socket
import subprocess
import sys

import optuna
import psutil
import pytest
from kit.processes import alive, wait

from lib.errors import CourseError
from lib.storage_proxy import HOST, storage_proxy

pytestmark = [pytest.mark.lesson("07"), pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")]


def is_served(port):
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def test_a_study_goes_through_the_proxy_into_the_database(tmp_path):
    url = f"sqlite:///{tmp_path / 'study.db'}"
    before = set(psutil.Process().children())  # such as the fork server that an earlier test has started
    with storage_proxy(url) as port:
        through = optuna.storages.GrpcStorageProxy(host=HOST, port=port)
        study = optuna.create_study(study_name="through", storage=through)
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
        through.close()
        (child,) = set(psutil.Process().children()) - before
        (listening,) = [each for each in child.net_connections() if each.status == psutil.CONN_LISTEN]
        assert listening.laddr.port == port
        assert listening.laddr.ip in (HOST, f"::ffff:{HOST}"), "reached from this machine alone"
    assert [trial.state.name for trial in optuna.load_study(study_name="through", storage=url).trials] == ["COMPLETE"] * 2
    assert not is_served(port) and not alive(child)


def test_it_ends_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), storage_proxy(f"sqlite:///{tmp_path / 'study.db'}") as port:
        1 / 0  # noqa: B018
    wait(lambda: not is_served(port), 20)


def test_a_database_that_cannot_be_opened_is_told_in_one_line(tmp_path):
    with (
        pytest.raises(CourseError, match=r"^Optuna's proxy did not start: .*unable to open database file[^\n]*$"),
        storage_proxy(f"sqlite:///{tmp_path / 'no folder' / 'study.db'}"),
    ):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_it_ends_with_a_caller_that_is_killed(tmp_path):
    code = (
        "import sys, time, psutil; from lib.storage_proxy import storage_proxy\n"
        "with storage_proxy(sys.argv[1]) as port:\n"
        "    print(port, psutil.Process().children()[0].pid, flush=True); time.sleep(600)"
    )
    call = [sys.executable, "-c", code, f"sqlite:///{tmp_path / 'study.db'}"]
    caller = subprocess.Popen(call, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    port, pid = map(int, caller.stdout.readline().split())
    assert is_served(port)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    caller.stdout.close()
    wait(lambda: not alive(pid), 20)
    wait(lambda: not is_served(port), 20)
