"""Runs of Weights & Biases: written offline, read back, closed after errors; and a key that gets nowhere."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import wandb
from kit.course import KEY, holding, keyed
from kit.notebooks import ROOT
from kit.processes import family, wait, wait_gone
from sklearn.linear_model import LogisticRegression

from lib.errors import CourseError
from lib.trackers import runs

COURSE = Path(sys.executable).with_name("course")


@pytest.fixture(autouse=True)
def no_account(monkeypatch):
    """Start each test without a key and without what an earlier one has set up."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    for name in (*runs.OWN_FOLDERS, "WANDB_ERROR_REPORTING"):
        monkeypatch.setenv(name, "")  # so that what `prepare` sets is taken back
    monkeypatch.setattr(runs, "_ready", None)
    yield
    wandb.teardown()


def frame():
    """Return a trials frame with each kind of column and each kind of end."""
    return pd.DataFrame({
        "trial": [1, 2, 3],
        "units": [32, 64, 128],
        "rate": [1e-3, np.nan, 1e-2],
        "activation": ["relu", None, "tanh"],
        "dropout": [True, False, True],
        "score": [0.5, 0.25, np.nan],
        "direction": "max",
        "seconds": [1.5, 2.0, np.nan],
        "epochs": pd.array([3, 1, None], dtype="Int64"),
        "status": ["COMPLETED", "PRUNED", "FAILED"],
    })


def test_what_is_logged_comes_back_to_the_last_digit(tmp_path):
    third = np.float64(1) / 3
    with runs.tracked_run("p", {"units": np.int64(32), "shape": (2, 3), "inner": {"rate": third}}, "g", tmp_path) as run:
        run.define_metric("accuracy", summary="max")
        for step, accuracy in enumerate([third, 0.9, 0.7]):
            run.log({"accuracy": accuracy, "loss": np.nan if step == 1 else step, "deep": {"a": step}})
        run.log({"late": 10**15 + 1, "endless": -np.inf}, step=7)
        run.config.update({"more": "text"})
        run.summary["best"] = 7
    config, history, summary = runs.read_run(run.settings.sync_dir)
    assert config == {"units": 32, "shape": [2, 3], "inner": {"rate": third}, "more": "text"}
    assert history["accuracy"].tolist()[:3] == [third, 0.9, 0.7] and np.isnan(history["accuracy"][3])
    assert history["loss"].dtype == float and history["loss"].isna().tolist() == [False, True, False, True]
    assert history["_step"].tolist() == [0, 1, 2, 7] and history["deep.a"].tolist()[:3] == [0, 1, 2]
    assert history["late"][3] == 10**15 + 1 and history["endless"][3] == -np.inf
    assert summary["accuracy.max"] == 0.9 and summary["best"] == 7 and summary["deep.a"] == 2


def test_a_run_whose_end_is_still_being_written_is_read_whole(tmp_path):
    with runs.tracked_run("p", {"units": 32}, folder=tmp_path) as run:
        run.log({"loss": 0.5})
    (file,) = Path(run.settings.sync_dir).glob("*.wandb")
    whole = file.read_bytes()
    file.write_bytes(whole[:7])  # so it was found once on a busy machine, a tenth of a second after the run had ended
    threading.Timer(0.3, file.write_bytes, [whole]).start()
    assert runs.read_run(run.settings.sync_dir).config == {"units": 32}


def test_it_reads_what_the_command_of_wandb_prints(tmp_path):
    with runs.tracked_run("p", {"units": 32}, folder=tmp_path) as run:
        run.log({"loss": 0.5})
    call = [sys.executable, "-m", "wandb", "leet", "inspect", "--summary", "--json", run.settings.sync_dir]
    said = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
    config, _, summary = runs.read_run(run.settings.sync_dir)
    assert config == said["config"]
    assert summary == {name: value for name, value in said["summary"].items() if not name.startswith(runs.OWN_VALUES)}


