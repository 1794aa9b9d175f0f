"""KerasTuner's chief and workers over gRPC: the trials of the parallel search, through deaths, and nothing left behind."""

import collections
import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest
from kit.notebooks import ROOT
from kit.processes import family, left, wait, wait_gone
from kit.searches import DATA, DiesOnce, X, Y, fail, hyperband, random_search, statuses

from lib.trials import trials_frame
from lib.tuning import brackets, chief_search, search, search_log


def test_the_trials_are_those_of_the_parallel_search(tmp_path, capfd):
    tuner = chief_search(random_search(tmp_path / "chief"), X, Y, workers=2, epochs=2, **DATA)
    assert "trial 4 of 4, best 0." in capfd.readouterr().out
    assert not left()
    other = search(random_search(tmp_path / "pipes"), X, Y, workers=1, epochs=2, verbose=0, **DATA)
    columns = ["trial", "units", "learning_rate", "score", "status"]
    assert trials_frame(tuner)[columns].equals(trials_frame(other)[columns])
    assert {row["worker"] for row in search_log(tuner)} == {0, 1}
    assert trials_frame(tuner.project_dir).equals(trials_frame(tuner)), "the books on disk say the same"
    chief_search(tuner, X, Y, workers=2, epochs=2, verbose=0, **DATA)
    assert len(tuner.oracle.trials) == 4 and len(search_log(tuner)) == 4


def test_hyperband_runs_whole(tmp_path):
    tuner = chief_search(hyperband(tmp_path, max_epochs=4), X, Y, workers=2, verbose=0, **DATA)
    assert statuses(tuner) == {"COMPLETED": 15}
    rounds = collections.Counter(t.hyperparameters.values["tuner/round"] for t in tuner.oracle.trials.values())
    assert rounds == {r: sum(row["trials"] for row in brackets(4, 2) if row["round"] == r) for r in (0, 1, 2)}


@pytest.mark.long("deaths of a worker")
def test_a_dead_workers_trial_is_given_out_again(tmp_path):
    tuner = random_search(tmp_path)
    chief_search(tuner, X, Y, workers=2, verbose=0, epochs=2, callbacks=[DiesOnce(tmp_path / "died")], **DATA)
    assert (tmp_path / "died").exists()
    assert statuses(tuner) == {"COMPLETED": 4}
    assert sorted(row["trial_id"] for row in search_log(tuner)) == ["0", "1", "2", "3"]
    assert not left()


@pytest.mark.long("deaths of a worker")
def test_a_trial_that_kills_every_worker_fails(tmp_path):
    tuner = random_search(tmp_path, trials=2)
    chief_search(tuner, X, Y, workers=1, verbose=0, callbacks=[DiesOnce(tmp_path / "died", always=True)], **DATA)
    assert statuses(tuner) == {"FAILED": 2}
    assert "died 2 times" in tuner.oracle.trials["0"].message


def test_too_many_failures_one_after_another_end_the_search(tmp_path):
    tuner = random_search(tmp_path, fail, trials=9, max_consecutive_failed_trials=3)
    with pytest.raises(RuntimeError, match=r"consecutive failures exceeded|workers of the search die"):
        chief_search(tuner, X, Y, workers=1, verbose=0, **DATA)
    assert not left()


@pytest.mark.long("kills of a search")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_and_a_kill_leave_nothing_and_the_same_call_goes_on(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(ROOT / "tests")!r})
        from lib.tuning import chief_search, warm_up
        warm_up()
        from kit.searches import DATA, Slow, X, Y, random_search

        if __name__ == "__main__":
            tuner = random_search({str(tmp_path)!r}, trials=6)
            chief_search(tuner, X, Y, workers=2, verbose=0, callbacks=[Slow(1)], **DATA)
            print(sorted((i, t.status) for i, t in tuner.oracle.trials.items()))
    """))
    for way in (signal.SIGINT, signal.SIGKILL):
        process = subprocess.Popen([sys.executable, script], start_new_session=True, stderr=subprocess.DEVNULL)
        before = len(rows(tmp_path))
        wait(lambda before=before: len(rows(tmp_path)) > before)
        children = family(process.pid)
        (os.killpg if way == signal.SIGINT else os.kill)(process.pid, way)
        process.wait(timeout=30)
        wait_gone(children, 90)
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert ended.stdout.strip().splitlines()[-1] == str([(str(i), "COMPLETED") for i in range(6)])
    assert sorted(row["trial_id"] for row in rows(tmp_path)) == [str(i) for i in range(6)], "none ran to its end twice"


def rows(folder):
    path = folder / "p" / "search_log.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
