"""Optuna's dashboard and TensorBoard: they answer, load nothing from elsewhere, and leave nothing when they have ended."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

import nbformat
import optuna
import pytest
from kit.browser import chromium, needs_browser, watched
from kit.processes import family, wait_gone
from nbclient import NotebookClient
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from lib import dashboard as pages
from lib.dashboard import start_dashboard, start_tensorboard
from lib.errors import CourseError
from lib.trackers.hparams import write_hparams
from lib.trials import trials_frame

STARTERS = ["start_dashboard", "start_tensorboard"]


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    return tmp_path_factory.mktemp("dashboard") / "study.journal"


@pytest.fixture(scope="module")
def study(journal):
    study = optuna.create_study(storage=JournalStorage(JournalFileBackend(str(journal))), study_name="small")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) * trial.suggest_int("n", 1, 3), n_trials=6)
    study.tell(study.ask(), state=optuna.trial.TrialState.FAIL)
    return study


@pytest.fixture(scope="module")
def logs(study, tmp_path_factory):
    return write_hparams(trials_frame(study), tmp_path_factory.mktemp("logs"))


@pytest.fixture
def what(request, journal, study, logs):
    """What each of them is started on."""
    return {"start_dashboard": journal, "start_tensorboard": logs}[request.getfixturevalue("starter")]


@pytest.fixture(scope="module")
def dashboard(journal, study):
    with start_dashboard(journal) as running:
        yield running


@pytest.fixture(scope="module")
def tensorboard(logs):
    with start_tensorboard(logs) as running:
        yield running


@pytest.fixture
def page():
    """See `watched`; for one test alone, since nbclient cannot run beside Playwright."""
    with chromium("--disable-gpu") as browser:
        yield watched(browser)


def is_free(url):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(url.rstrip("/").rsplit(":", 1)[1]))) != 0


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A folder for temporary files of this test's own: other tests have pages at the same time."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))


def temporary():
    """Return what our pages keep in the folder for temporary files."""
    return {path.name for path in Path(tempfile.gettempdir()).glob("course-page-*")}


def asked(url):
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


def test_it_lists_the_studies_of_the_journal(dashboard):
    studies = asked(f"{dashboard.url}api/studies")["study_summaries"]
    assert [study["study_name"] for study in studies] == ["small"]
    assert dashboard.url in repr(dashboard)


def test_tensorboard_has_read_the_runs_before_it_is_handed_over(tensorboard):
    assert asked(f"{tensorboard.url}data/runs") == [".", *[f"trial_{number}" for number in range(1, 8)]]
    assert tensorboard.url in repr(tensorboard)


def test_tensorboard_starts_before_there_is_anything_to_read(tmp_path):
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "events.out.tfevents.1").touch()  # a run without a value, which it does not list
    with start_tensorboard(tmp_path) as running:
        assert asked(f"{running.url}data/runs") == []


def assert_alone(page, url):
    assert page.asked and not [asked for asked in page.asked if not asked.startswith((url, "data:", "blob:"))]
    assert page.errors == []


@needs_browser
def test_its_page_draws_the_study_and_asks_nobody_else(dashboard, page):
    page.goto(f"{dashboard.url}dashboard/studies/0")
    page.wait_for_selector(".js-plotly-plot .point", state="attached")
    page.locator("#graph-hyperparameter-importances .point").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    assert_alone(page, dashboard.url)


POINTS = "#plot-history .point"


@needs_browser
def test_its_page_follows_a_search_that_runs(tmp_path, page):
    journal = tmp_path / "live.journal"
    sampler = optuna.samplers.RandomSampler(1)
    study = optuna.create_study(storage=JournalStorage(JournalFileBackend(str(journal))), study_name="live", sampler=sampler)
    over = threading.Event()

    def objective(trial):
        if over.wait(1):
            trial.study.stop()
        return trial.suggest_float("x", 0, 1)

    search = threading.Thread(target=study.optimize, args=[objective])
    with start_dashboard(journal) as running:
        search.start()
        try:
            page.set_default_timeout(120_000)  # it asks every ten seconds, and a busy machine draws slowly
            page.goto(f"{running.url}dashboard/studies/0")
            page.locator(POINTS).first.wait_for(state="attached")
            loads = []
            page.on("load", lambda _: loads.append(page.url))
            for _ in range(2):
                seen = page.locator(POINTS).count()
                page.wait_for_function("([points, seen]) => document.querySelectorAll(points).length > seen", arg=[POINTS, seen])
            assert search.is_alive() and not loads, "more points by themselves, while trials are added"
        finally:
            over.set()
            search.join()
        assert_alone(page, running.url)


@needs_browser
def test_hparams_page_shows_the_trials_and_asks_nobody_else(tensorboard, study, page):
    page.goto(f"{tensorboard.url}#hparams")
    table = page.locator("tf-hparams-table-view")
    table.get_by_text("7", exact=True).first.wait_for()
    cells = table.locator("vaadin-grid-cell-content").all_inner_texts()
    assert [text for text in cells if text.isdigit()] == ["1", "2", "3", "4", "5", "6", "7"], "a row for each trial"
    assert {"Trial ID", "n", "x", "status", "score", "seconds"} <= set(cells)
    page.get_by_text("Parallel Coordinates View").click()
    lines = page.locator("tf-hparams-parallel-coords-plot g.foreground path")
    lines.nth(5).wait_for()
    assert lines.count() == 6, "one that failed has no score, and no line"
    page.get_by_text("Scatter Plot Matrix View").click()
    page.locator("tf-hparams-scatter-plot-matrix-plot .data-marker").first.wait_for()
    assert_alone(page, tensorboard.url)


@pytest.mark.parametrize("starter", STARTERS)
def test_it_ends_with_its_block_also_after_an_error(starter, what, alone):
    start, before, files = getattr(pages, starter), family(), temporary()
    with pytest.raises(RuntimeError, match="of the lesson"), start(what) as page:
        started = set(family()) - set(before)
        assert started and not is_free(page.url)
        raise RuntimeError("of the lesson")
    assert family() == before and is_free(page.url)
    wait_gone(started)  # TensorBoard has a helper of its own
    assert temporary() == files
    page.stop()  # a second time: nothing to do
    assert repr(page).endswith(", stopped")
    with pytest.raises(CourseError, match="has been stopped"):
        page.show()


STARTER = """
import contextlib, sys, time
from lib import dashboard
page = getattr(dashboard, sys.argv[1])(sys.argv[2])
with contextlib.suppress(KeyboardInterrupt):  # the line that is waited for comes from inside: a signal may follow at once
    print(page._process.pid, page.url, flush=True)
    time.sleep(99)