def test_a_run_is_closed_after_an_error_and_says_so(tmp_path, capfd):
    with pytest.raises(KeyboardInterrupt), runs.tracked_run("p", folder=tmp_path) as run:
        assert wandb.run is run
        run.log({"loss": 1})
        raise KeyboardInterrupt
    assert wandb.run is None
    table = runs.runs_frame(tmp_path)
    assert table.state.tolist() == ["failed"] and table.loss.tolist() == [1]
    assert capfd.readouterr() == ("", "")


def test_each_trial_is_a_run_of_one_group(tmp_path):
    with runs.tracked_run("p", folder=tmp_path, name="open") as run:
        folders = runs.log_trials(frame(), "p", "search", tmp_path)
        assert wandb.run is run
        run.log({"loss": 1})
    table = runs.runs_frame(tmp_path)
    assert table.run.tolist() == ["open", "trial 1", "trial 2", "trial 3"]
    assert table.folder.tolist()[1:] == folders
    trials = table[table.group == "search"]
    assert trials.tags.tolist() == ["completed", "pruned", "failed"]
    assert trials.state.tolist() == ["finished", "finished", "failed"]
    assert trials.score.tolist()[:2] == [0.5, 0.25] and np.isnan(trials.score.iloc[2])
    assert trials.units.tolist() == [32, 64, 128] and trials.dropout.tolist() == [True, False, True]
    first, second = (runs.read_run(folder) for folder in folders[:2])
    assert first.config == {"trial": 1, "units": 32, "rate": 1e-3, "activation": "relu", "dropout": True, "direction": "max"}
    assert {"rate", "activation"}.isdisjoint(second.config) and second.summary["epochs"] == 1


def test_any_value_of_a_trial_is_logged_and_none_takes_the_place_of_the_runs_own(tmp_path):
    table = frame().assign(
        layers=[[64], [32, 32], None], weights=[{"a": 2}, {"a": [1]}, {"a": 2}],
        depth=["None", 3, "None"], rate=[np.inf, -np.inf, 0.5],
        many=[2**60 + 1, 10**400, 1], word=["Infinity", "NaN", "inf"], **{"9": 0},
        estimator=[LogisticRegression(C=2), "none", "none"], state=["s1", "s2", "s3"], run=["a", "b", "c"], folder="f", tags=7,
    )
    folders = runs.log_trials(table.rename(columns={"9": 9}), "p", "search", tmp_path)
    configs = [runs.read_run(folder).config for folder in folders]
    assert [config.get("layers") for config in configs] == [[64], [32, 32], None] and "layers" not in configs[2]
    assert [config["weights"] for config in configs] == table.weights.tolist()
    assert [config["depth"] for config in configs] == ["None", 3, "None"]
    assert [config["rate"] for config in configs] == [np.inf, -np.inf, 0.5]
    assert [config["many"] for config in configs] == [str(2**60 + 1), str(10**400), 1] and configs[0]["9"] == 0
    assert [config["word"] for config in configs] == ["'Infinity'", "'NaN'", "inf"]
    assert configs[0]["estimator"] == "LogisticRegression(C=2)"
    found = runs.runs_frame(tmp_path)
    assert found.run.tolist() == ["trial 1", "trial 2", "trial 3"] and found.state.tolist() == ["finished", "finished", "failed"]
    assert found.tags.tolist() == ["completed", "pruned", "failed"] and found.folder.tolist() == folders
    assert found["config.state"].tolist() == ["s1", "s2", "s3"] and found["config.run"].tolist() == ["a", "b", "c"]
    assert found["config.tags"].tolist() == [7, 7, 7] and found["config.folder"].tolist() == ["f"] * 3


def test_what_is_no_trials_frame_is_told(tmp_path):
    for table, message in [
        (frame()[:0], "no trials yet"),
        (frame().drop(columns="status"), "no column 'status'"),
        (frame().assign(status=3), "status: a trial has 3; see"),
    ]:
        with pytest.raises(CourseError, match=message):
            runs.log_trials(table, "p", "search", tmp_path)


