"""`course` as a process: what it writes, what it says, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from html import escape
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from bs4 import BeautifulSoup
from jupyter_client.connect import LocalPortCache
from kit.course import COURSE, course, make_course, refused, write_notebook
from kit.processes import wait, wait_gone
from nbformat import v4

from lib.runner.execute import execute
from lib.runner.notebooks import read_notebook
from lib.runner.page import script_json, write_page


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("a course {x}"))  # a path with a space and papermill's braces


@pytest.fixture(scope="module")
def done(folder):
    """One run of two notebooks, into a folder that is named."""
    out = folder.parent / "out"
    words = ["01", "-p", "height", "4", "-p", "shuffle", "false", "2", "-p", "seed", "8", "--out", str(out)]
    ended = course(folder, "run", *words)
    assert ended.returncode == 0, ended.stderr
    return out, ended


def test_a_run_ends_with_the_path_of_its_page(done):
    out, ended = done
    assert ended.stdout.splitlines()[-1] == str(out / "index.html")
    assert ended.stderr.splitlines()[0] == "[1/2] 01_tiny ..."
    assert ended.stderr.splitlines()[-1].startswith("[2/2] 02_next done in ")
    assert len(ended.stderr.splitlines()) == 4  # where no terminal is, no bar and nothing else


def test_the_folder_holds_notebooks_pages_metrics_and_one_plotly(done):
    out, _ = done
    assert sorted(path.name for path in out.iterdir()) == [
        "01_tiny.html", "01_tiny.ipynb", "02_next.html", "02_next.ipynb",
        "index.html", "metrics.json", "plotly.min.js",
    ]
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics == {"01_tiny": {"height": 4, "rate": 0.5}, "02_next": {}}


def test_the_kernel_is_this_python_in_the_notebooks_folder(folder, done):
    out, _ = done
    cells = json.loads((out / "01_tiny.ipynb").read_text())["cells"]
    said = "".join(cells[-1]["outputs"][0]["text"])
    assert said == f"{out / '01_tiny'} {folder} relu False [64, 32]\n"


def test_the_page_shows_parameters_tables_pictures_and_links(done):
    out, _ = done
    page = (out / "01_tiny.html").read_text()
    assert "injected-parameters" in page
    assert "<table" in page and "data:image/svg+xml;base64," in page and "../images" not in page
    assert 'href="02_next.html#part"' in page and "notebooks/03_last.ipynb" in page
    assert page.count('src="plotly.min.js"') == 1 and page.count("Plotly.newPlot(") == 1
    assert "plotly.min.js" not in (out / "02_next.html").read_text()
    for remote in ('src="http', "@import", "import(", 'rel="stylesheet"', "url(http", "cdnjs", "unpkg"):
        assert remote not in page


def test_links_that_a_cell_has_written_hold_in_the_page(folder, tmp_path):
    links = v4.new_output("display_data", {"text/markdown": "[next](02_next.ipynb) [last](03_last.ipynb)"})
    cell = v4.new_code_cell("links", outputs=[links], execution_count=1)
    nbformat.write(v4.new_notebook(cells=[cell]), tmp_path / "00_map.ipynb")
    write_page(tmp_path / "00_map.ipynb", tmp_path / "00_map.html", folder, "map", beside=["02_next"])
    anchors = BeautifulSoup((tmp_path / "00_map.html").read_text(), "html.parser").select(".jp-OutputArea a[href]")
    to_next, to_last = [unquote(anchor["href"]) for anchor in anchors]
    assert to_next == "02_next.html" and (tmp_path / to_last).resolve() == folder / "03_last.ipynb"


def test_the_page_tells_what_was_set_and_what_it_contains(done):
    page = (done[0] / "01_tiny.html").read_text()
    assert "This run set height = 4, shuffle = False. The text speaks of" in page
    contents = BeautifulSoup(page, "html.parser").select("details a")
    assert [a.get_text() for a in contents] == ["Draw", "Why this & that?"]
    ids = [unquote(a["href"].removeprefix("#")) for a in contents]
    assert all(f'id="{escape(each)}"' in page for each in ids)
    assert "<details" not in (done[0] / "02_next.html").read_text(), "a page without sections has no contents"


def test_the_index_has_every_notebook_with_its_metrics(done):
    index = (done[0] / "index.html").read_text()
    for part in ('href="01_tiny.html"', "A tiny lesson", "<dt>rate</dt><dd>0.5</dd>", "<dd>8</dd>", "2 of 2"):
        assert part in index


def test_no_text_in_a_figure_ends_its_script():
    value = {"name": "</script><!-- & \u2028"}
    assert not set("<>&\u2028") & set(script_json(value))
    assert json.loads(script_json(value)) == value


@pytest.mark.parametrize(
    "words, message",
    [
        (["run", "01_tyni"], "Did you mean 01_tiny?"),
        (["run", "-p", "hieght", "3"], "Did you mean height?"),
        (["run", "-p", "height", "tall"], "01_tiny: height = tall is not an int"),
        (["run", "-p", "height", "99"], "out of its range [1..9]"),
        (["run", "-p", "height", "-1e0"], "01_tiny: height = -1e0 is not an int"),  # a value, and no option
        (["run", "-p", "height", "-1,2"], "01_tiny: height = -1,2 is not an int"),
        (["run", "-p", "height"], "write a name and a value, as in -p seed 2"),
        (["run", "-p", "height=5"], "write a name and a value, as in -p seed 2"),
        (["run", "--profile", "quick"], "'smoke', 'lesson', 'full'"),
        (["run", "--fast"], "No such option '--fast'"),
        (["run", "--out", "images/bars.svg/sub"], "images/bars.svg/sub cannot be written"),
        (["rum"], "Did you mean 'run'?"),
    ],
)
def test_a_wrong_request_is_told_and_writes_nothing(folder, words, message, monkeypatch, capsys):
    assert message in refused(folder, words, monkeypatch, capsys)


def test_a_wrong_request_ends_the_process_with_two(folder):
    for words in (["run", "01_tyni"], ["run", "--fast"]):
        ended = course(folder, *words)
        assert (ended.returncode, ended.stdout, ended.stderr.count("course: ")) == (2, "", 1)


def test_a_failing_cell_is_told_and_the_others_go_on(tmp_path):
    folder = tmp_path / "notebooks"
    bad = ["# 01 · Bad", "## Before", "x = 1", "## The search\n\n# of it all", "raise ValueError('no units\\nmore')"]
    write_notebook(folder, "01_bad", [*bad, "# After", "print('never')"])
    write_notebook(folder, "02_dead", ["# 02 · Dead", "## The fall", "import os\nos._exit(3)"])
    write_notebook(folder, "03_last", ["# 03 · Last", "from lib.session import record\nrecord('score', 0.5)"])
    ended = course(folder, "run", "--out", "out")
    out = tmp_path / "out"
    assert ended.returncode == 1
    assert 'course: 01_bad failed at "of it all": ValueError: no units\n' in ended.stderr
    assert f"executed notebook: {out / '01_bad.ipynb'}\n" in ended.stderr
    assert '02_dead failed at "The fall": the kernel died' in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "This run failed at" in (out / "01_bad.html").read_text()
    assert "This run failed at" in (out / "02_dead.html").read_text()
    assert json.loads((out / "metrics.json").read_text())["03_last"] == {"score": 0.5}
    assert (out / "index.html").read_text().count('class="failed"') == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
@pytest.mark.parametrize("finished", [0, 1])
def test_ctrl_c_keeps_what_is_finished_and_nothing_half(tmp_path, finished):
    folder = tmp_path / "notebooks"
    if finished:
        write_notebook(folder, "01_quick", ["# 01 · Quick", "print('quick')"])
    slow = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(300)"
    write_notebook(folder, "02_slow", ["# 02 · Slow", slow])
    out, pid = tmp_path / "out", folder / "pid"
    process = subprocess.Popen(
        [*COURSE, "run", "--out", str(out)], env=_environment(folder), stderr=subprocess.PIPE, text=True
    )
    wait(lambda: pid.exists() and pid.read_text())
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"stopped in 02_slow; {finished} of {1 + finished} notebooks finished" in said
    assert "Traceback" not in said
    wait_gone([int(pid.read_text())])
    if not finished:
        assert not out.exists()
        return
    names = ["01_quick.html", "01_quick.ipynb", "index.html", "metrics.json"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert str(out) in said and "1 of 2 notebooks ran" in (out / "index.html").read_text()


def test_another_kernel_named_python3_is_not_taken(tmp_path):
    folder = make_course(tmp_path)
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    argv = ["/nowhere/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "x", "language": "python"}))
    environment = _environment(folder) | {"JUPYTER_PATH": str(tmp_path / "jupyter")}
    ended = subprocess.run([*COURSE, "run", "3"], env=environment, capture_output=True, text=True, timeout=60)
    page = Path(ended.stdout.strip())
    assert (ended.returncode, page.name) == (0, "03_last.html"), ended.stderr
    assert page.parent.parent == tmp_path / "runs" and page.exists()  # where runs go without --out


def test_neither_the_list_nor_an_error_imports_anything_slow(folder):
    code = (
        "import sys; from lib.runner.cli import main; main(sys.argv[1:])\n"
        "slow = {'tensorflow', 'keras', 'numpy', 'papermill', 'nbconvert', 'nbformat', 'plotly', 'yaml'}\n"
        "sys.exit(','.join(slow & set(sys.modules)) or 0)"
    )
    for words in (["list"], ["run", "nothing"], ["run", "-p", "nothing", "1"]):
        ended = subprocess.run(
            [sys.executable, "-c", code, *words], env=_environment(folder), capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr


def _environment(folder):
    return os.environ | {"COURSE_NOTEBOOKS": str(folder)}


@pytest.mark.parametrize("taken, error", [(1, ""), (99, "the kernel did not start: ")])
def test_a_kernel_whose_port_was_taken_meanwhile_is_started_again(taken, error, tmp_path, monkeypatch):
    free = LocalPortCache.find_available_port
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = iter([other.getsockname()[1]] * taken)

        def find(cache, ip):
            return next(ports, None) or free(cache, ip)

        monkeypatch.setattr(LocalPortCache, "find_available_port", find)
        (tmp_path / "out").mkdir()
        info = read_notebook(write_notebook(tmp_path, "01_one", ["# One", "1 + 1"]))
        outcome = execute(info, {}, tmp_path / "out")
    assert outcome.error.startswith(error) and bool(outcome.error) == bool(error)
    assert "in use" in outcome.error or not error
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["01_one.ipynb"]