print("interrupted", flush=True)
time.sleep(99)
"""


@pytest.mark.parametrize("starter", STARTERS)
def test_it_outlives_an_interrupt_but_not_the_python_that_started_it(starter, what, alone):
    call, files = [sys.executable, "-c", STARTER, starter, what], temporary()
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True, start_new_session=True) as python:
        pid, url = python.stdout.readline().split()
        os.killpg(python.pid, signal.SIGINT)  # as JupyterLab's stop button does
        assert python.stdout.readline() == "interrupted\n"
        assert not is_free(url)
        python.kill()
    wait_gone([int(pid)])
    assert temporary() == files


@pytest.mark.parametrize("starter", STARTERS)
def test_in_a_notebook_no_dead_frame_and_no_process_is_left(starter, what):
    cells = [
        f"from lib.dashboard import {starter}\npage = {starter}({str(what)!r})",
        "page.show()",
        "page.stop()",
        f"left = {starter}({str(what)!r})\nprint(left._process.pid)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    seen = []  # what the second cell shows, after each cell

    def look(**_):
        seen.append(json.dumps(notebook.cells[1].outputs))

    NotebookClient(notebook, kernel_name="python3", on_cell_executed=look).execute()
    assert "<iframe" in seen[1] and "<iframe" not in seen[2] and "has been stopped" in seen[2]
    wait_gone([int(notebook.cells[3].outputs[0].text)])


def test_errors_are_one_line(journal, study, logs, tmp_path, alone):
    before, files = family(), temporary()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        for start, arguments, message in [
            (start_dashboard, (tmp_path / "no.journal",), "There is no journal file 'no.journal'"),
            (start_dashboard, (journal, taken), f"Port {taken} cannot be had"),
            (start_dashboard, (journal, 99_999), "Port 99999 cannot be had"),
            (start_dashboard, ("nonsense://here",), "Dashboard did not start: "),
            (start_tensorboard, (tmp_path / "nowhere",), "There is no folder 'nowhere'"),
            (start_tensorboard, (journal,), "There is no folder 'study.journal'"),
            (start_tensorboard, (logs, taken), f"Port {taken} cannot be had"),
        ]:
            with pytest.raises(CourseError, match=message) as caught:
                start(*arguments)
            assert "\n" not in str(caught.value)
    assert family() == before and temporary() == files