def test_one_file_that_cannot_be_read_does_not_hide_the_other_runs(tmp_path):
    with runs.tracked_run("p", folder=tmp_path, name="whole") as run:
        run.log({"loss": 1})
    (tmp_path / "run-broken.wandb").write_text("this is no run")
    table = runs.runs_frame(tmp_path).set_index("run")
    assert table.state.to_dict() == {"broken": "unreadable", "whole": "finished"} and table.loss["whole"] == 1


def test_a_run_says_nothing_of_the_machine(tmp_path, capfd):
    with runs.tracked_run("p", folder=tmp_path) as run:
        print("a secret word")
        run.log({"loss": 1})
    (file,) = Path(run.settings.sync_dir).glob("*.wandb")
    kinds = {record["type"] for record in runs._records(file)}
    assert kinds == {"header", "run", "telemetry", "summary", "history", "exit"}
    for word in (str(tmp_path), str(ROOT), "a secret word", sys.executable):
        assert word.encode() not in file.read_bytes()
    assert not [path for path in Path(run.dir).rglob("*") if path.is_file()]
    assert capfd.readouterr() == ("a secret word\n", "")


def test_what_cannot_be_is_told(tmp_path):
    with pytest.raises(CourseError, match=r"call prepare\(folder\) first"), runs.tracked_run("p"):
        pass
    with pytest.raises(CourseError, match="no runs in"):
        runs.read_run(tmp_path)
    (tmp_path / "run-x.wandb").write_text("this is no run")
    with pytest.raises(CourseError, match=r"cannot read run-x\.wandb"):
        runs.read_run(tmp_path)
    assert runs.runs_frame(tmp_path / "nowhere").empty


# --- keys


@pytest.fixture
def service():
    """A server that is there and takes no key."""

    class Refuse(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(401)

        do_POST = do_HEAD = do_GET

        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.long("lessons on what is the reader's own")
@pytest.mark.lesson("15")
def test_no_key_gets_into_what_a_sweep_writes(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    call = [COURSE, "sweep", "15", "-g", "seed=1", "--workers", "1", "--profile", "smoke", "--out", tmp_path / "out"]
    environment = os.environ | keyed(tmp_path / "home")
    done = subprocess.run(call, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode()[-3000:]
    assert KEY.encode() not in done.stdout
    assert not holding(tmp_path)
    assert not [path for path in (tmp_path / "home").rglob("*") if "wandb" in path.name or path.name == ".netrc"]


@pytest.mark.parametrize("there", [False, True])
def test_a_key_that_is_of_no_use_is_told_in_one_line(there, service, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_BASE_URL", service if there else "http://127.0.0.1:9")
    assert runs.prepare(tmp_path) == "offline"
    with runs.tracked_run("p") as run:
        run.log({"loss": 1})
    told, warned = capfd.readouterr()
    verb = "take the key" if there else "answer"
    assert told == f"W&B: the service does not {verb}, so these runs stay offline, on this machine.\n"
    assert KEY not in warned
    assert not holding(tmp_path)


def test_whoever_says_offline_is_not_asked_about(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert runs.prepare(tmp_path) == "offline"
    assert capfd.readouterr() == ("", "")


def test_a_killed_process_leaves_no_service_behind_and_little_unwritten(tmp_path):
    script = f"""
import time
from lib.trackers import runs
with runs.tracked_run("p", folder={str(tmp_path)!r}) as run:
    run.log({{"loss": 1}})
    print("ready", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        started = family(process.pid)
        assert any("wandb-core" in child.name() for child in started)
        wait(lambda: "loss" in runs.runs_frame(tmp_path), 20)  # it is on the disk while the run is still open
        process.send_signal(signal.SIGKILL)
    wait_gone(started)
    table = runs.runs_frame(tmp_path)
    assert table.state.tolist() == ["open"] and table.loss.tolist() == [1]
