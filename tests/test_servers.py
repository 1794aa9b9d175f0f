"""Servers beside a process: they end with it, however either ends, and what they are told stands in no list of processes."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest
from kit.course import COURSE, make_course
from kit.processes import alive, family, process_of, wait, wait_gone

from lib import dashboard, servers
from lib.errors import CourseError, first_line, short, without_password
from lib.postgres import find_programs, postgres

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
SECRET = "hunter2secret"


def test_words_come_through_the_pipe(tmp_path):
    words = ["a b", "é\n", "", SECRET]
    code = "import sys; from lib import servers; print(servers.words()); servers.wait_for_end(); print('end')"
    (tmp_path / "told.py").write_text(code)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]), "PYTHONIOENCODING": "utf-8"}
    process = servers.start("told", *words, stdout=subprocess.PIPE, env=environment)
    assert process.stdout.readline().decode().strip() == repr(words)
    assert SECRET not in " ".join(psutil.Process(process.pid).cmdline())
    servers.stop(process, patience=20)
    assert process.returncode == 0 and process.stdout.closed


def test_one_that_dies_at_once_is_no_error(tmp_path):
    process = servers.start("no_such_module", "x" * 1_000_000, stderr=subprocess.DEVNULL)
    servers.stop(process, patience=20)
    assert process.returncode


@pytest.mark.parametrize("text, told", [
    (f"no database postgresql://me:{SECRET}@host:5433/db there", "no database postgresql://me:***@host:5433/db there"),
    (f"mysql+x://:{SECRET}@h http://a@b", "mysql+x://:***@h http://a@b"),
    ("http://127.0.0.1:8787/status a@b", "http://127.0.0.1:8787/status a@b"),
])
def test_no_password_of_an_address_is_told(text, told):
    assert without_password(text) == told == first_line(text)


def test_a_value_is_told_in_a_few_words():
    assert short("a\n b") == "a b" and short("x" * 61) == "x" * 30 + "…" + "x" * 29
    assert short(10**5000) == "a int" and len(short([1] * 9999)) == 60


def test_the_dashboards_storage_is_in_no_list_of_processes(tmp_path):
    url = f"postgresql://me:{SECRET}@127.0.0.1:9/db"
    before = set(family())
    seen = []
    starts = servers.start

    def start(*words, **more):
        process = starts(*words, **more)
        seen.append(" ".join(psutil.Process(process.pid).cmdline()))
        return process

    dashboard.servers.start = start
    try:
        with pytest.raises(CourseError) as told:
            dashboard.start_dashboard(url, patience=30)
    finally:
        dashboard.servers.start = starts
    assert seen and SECRET not in seen[0] and SECRET not in str(told.value) and set(family()) == before


@posix
def test_a_page_that_is_killed_leaves_no_folder(tmp_path):
    before = set(Path(tempfile.gettempdir()).glob("course-page-*"))
    with dashboard.start_tensorboard(tmp_path) as page:
        started = [psutil.Process(page._process.pid), *family(page._process.pid)]  # not what other tests have left to wait
        assert set(Path(tempfile.gettempdir()).glob("course-page-*")) - before
        page._process.kill()
        wait_gone(started)
    assert set(Path(tempfile.gettempdir()).glob("course-page-*")) == before


# --- PostgreSQL


def postgres_of(folder):
    found = psutil.process_iter(["cmdline"])
    return [one for one in found if any(str(folder) in word for word in one.info["cmdline"] or [])]


@posix
@pytest.mark.skipif(find_programs() is None, reason="no PostgreSQL: apt-get install postgresql")
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_guard_of_postgresql_leaves_no_server_and_is_told(monkeypatch, way):
    monkeypatch.delenv("COURSE_POSTGRES", raising=False)
    with pytest.raises(CourseError, match="was killed before its work was done"), postgres() as url:
        folder = Path(url.rpartition("host=")[2])
        (guard,) = [one for one in family() if "lib.postgres" in one.cmdline()]
        assert postgres_of(folder)
        guard.send_signal(way)
        wait(lambda: not postgres_of(folder), 20)  # already now, not only in the end
        wait(lambda: not alive(guard))
    assert not folder.exists()


@posix
@pytest.mark.skipif(find_programs() is None, reason="no PostgreSQL: apt-get install postgresql")
def test_where_both_are_killed_no_server_is_left():
    script = "from lib.postgres import postgres\nwith postgres() as url:\n    print(url, flush=True)\n    input()"
    known = {name: value for name, value in os.environ.items() if name != "COURSE_POSTGRES"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with process_of([sys.executable, "-c", script], env=known, **pipes) as caller:
        folder = Path(caller.stdout.readline().strip().rpartition("host=")[2])
        (guard,) = psutil.Process(caller.pid).children()
        assert "lib.postgres" in guard.cmdline() and postgres_of(folder)
        guard.kill()
        caller.kill()
        wait(lambda: not postgres_of(folder), 20)


# --- JupyterLab


def listening(pid):
    """Return the addresses at which what a process has started listens."""
    return {c.laddr.ip for one in family(pid) for c in one.net_connections() if c.status == psutil.CONN_LISTEN}


@posix
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_jupyterlab_ends_with_the_command(tmp_path, way):
    folder = make_course(tmp_path)
    words = ["lab", "--no-browser", "--allow-root", "--port=0", "--IdentityProvider.token=abc"]
    environment = os.environ | {"COURSE_NOTEBOOKS": str(folder), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    log = tmp_path / "log"  # no pipe: whoever reads one waits for ever where the line does not come
    with log.open("w") as file, process_of([*COURSE, *words], env=environment, stdout=subprocess.DEVNULL, stderr=file) as process:
        wait(lambda: re.search(r"http://127\.0\.0\.1:\d+/course-map", log.read_text()), 60)
        wait(lambda: listening(process.pid), 20)
        assert listening(process.pid) <= {"127.0.0.1", "::1"}
        started = family(process.pid)
        process.send_signal(way)
        wait_gone(started, 30)
        process.wait(20)
        assert process.returncode == (-way if way == signal.SIGKILL else 0)
