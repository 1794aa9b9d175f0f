"""What a notebook has started in a session of its own ends with its run, however that ends."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from kit.course import COURSE, course, make_course, write_notebook
from kit.processes import alive, process_of, wait, wait_gone

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no sessions")

# One that heeds a polite kill, one that does not, and one whose parent has gone, as a daemon's.
START = """import subprocess, sys
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
daemon = "import os, time; os.fork() and os._exit(0); os.setsid(); "
for code in ("import time; ", deaf, daemon):
    subprocess.Popen([sys.executable, "-c", code + "open('pids', 'a').write(f'{os.getpid()}\\\\n'); time.sleep(300)"
                      .replace("open(", "import os; open(")], start_new_session=True)"""
WAIT = "import time\nwhile len(open('pids').read().split()) < 3:\n    time.sleep(0.05)"


@pytest.fixture
def folder(tmp_path):
    folder = make_course(tmp_path / "kit")
    parameters = "#parameters\nseed = 1\nseconds = 0.0  # to sleep; [0..300]"
    write_notebook(folder, "04_start", ["# 04 · Start", parameters, "open('pids', 'a')\n" + START, WAIT, "time.sleep(seconds)"])
    yield folder
    for process in started(folder):
        process.kill()


def started(folder):
    words = (folder / "pids").read_text().split() if (folder / "pids").exists() else []
    return [psutil.Process(int(pid)) for pid in words if psutil.pid_exists(int(pid))]


@pytest.mark.parametrize("words, status", [
    (["run", "4"], 0),
    (["run", "4", "-p", "seconds", "300", "--timeout", "3"], 1),
    (["sweep", "4", "-g", "seed=1"], 0),
])
def test_they_end_with_the_run(folder, words, status):
    ended = course(folder, *words, "--out", "out")
    assert ended.returncode == status and "Traceback" not in ended.stderr, ended.stderr
    assert (folder / "pids").read_text().count("\n") == 3 and not any(map(alive, started(folder)))


@pytest.mark.parametrize("call", [["run", "4"], ["sweep", "4", "-g", "seed=1"]])
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGKILL])
def test_they_end_with_the_command(folder, call, way):
    words = [*COURSE, *call, "-p", "seconds", "300", "--out", "out"]
    more = {"env": os.environ | {"COURSE_NOTEBOOKS": str(folder)}, "cwd": folder.parent, "start_new_session": True}
    with process_of(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **more) as process:
        wait(lambda: len(started(folder)) == 3)
        there = started(folder)
        process.send_signal(way)
        _, said = process.communicate(timeout=40)
        assert process.returncode == (130 if way == signal.SIGINT else -way) and "Traceback" not in said
        wait_gone(there, 40)
        wait(lambda: not list((folder.parent / "out").glob(".*")), 40)
