"""The command as a process: closed and full streams, signals at any moment, cells that never end, and every odd environment."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from kit.course import COURSE, course, make_course, write_notebook
from kit.notebooks import ROOT, read
from kit.processes import family, process_of, wait, wait_gone

SLOW = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(300)"


@pytest.fixture
def folder(tmp_path):
    return make_course(tmp_path / "kit")


def environment(folder, **more):
    return os.environ | {"COURSE_NOTEBOOKS": str(folder)} | more


def shell(folder, words, tail):
    """Run the command by a shell, which closes or redirects its streams."""
    call = " ".join(f"'{word}'" for word in [*COURSE, *words])
    return subprocess.run(["bash", "-c", call + tail], env=environment(folder), cwd=folder.parent, capture_output=True, text=True)


# --- streams


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("words, tail, status, said", [
    (["list"], " >&-", 0, ""),
    (["list"], " <&- >&- 2>&-", 0, ""),
    (["list"], " | head -1 >/dev/null", 0, ""),
    (["list"], " >/dev/full", 1, "course: the output could not be written: No space left on device\n"),
    (["run", "99"], " 2>/dev/full", 2, ""),
    (["run", "99"], " 2>&-", 2, ""),
    (["run", "99"], " >&- 2>&-", 2, ""),
    (["frob"], " 2>/dev/full", 2, ""),
])
def test_a_stream_that_takes_nothing_is_no_traceback(folder, words, tail, status, said):
    ended = shell(folder, words, f"{tail}; exit ${{PIPESTATUS[0]}}")
    assert (ended.returncode, ended.stderr) == (status, said)


@pytest.mark.parametrize("tail", [" >&- 2>&-", " >/dev/full 2>/dev/full"])
def test_a_run_goes_on_where_nobody_can_be_told(folder, tail):
    ended = shell(folder, ["run", "2", "3", "--out", "out"], tail)
    assert ended.returncode == (1 if "full" in tail else 0)
    out = folder.parent / "out"
    assert {"02_next.html", "03_last.html", "index.html", "metrics.json"} <= {path.name for path in out.iterdir()}
    assert "[1/2]" not in (out / "metrics.json").read_text()


def test_words_of_any_length_are_told_shortly(folder):
    ended = course(folder, "run", "x" * 20_000)
    assert ended.returncode == 2 and len(ended.stderr) < 500
    ended = course(folder, "run", f"--{'y' * 20_000}")
    assert ended.returncode == 2 and len(ended.stderr) < 3000


# --- signals


def left_behind(folder):
    """Return what is neither in the kit of the test nor of a run that has ended."""
    names = [path for path in folder.parent.rglob("*") if "partial" in path.name or path.name.startswith((".course", "tmp"))]
    return [str(path) for path in names if path.name != "tmp"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_quietly_when_it_is_stopped(folder, way):
    write_notebook(folder, "04_slow", ["# 04 · Slow", SLOW])
    (folder.parent / "tmp").mkdir()
    words = [*COURSE, "run", "2", "4", "--out", str(folder.parent / "out")]
    more = {"stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    with process_of(words, env=environment(folder, TMPDIR=str(folder.parent / "tmp")), **more) as process:
        wait(lambda: (folder / "pid").exists() and (folder / "pid").read_text())
        started = family(process.pid)
        os.killpg(process.pid, way)
        time.sleep(0.3)
        os.killpg(process.pid, way)  # somebody who is in a hurry
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130 and "stopped in 04_slow; 1 of 2 notebooks finished" in said and "Traceback" not in said
        wait_gone(started)
    assert left_behind(folder) == [] and not list((folder.parent / "tmp").iterdir())
    names = ["02_next.html", "02_next.ipynb", "index.html", "metrics.json"]
    assert sorted(path.name for path in (folder.parent / "out").iterdir()) == names


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_nothing_is_left_of_one_that_is_killed_outright(folder):
    write_notebook(folder, "04_slow", ["# 04 · Slow", SLOW])
    (folder.parent / "tmp").mkdir()
    words = [*COURSE, "run", "4", "--out", str(folder.parent / "out")]
    with process_of(words, env=environment(folder, TMPDIR=str(folder.parent / "tmp")), stderr=subprocess.DEVNULL) as process:
        wait(lambda: (folder / "pid").exists() and (folder / "pid").read_text())
        started = family(process.pid)
        process.kill()
        wait_gone(started)
    assert left_behind(folder) == [] and not list((folder.parent / "tmp").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_signal_in_its_first_moments_is_no_traceback(folder):
    draw = random.Random(1)
    code = "import sys\nfrom lib.runner.cli import main\nprint('up', flush=True)\nsys.exit(main())"
    call = [sys.executable, "-c", code, "list"]
    ended = []
    for number in range(9):
        with process_of(call, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            time.sleep(draw.uniform(0.002, 0.1))
            process.send_signal([signal.SIGINT, signal.SIGTERM, signal.SIGHUP][number % 3])
            _, said = process.communicate(timeout=20)
        assert (process.returncode, said) in ((0, ""), (130, "")), number
        ended.append(process.returncode)
    assert 130 in ended, "all were too late"


# --- cells


def test_a_cell_that_never_ends_is_ended_and_told_with_its_heading(folder):
    for_ever = "import time\nwhile True:\n    time.sleep(1)"
    write_notebook(folder, "04_slow", ["# 04 · Slow", "## Before", "1", "## For ever", for_ever, "## After", "print('never')"])
    ended = course(folder, "run", "4", "2", "--timeout", "2", "--out", "out")
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert 'course: 04_slow failed at "For ever": the cell did not end in the time that --timeout gives it' in ended.stderr
    assert 'This run failed at "For ever"' in (folder.parent / "out" / "04_slow.html").read_text().replace("&#34;", '"')
    assert (folder.parent / "out" / "02_next.html").exists()


def test_the_time_of_a_cell_is_ten_times_that_of_the_lesson_and_an_hour_at_least(folder):
    from lib.runner.execute import patience
    from lib.runner.notebooks import read_notebook

    path = write_notebook(folder, "04_long", ["# 04 · Long\n\nAbout 30 minutes; a run takes about 900 seconds.", "1"])
    assert patience(read_notebook(path)) == 9000
    assert patience(read_notebook(folder / "01_tiny.ipynb")) == 3600


ODD = {
    "surrogate": "print('\\ud800')",
    "nameless": "from IPython.display import display\n"
    "for m in ({}, {'name': 3, 'value': 1}, [], 'x', {'name': 'a', 'value': [1]}):\n"
    "    display({'application/vnd.course.metric+json': m, 'text/plain': ''}, raw=True)",
    "no number": "from lib.session import record\nrecord('loss', float('nan'))\nrecord('up', float('inf'))\nrecord('fine', 0.5)",
    "no output": "import sys\nsys.stdout = None",
    "another folder": "import os, tempfile\nos.chdir(tempfile.mkdtemp())",
    "deep": "from IPython.display import display\nx = 1\nfor _ in range(400):\n    x = [x]\n"
    "display({'application/json': x, 'text/plain': ''}, raw=True)",
    "links": "from IPython.display import Markdown\nMarkdown('[a](<http://[bad>) ![b](%00) [c](' + 'x' * 300 + ')')",
    "figure": "from IPython.display import display\n"
    "display({'application/vnd.plotly.v1+json': {'layout': {'height': '1\"><script>', 'meta': {'alt': 3}}}}, raw=True)",
    "script": "from IPython.display import Markdown\nMarkdown('<a href=\"x\">')",
}


def test_odd_cells_end_in_no_traceback(folder):
    for number, (name, source) in enumerate(ODD.items(), 4):
        write_notebook(folder, f"{number:02}_odd", [f"# {number:02} · </title><script>{name}", "## <b>Heading", source])
    ended = course(folder, "run", *map(str, range(4, 4 + len(ODD))), "--out", "out")
    assert "Traceback" not in ended.stderr and ended.returncode in (0, 1), ended.stderr
    out = folder.parent / "out"
    text = (out / "metrics.json").read_text()
    assert "NaN" not in text and "Infinity" not in text
    metrics = json.loads(text)
    assert metrics["05_odd"] == {} and metrics["06_odd"] == {"loss": None, "up": None, "fine": 0.5}
    for number in range(4, 4 + len(ODD)):
        page = (out / f"{number:02}_odd.html").read_text(encoding="utf-8")
        assert "<script>" not in page.partition("</title>")[0] and "</title><script>" not in page


def test_letters_that_no_file_takes_are_told(folder):
    path = write_notebook(folder, "04_half", ["# 04 · Half", "print('HALF')"])
    path.write_text(path.read_text().replace("HALF", "\\ud800"))  # as JSON writes half of a letter
    for words in (["run", "4", "2"], ["sweep", "4", "-g", "seed=1"]):
        ended = course(folder, *words, "--out", words[0])
        assert "Traceback" not in ended.stderr and "JSON" not in ended.stderr, ended.stderr
    assert (folder.parent / "run" / "02_next.html").exists()


def test_a_folder_that_the_notebook_removes_costs_only_its_own_run(folder):
    write_notebook(folder, "04_gone", ["# 04 · Gone", "import os, shutil\nfrom pathlib import Path",
                                       "shutil.rmtree(Path(os.environ['COURSE_RUN_DIR']).parent)", "print('still here')"])
    ended = course(folder, "run", "4", "2", "--out", "out")
    assert ended.returncode == 1 and "Traceback" not in ended.stderr and ended.stdout == ""
    assert ended.stderr.count("course: ") >= 1


def test_a_full_disk_is_told_and_the_other_notebooks_are_tried(folder, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    for size in ("4k", "64k"):
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
        if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("a small disk cannot be mounted here: that needs root and mount")
        try:
            ended = course(folder, "run", "2", "3", "--out", str(disk / "out"))
            assert ended.returncode == 1 and "Traceback" not in ended.stderr
            assert "02_next failed: " in ended.stderr and "03_last failed: " in ended.stderr and "No space left" in ended.stderr
            assert all(os.path.exists(line) for line in ended.stdout.splitlines())
            assert not list(disk.rglob(".*"))
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)


# --- environments

ENVIRONMENTS = ["no HOME", "read-only HOME", "LANG=C", "no TMPDIR", "full TMPDIR", "umlauts", "another user", "hardly any"]


@pytest.mark.long("odd environments")
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_it_runs_in_every_environment(folder, tmp_path, name):
    more, words, drop = {}, [], []
    if name == "no HOME":
        drop = ["HOME"]
    elif name == "read-only HOME":
        (tmp_path / "home").mkdir(mode=0o500)
        more, words = {"HOME": str(tmp_path / "home")}, [*as_anybody(), *COURSE]
    elif name == "LANG=C":
        more = {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    elif name == "no TMPDIR":
        more = {"TMPDIR": str(tmp_path / "nowhere")}
    elif name == "full TMPDIR":
        more = {"TMPDIR": "/dev/full"}
    elif name == "umlauts":
        folder = make_course(tmp_path / "Käse und Brötchen {0} %s")
    elif name == "another user":
        if os.getuid() or not shutil.which("setpriv"):
            pytest.skip("only root can become another user, by setpriv of util-linux")
        read = "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"  # this Python, wherever it is; and no more
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *read, *COURSE]
        more = {"HOME": "/nonexistent"}
        for path in (tmp_path, *tmp_path.parents):
            if path.owner() == "root" and len(path.parts) > 2:
                path.chmod(path.stat().st_mode | 0o055)
    else:
        drop = ["PATH", "LANG", "HOME", "USER", "TERM"]
    out = tmp_path / "out"
    if name == "another user":
        out.mkdir()
        out.chmod(0o777)
    known = {key: value for key, value in environment(folder, **more).items() if key not in drop}
    known["PYTHONPATH"] = str(ROOT)
    call = [*(words or COURSE), "run", "1", "2", "--out", str(out / "pages")]
    ended = subprocess.run(call, env=known, cwd=tmp_path, capture_output=True, timeout=100)
    said = ended.stderr.decode(errors="replace")
    assert ended.returncode == 0 and "Traceback" not in said and "Warning" not in said, said
    assert (out / "pages" / "index.html").exists() and ended.stdout.decode(errors="replace").endswith("index.html\n")


@pytest.mark.long("odd environments")
def test_a_hundred_megabytes_of_output_and_a_memory_that_runs_out(folder):
    write_notebook(folder, "04_big", ["# 04 · Big", "for _ in range(100):\n    print('x' * 1_000_000)"])
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2 * 2**30,) * 2)"
    write_notebook(folder, "05_full", ["# 05 · Full", limit, "## Too much", "x = bytearray(8 * 2**30)"])
    ended = course(folder, "run", "4", "5", "2", "--out", "out")
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert '05_full failed at "Too much": MemoryError' in ended.stderr
    assert (folder.parent / "out" / "02_next.html").exists()
    assert len(read(folder.parent / "out" / "04_big.ipynb")["cells"][1]["outputs"][0]["text"]) > 0


def as_anybody():
    """Return the words that take from root the right to write everywhere."""
    if os.getuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root may write everywhere: setpriv, of util-linux, would take that away")
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


def test_a_kit_that_nobody_may_write_is_told(folder):
    folder.parent.chmod(0o500)
    more = {"env": environment(folder), "capture_output": True, "text": True}
    for words in (["run", "2"], ["sweep", "2", "-g", "seed=1"]):
        ended = subprocess.run([*as_anybody(), *COURSE, *words], **more)
        assert ended.returncode == 2 and ended.stderr.count("\n") == 1 and "cannot be written" in ended.stderr
    ended = subprocess.run([*as_anybody(), *COURSE, "run", "2", "--out", str(folder.parent.parent / "out")], **more)
    assert ended.returncode == 0 and ended.stdout.endswith("02_next.html\n")
    folder.parent.chmod(0o700)
