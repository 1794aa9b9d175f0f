"""Optuna studies in several processes, on a journal file and on a real PostgreSQL: unique, complete, through deaths."""

import collections
import os
import signal
import subprocess
import sys
import textwrap
import time

import optuna
import psutil
import pytest
from kit.notebooks import ROOT
from kit.processes import family, left, wait, wait_gone
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from lib.errors import CourseError
from lib.postgres import find_programs, postgres
from lib.tuning import optimize, study_log

QUIET = {"verbose": 0, "workers": 2}
STORAGES = ["journal", "postgres"]


@pytest.fixture(scope="module")
def server():
    if find_programs() is None and "COURSE_POSTGRES" not in os.environ:
        pytest.skip("no PostgreSQL: apt-get install postgresql")
    with postgres() as url:
        yield url
        storage = optuna.storages.RDBStorage(url)
        for study in optuna.get_all_study_names(storage):
            if study.endswith(f"-{os.getpid()}"):  # a named server is not ours alone
                optuna.delete_study(study_name=study, storage=storage)
        storage.engine.dispose()


@pytest.fixture
def storage(request, tmp_path):
    return request.getfixturevalue("server") if request.param == "postgres" else str(tmp_path / "study.journal")


@pytest.fixture
def name(request):
    return f"{request.node.name}-{os.getpid()}"


def product(trial):
    time.sleep(0.02)
    return trial.suggest_float("x", 0, 1) * trial.suggest_int("n", 1, 3)


class DiesAt:
    """Kills its process in the middle of the first trial that it gets, or of every one with the first parameters."""

    def __init__(self, path, always=False):
        self.path, self.always = path, always

    def __call__(self, trial):
        x = trial.suggest_float("x", 0, 1)
        first = not self.path.exists()
        if first:
            self.path.write_text(repr(x))
        if first or (self.always and self.path.read_text() == repr(x)):
            os.kill(os.getpid(), signal.SIGKILL)
        return x * trial.suggest_int("n", 1, 3)


def workers_left():
    """Return what is left but for the PostgreSQL server and its guard, which end with the module."""
    found = left()
    processes = [one for one in found if isinstance(one, psutil.Process)]
    guards = [one for one in processes if "lib.postgres" in one.cmdline()]
    servers = {one for guard in guards for one in [guard, *family(guard.pid)]}
    return [one for one in found if one not in servers]


def states(study):
    return dict(collections.Counter(trial.state.name for trial in study.trials))


@pytest.mark.parametrize("storage", STORAGES, indirect=True)
def test_two_workers_run_every_trial_once(storage, name):
    study = optimize(product, storage, name, 20, **QUIET)
    assert states(study) == {"COMPLETE": 20}, "not one too many"
    assert [trial.number for trial in study.trials] == list(range(20))
    assert len({tuple(trial.params.items()) for trial in study.trials}) == 20, "no two workers draw the same"
    assert {row["worker"] for row in study_log(study)} == {0, 1}
    assert not workers_left()
    again = optimize(product, storage, name, 23, **QUIET)
    assert states(again) == {"COMPLETE": 23}, "the number is a total"
    assert states(optimize(product, storage, name, 23, **QUIET)) == {"COMPLETE": 23}


@pytest.mark.long("deaths of a worker")
@pytest.mark.parametrize("storage", STORAGES, indirect=True)
def test_a_dead_workers_trial_is_given_out_again(storage, name, tmp_path):
    study = optimize(DiesAt(tmp_path / "died"), storage, name, 6, **QUIET)
    assert states(study) == {"COMPLETE": 6, "FAIL": 1}
    (dead,) = [trial for trial in study.trials if trial.state.name == "FAIL"]
    (again,) = [trial for trial in study.trials if trial.system_attrs.get("failed_trial") == dead.number]
    assert again.params["x"] == dead.params["x"] == float((tmp_path / "died").read_text())
    assert not workers_left()


@pytest.mark.long("deaths of a worker")
def test_a_trial_that_kills_every_worker_stays_failed(tmp_path):
    study = optimize(DiesAt(tmp_path / "died", always=True), tmp_path / "study.journal", "s", 4, **QUIET)
    assert states(study) == {"COMPLETE": 3, "FAIL": 2}, "it has died twice, and counts once"


