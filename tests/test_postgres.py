"""A real PostgreSQL server: it answers, its data are its own, and nothing of it is left, however the block ends."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import sqlalchemy
from kit.processes import wait

from lib import postgres as module
from lib.errors import CourseError
from lib.postgres import find_programs, postgres

INSTALLED = pytest.mark.skipif(find_programs() is None, reason="no PostgreSQL: apt-get install postgresql")


@pytest.fixture(autouse=True)
def no_named_server(monkeypatch):
    monkeypatch.delenv("COURSE_POSTGRES", raising=False)


def ask(url, question):
    """Return the first value of the answer; the connection is closed afterwards."""
    engine = sqlalchemy.create_engine(url)
    try:
        with engine.connect() as connection:
            return connection.execute(sqlalchemy.text(question)).scalar()
    finally:
        engine.dispose()


def folder_of(url):
    return Path(url.rpartition("host=")[2])


def servers(folder):
    """Return the processes that name this folder in their call."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(str(folder) in word for word in process.info["cmdline"] or []):
            found.append(process)
    return found


def wait_gone(folder):
    """Wait until neither the folder nor a process of it is left."""
    wait(lambda: not folder.exists() and not servers(folder), 20)


@INSTALLED
def test_a_real_server_answers_and_is_gone_after_an_error():
    with pytest.raises(ZeroDivisionError), postgres() as url:
        folder = folder_of(url)
        assert ask(url, "select version()").startswith("PostgreSQL ")
        assert ask(url, "show listen_addresses") == "", "no port"
        assert folder.stat().st_mode & 0o777 == 0o700 and servers(folder)
        1 / 0  # noqa: B018
    wait_gone(folder)


@INSTALLED
def test_a_kill_of_the_caller_leaves_no_server():
    script = "from lib.postgres import postgres\nwith postgres() as url:\n    print(url, flush=True)\n    input()"
    caller = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    folder = folder_of(caller.stdout.readline().strip())
    assert servers(folder)
    caller.send_signal(signal.SIGKILL)
    caller.communicate()
    wait_gone(folder)


def test_where_none_is_installed_one_line_says_how_to(monkeypatch):
    monkeypatch.setattr(module, "find_programs", lambda: None)
    with pytest.raises(CourseError, match="apt-get install postgresql") as told, postgres():
        pass
    assert "\n" not in str(told.value)


def test_programs_that_do_not_work_are_told_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "find_programs", lambda: tmp_path)
    with pytest.raises(CourseError, match="did not start") as told, postgres():
        pass
    assert "\n" not in str(told.value)


def test_a_named_server_is_taken_with_the_driver_that_is_installed(monkeypatch):
    monkeypatch.setenv("COURSE_POSTGRES", "postgresql://me:word@host:5433/db")
    with postgres() as url:
        assert url == "postgresql+psycopg://me:word@host:5433/db"
