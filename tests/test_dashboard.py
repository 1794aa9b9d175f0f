"""Optuna's dashboard: it answers, loads nothing from elsewhere, and nothing of it is left when it has ended."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request

import nbformat
import optuna
import psutil
import pytest
from nbclient import NotebookClient
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from lib.dashboard import start_dashboard
from lib.errors import CourseError

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    path = tmp_path_factory.mktemp("dashboard") / "study.journal"
    study = optuna.create_study(storage=JournalStorage(JournalFileBackend(str(path))), study_name="small")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) * trial.suggest_int("n", 1, 3), n_trials=6)
    return path


@pytest.fixture(scope="module")
def dashboard(journal):
    with start_dashboard(journal) as running:
        yield running


def children():
    return psutil.Process().children(recursive=True)


def is_free(url):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(url.rstrip("/").rsplit(":", 1)[1]))) != 0


def gone(pid):
    """Wait until a process has ended, and say whether it has."""
    try:
        psutil.Process(pid).wait(15)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def test_it_lists_the_studies_of_the_journal(dashboard):
    with urllib.request.urlopen(f"{dashboard.url}api/studies") as answer:
        assert [study["study_name"] for study in json.load(answer)["study_summaries"]] == ["small"]
    assert dashboard.url in repr(dashboard)


@pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium")
def test_its_page_draws_the_study_and_asks_nobody_else(dashboard):
    from playwright.sync_api import sync_playwright

    asked, errors = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{dashboard.url}dashboard/studies/0")
        page.wait_for_selector(".js-plotly-plot .point", state="attached")
        page.locator("#graph-hyperparameter-importances .point").first.wait_for(state="attached")
        page.wait_for_load_state("networkidle")
        browser.close()
    assert asked and not [url for url in asked if not url.startswith((dashboard.url, "data:", "blob:"))]
    assert errors == []


def test_it_ends_with_its_block_also_after_an_error(journal):
    before = children()
    with pytest.raises(RuntimeError, match="of the lesson"), start_dashboard(journal) as dashboard:
        assert len(children()) == len(before) + 1 and not is_free(dashboard.url)
        raise RuntimeError("of the lesson")
    assert children() == before and is_free(dashboard.url)
    dashboard.stop()  # a second time: nothing to do
    assert repr(dashboard) == "Dashboard, stopped"
    with pytest.raises(CourseError, match="has been stopped"):
        dashboard.show()


STARTER = """
import contextlib, sys, time
from lib.dashboard import start_dashboard
dashboard = start_dashboard(sys.argv[1])
with contextlib.suppress(KeyboardInterrupt):  # the line that is waited for comes from inside: a signal may follow at once
    print(dashboard._process.pid, dashboard.url, flush=True)
    time.sleep(99)
print("interrupted", flush=True)
time.sleep(99)
"""


def test_it_outlives_an_interrupt_but_not_the_python_that_started_it(journal):
    call = [sys.executable, "-c", STARTER, journal]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True, start_new_session=True) as starter:
        pid, url = starter.stdout.readline().split()
        os.killpg(starter.pid, signal.SIGINT)  # as JupyterLab's stop button does
        assert starter.stdout.readline() == "interrupted\n"
        assert not is_free(url)
        starter.kill()
    assert gone(int(pid))


def test_in_a_notebook_no_dead_frame_and_no_process_is_left(journal):
    cells = [
        f"from lib.dashboard import start_dashboard\ndashboard = start_dashboard({str(journal)!r})",
        "dashboard.show()",
        "dashboard.stop()",
        f"left = start_dashboard({str(journal)!r})\nprint(left._process.pid)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    seen = []  # what the second cell shows, after each cell

    def look(**_):
        seen.append(json.dumps(notebook.cells[1].outputs))

    NotebookClient(notebook, kernel_name="python3", on_cell_executed=look).execute()
    assert "<iframe" in seen[1] and "<iframe" not in seen[2] and "has been stopped" in seen[2]
    assert gone(int(notebook.cells[3].outputs[0].text))


def test_errors_are_one_line(journal, tmp_path):
    before = children()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        for arguments, message in [
            ((tmp_path / "no.journal",), "There is no journal file 'no.journal'"),
            ((journal, taken), f"Port {taken} cannot be had"),
            ((journal, 99_999), "Port 99999 cannot be had"),
            (("nonsense://here",), "The dashboard did not start: "),
        ]:
            with pytest.raises(CourseError, match=message) as caught:
                start_dashboard(*arguments)
            assert "\n" not in str(caught.value)
    assert children() == before