@pytest.mark.parametrize("made", ["maximize", "minimize"])
def test_a_study_does_not_go_on_in_the_other_direction(tmp_path, made):
    other = {"maximize": "minimize", "minimize": "maximize"}[made]
    for n_trials in (0, 1):  # one that has no trials yet, and one that is through
        journal = tmp_path / f"{n_trials}.journal"
        optimize(product, journal, "s", n_trials, direction=made, verbose=0, workers=1)
        with pytest.raises(CourseError, match=f"'s' is there already, and was made to {made}; .* asks to {other}: ") as told:
            optimize(product, journal, "s", 4, direction=other, **QUIET)
        assert "\n" not in str(told.value)
        assert len(optimize(product, journal, "s", n_trials, direction=made, **QUIET).trials) == n_trials
        optimize(product, journal, "t", 0, direction=getattr(optuna.study.StudyDirection, other.upper()), **QUIET)
        assert optimize(product, journal, "t", 0, direction=other, **QUIET).direction.name.lower() == other


def test_a_study_of_two_aims_is_not_taken_for_one_of_one(tmp_path):
    journal = tmp_path / "study.journal"
    storage = JournalStorage(JournalFileBackend(str(journal)))
    optuna.create_study(storage=storage, study_name="s", directions=["maximize", "minimize"])
    with pytest.raises(CourseError, match="was made to maximize and minimize"):
        optimize(product, journal, "s", 1, **QUIET)


def test_the_error_of_an_objective_ends_the_search(tmp_path):
    def divide(trial):
        return trial.suggest_int("n", 1, 3) / 0

    with pytest.raises(ZeroDivisionError):
        optimize(divide, tmp_path / "study.journal", "s", 4, **QUIET)
    assert not workers_left()
    study = optuna.load_study(study_name="s", storage=JournalStorage(JournalFileBackend(str(tmp_path / "study.journal"))))
    assert "RUNNING" not in states(study)


def test_workers_that_cannot_start_are_told_of(tmp_path):
    def leave(seed):
        if seed != 1:  # in the workers; the caller makes one as well
            os._exit(3)

    with pytest.raises(RuntimeError, match="before their first trial"):
        optimize(product, tmp_path / "study.journal", "s", 4, sampler=leave, **QUIET)
    assert not workers_left()


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        ("sqlite:///study.db", "journal file"),
        ("postgresql+psycopg://course@/postgres?host=/nowhere", "cannot be opened"),
        ("missing/folder/study.journal", "cannot be opened"),
    ],
)
def test_a_storage_that_cannot_be_had_is_told_in_one_line(storage, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CourseError, match=message) as told:
        optimize(product, storage, "s", 2, **QUIET)
    assert "\n" not in str(told.value)


@pytest.mark.long("kills of a search")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_and_a_kill_leave_nothing_and_the_same_call_goes_on(tmp_path):
    script, journal = tmp_path / "script.py", tmp_path / "study.journal"
    script.write_text(textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(ROOT / "tests")!r})
        import time
        from lib.tuning import optimize

        def slow(trial):
            time.sleep(0.7)
            return trial.suggest_float("x", 0, 1)

        if __name__ == "__main__":
            study = optimize(slow, {str(journal)!r}, "s", 8, workers=2, verbose=0)
            print(sorted(t.state.name for t in study.trials if t.state.name != "FAIL"))
    """))
    for way in (signal.SIGINT, signal.SIGKILL):
        before = ended(journal)
        process = subprocess.Popen([sys.executable, script], start_new_session=True, stderr=subprocess.DEVNULL)
        wait(lambda before=before: ended(journal) > before)
        children = family(process.pid)
        (os.killpg if way == signal.SIGINT else os.kill)(process.pid, way)
        process.wait(timeout=30)
        wait_gone(children, 90)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip().splitlines()[-1] == str(["COMPLETE"] * 8)


def ended(journal):
    """Return how many trials of the study have come to an end; 0 while there is none."""
    if not journal.exists():
        return 0
    try:
        study = optuna.load_study(study_name="s", storage=JournalStorage(JournalFileBackend(str(journal))))
    except KeyError:
        return 0
    return len(study.get_trials(states=(optuna.trial.TrialState.COMPLETE,)))
