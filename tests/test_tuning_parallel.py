"""The parallel search: the same trials as KerasTuner's own, through errors, deaths, stops and kills."""

import collections
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading

import h5py
import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf
from kit.notebooks import ROOT
from kit.processes import family, wait, wait_gone
from kit.searches import DATA, STEPS, DiesOnce, X, Y, build, fail, hyperband, random_search, statuses

from lib.machine import cores
from lib.tuning import brackets, search, search_log
from lib.tuning.ready import build_optimizer
from lib.tuning.resume import repair


def test_hyperband_runs_whole_and_leaves_the_tuner_as_its_own_search_would(tmp_path, capfd):
    tuner, plan = hyperband(tmp_path, max_epochs=4), brackets(4, 2)
    capfd.readouterr()  # what TensorFlow says at its first use, in building the tuner
    assert search(tuner, X, Y, workers=2, **DATA) is tuner
    printed = capfd.readouterr()
    assert "trial 15 of 15, best 0." in printed.out
    assert " s left" in printed.out
    assert printed.err == ""
    assert statuses(tuner) == {"COMPLETED": 15}
    rounds = collections.Counter(t.hyperparameters.values["tuner/round"] for t in tuner.oracle.trials.values())
    assert rounds == {r: sum(row["trials"] for row in plan if row["round"] == r) for r in (0, 1, 2)}
    rows = search_log(tuner)
    assert {row["trial_id"] for row in rows} == set(tuner.oracle.trials)
    assert {row["worker"] for row in rows} == {0, 1}
    assert sum(row["epochs"] for row in rows) == sum(row["epochs"] for row in plan)
    best = tuner.oracle.get_best_trials(1)[0]
    model = tuner.get_best_models(1)[0]
    accuracy = np.mean(model.predict(X[:100], verbose=0).argmax(1) == Y[:100])
    assert accuracy == pytest.approx(best.score, abs=1e-6)
    assert tuner.get_best_hyperparameters(1)[0].values == best.hyperparameters.values


def test_a_trials_score_does_not_depend_on_the_worker_nor_on_sharing(tmp_path):
    def scores(name, **kwargs):
        tuner = random_search(tmp_path / name)
        search(tuner, X, Y, epochs=2, verbose=0, **DATA, **kwargs)
        return {i: trial.score for i, trial in tuner.oracle.trials.items()}

    assert scores("one", workers=1) == scores("three", workers=3)


@pytest.mark.parametrize(("threads", "due"), [(None, max(1, cores() // 2)), (1, 1), (3, 3)])
def test_threads_of_a_worker(tmp_path, threads, due):
    told = tmp_path / "threads"

    def counting(hp):
        if multiprocessing.parent_process() is not None:
            told.write_text(str(tf.config.threading.get_intra_op_parallelism_threads()))
        return build(hp)

    search(random_search(tmp_path, counting, trials=1), X, Y, workers=2, threads=threads, verbose=0, **DATA)
    assert told.read_text() == str(due)


def test_silent(tmp_path, capfd):
    search(random_search(tmp_path, trials=1), X, Y, workers=1, verbose=0, **DATA)
    assert capfd.readouterr() == ("", "")


def steps_of_best(tuner, trial):
    """Optimizer steps in a trial's checkpoint."""
    with h5py.File(tuner._get_checkpoint_fname(trial.trial_id)) as file:
        return int(file["optimizer/vars/0"][()])


@pytest.mark.parametrize("ours", [False, True], ids=["plain KerasTuner", "ours"])
def test_a_promoted_trial_and_its_optimizer_state(tmp_path, ours):
    """Plain KerasTuner 1.4.8 starts a promoted trial with an empty optimizer; ours with the one it had."""
    tuner = hyperband(tmp_path)
    if ours:
        search(tuner, X, Y, workers=2, verbose=0, **DATA)
    else:
        tuner.search(X, Y, verbose=0, **DATA)
    promoted = [t for t in tuner.oracle.trials.values() if t.hyperparameters.values["tuner/round"] == 1]
    assert promoted
    for trial in promoted:
        past = tuner.oracle.trials[trial.hyperparameters.values["tuner/trial_id"]]
        since = STEPS * (trial.best_step + 1)
        assert steps_of_best(tuner, trial) == since + (steps_of_best(tuner, past) if ours else 0)


def test_adam_moments_are_lost_by_plain_kerastuner_and_kept_by_ours(tmp_path):
    tuner = hyperband(tmp_path)
    first = tuner.oracle.create_trial("t")
    tuner.run_trial(first, X, Y, verbose=0, **DATA)
    hp = first.hyperparameters.copy()
    hp.values["tuner/trial_id"] = first.trial_id
    with h5py.File(tuner._get_checkpoint_fname(first.trial_id)) as file:
        saved = {name: file[f"optimizer/vars/{name}"][()] for name in file["optimizer/vars"]}
    lost = tuner._build_hypermodel(hp)
    lost.optimizer.build(lost.trainable_variables)
    build = tuner.hypermodel.build

    def build_ready(hp):
        model = build(hp)
        build_optimizer(model)
        return model

    tuner.hypermodel.build = build_ready
    kept = tuner._build_hypermodel(hp)
    moments = [str(i) for i, v in enumerate(kept.optimizer.variables) if "momentum" in v.path]
    assert len(moments) == 4
    for name in moments:
        assert np.abs(saved[name]).max() > 0
        np.testing.assert_array_equal(lost.optimizer.variables[int(name)].numpy(), 0)
        np.testing.assert_array_equal(kept.optimizer.variables[int(name)].numpy(), saved[name])


def build_or_fail(hp):
    if hp.Choice("kind", ["good", "bad"]) == "bad":
        raise ArithmeticError("this kind cannot be built")
    return build(hp)


def test_an_error_in_a_trial_is_recorded_and_the_search_goes_on(tmp_path):
    tuner = random_search(tmp_path, build_or_fail, trials=6, max_consecutive_failed_trials=6)
    search(tuner, X, Y, workers=2, verbose=0, **DATA)
    by_kind = {
        kind: [t for t in tuner.oracle.trials.values() if t.hyperparameters.values["kind"] == kind]
        for kind in ("good", "bad")
    }
    assert by_kind["good"] and by_kind["bad"]
    assert {t.status for t in by_kind["good"]} == {"COMPLETED"}
    assert {t.status for t in by_kind["bad"]} == {"FAILED"}
    assert "this kind cannot be built" in by_kind["bad"][0].message
    assert {r["status"] for r in search_log(tuner)} == {"COMPLETED", "FAILED"}


def test_too_many_failures_one_after_another_end_the_search(tmp_path):
    tuner = random_search(tmp_path, fail, trials=9, max_consecutive_failed_trials=3)
    with pytest.raises(RuntimeError, match=r"consecutive failures exceeded[^$]*nothing works"):
        search(tuner, X, Y, workers=1, verbose=0, **DATA)
    assert statuses(tuner) == {"FAILED": 3}


@pytest.mark.long("deaths of a worker")
def test_a_worker_that_dies_is_replaced_and_its_trial_given_out_again(tmp_path):
    tuner = random_search(tmp_path)
    search(tuner, X, Y, workers=2, verbose=0, epochs=2, callbacks=[DiesOnce(tmp_path / "died")], **DATA)
    assert (tmp_path / "died").exists()
    assert statuses(tuner) == {"COMPLETED": 4}
    assert sorted(row["trial_id"] for row in search_log(tuner)) == ["0", "1", "2", "3"]


@pytest.mark.long("deaths of a worker")
def test_a_trial_that_kills_every_worker_fails(tmp_path):
    tuner = random_search(tmp_path, trials=2)
    search(tuner, X, Y, workers=1, verbose=0, callbacks=[DiesOnce(tmp_path / "died", always=True)], **DATA)
    assert statuses(tuner) == {"FAILED": 2}
    assert "died 2 times" in tuner.oracle.trials["0"].message


class Custom(keras_tuner.HyperModel):
    """A fit of its own, which returns the name of the policy it ran under as a number."""

    def build(self, hp):
        return build(hp)

    def fit(self, hp, model, *args, **kwargs):
        kwargs.pop("validation_data")
        model.fit(*args, **kwargs)
        return {"val_accuracy": float(keras.config.dtype_policy().name == "mixed_bfloat16")}


def test_hypermodel_with_a_fit_of_its_own_and_a_global_policy(tmp_path):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        tuner = random_search(tmp_path, Custom(), trials=2)
        search(tuner, X, Y, workers=1, verbose=0, **DATA)
    finally:
        keras.config.set_dtype_policy(before)
    assert [t.score for t in tuner.oracle.trials.values()] == [1.0, 1.0]


class Formula(keras_tuner.BayesianOptimization):
    """Tunes something that is no model at all."""

    def run_trial(self, trial, *args, **kwargs):
        return trial.hyperparameters.Float("x", -1, 1) ** 2


def test_run_trial_of_the_users_own(tmp_path):
    tuner = Formula(max_trials=6, directory=tmp_path, project_name="p", seed=1)
    search(tuner, workers=2, verbose=0)
    assert statuses(tuner) == {"COMPLETED": 6}
    best = tuner.oracle.get_best_trials(1)[0]
    assert best.score == pytest.approx(best.hyperparameters.values["x"] ** 2)


class Noting(keras_tuner.RandomSearch):
    """Notes what the search does; and what its trials do, in a worker."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.notes = []

    def on_search_begin(self):
        self.notes.append("begin")

    def on_search_end(self):
        self.notes.append("end")

    def on_trial_begin(self, trial):
        self.notes.append(f"begin {trial.trial_id}")

    def on_trial_end(self, trial):
        self.notes.append(f"end {trial.trial_id}: {trial.status}, {trial.metrics.get_best_value('val_accuracy'):.1f}")
        print("told")
        super().on_trial_end(trial)

    def run_trial(self, trial, *args, **kwargs):
        assert not self.notes, "a worker notes nothing"
        return {"val_accuracy": trial.hyperparameters.Float("x", 0.4, 0.5) * 0 + 0.5}


def test_a_tuner_of_ones_own_keeps_its_notes_as_in_its_own_search(tmp_path, capsys):
    ours = Noting(build, "val_accuracy", max_trials=3, seed=1, directory=tmp_path / "ours")
    search(ours, X, Y, workers=1, verbose=0, **DATA)
    assert capsys.readouterr().out.count("told") == 3
    assert ours.notes == ["begin", *[f"{word}" for n in range(3) for word in (f"begin {n}", f"end {n}: COMPLETED, 0.5")], "end"]
    assert statuses(ours) == {"COMPLETED": 3}
    assert ours.oracle.end_trial.__func__ is type(ours.oracle).end_trial


class NaNOnce(keras_tuner.RandomSearch):
    """Its first run of each trial comes to no number."""

    def run_trial(self, trial, *args, **kwargs):
        trial.hyperparameters.Float("x", 0.0, 1.0)
        mark = os.path.join(self.directory, f"mark-{trial.trial_id}")
        first = not os.path.exists(mark)
        with open(mark, "w"):
            return float("nan") if first else 0.5


def test_a_trial_that_is_tried_again_has_the_second_runs_score(tmp_path):
    """KerasTuner's own keeps the metrics of the first run and drops those of the second."""
    tuner = NaNOnce(objective=keras_tuner.Objective("score", "max"), max_trials=2, directory=tmp_path, project_name="p",
                    max_retries_per_trial=1, seed=1)
    search(tuner, workers=1, verbose=0)
    assert [(trial.status, trial.score) for trial in tuner.oracle.trials.values()] == [("COMPLETED", 0.5)] * 2


def small(hp):
    return build(hp) if hp.Choice("units", [4, 8]) and hp.Choice("learning_rate", [0.1, 0.01]) else None


def test_grid_search_covers_the_grid(tmp_path):
    tuner = keras_tuner.GridSearch(small, "val_accuracy", directory=tmp_path, project_name="p", seed=1)
    search(tuner, X, Y, workers=2, verbose=0, **DATA)
    tried = {(v["units"], v["learning_rate"]) for v in (t.hyperparameters.values for t in tuner.oracle.trials.values())}
    assert len(tried) == len(tuner.oracle.trials) == 2 * 2


@pytest.mark.parametrize(("kwargs", "error", "words"), [
    ({"workers": 0, **DATA}, ValueError, "workers must be a whole number of at least 1"),
    ({"workers": "two", **DATA}, ValueError, "or None for one a core"),
    ({"workers": 1}, ValueError, r"add validation_data=\(x_val, y_val\)"),
    ({"workers": 1, "callbacks": [threading.Lock()], **DATA}, TypeError, "cannot be sent to worker processes"),
])
def test_mistakes_are_said_before_anything_runs(tmp_path, kwargs, error, words):
    tuner = random_search(tmp_path)
    with pytest.raises(error, match=words):
        search(tuner, X, Y, **kwargs)
    assert not tuner.oracle.trials


def test_a_dataset_is_refused_with_the_mend(tmp_path):
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(32)
    with pytest.raises(TypeError, match="give arrays rather than datasets"):
        search(random_search(tmp_path), data, validation_data=data)


def test_a_finished_search_returns_at_once(tmp_path, capfd):
    tuner = random_search(tmp_path, trials=2)
    search(tuner, X, Y, workers=1, verbose=0, **DATA)
    search(random_search(tmp_path, trials=2), X, Y, workers=1, **DATA)
    assert "2 trials done already" in capfd.readouterr().out
    assert len(search_log(tuner)) == 2


def test_a_trial_that_ended_before_its_line_was_written_does_not_run_again(tmp_path, monkeypatch):
    def strike(run, worker, trial):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("lib.tuning.parallel._Run.write_log", strike)
        with pytest.raises(KeyboardInterrupt):
            search(random_search(tmp_path), X, Y, workers=1, verbose=0, **DATA)
    tuner = random_search(tmp_path)
    assert next(iter(tuner.oracle.trials.values())).status == "COMPLETED"
    search(tuner, X, Y, workers=1, verbose=0, **DATA)
    assert [row["trial_id"] for row in search_log(tuner)] == ["1", "2", "3"]
    assert {trial.status for trial in tuner.oracle.trials.values()} == {"COMPLETED"} and len(tuner.oracle.trials) == 4


def test_not_a_tuner():
    with pytest.raises(TypeError, match="takes a KerasTuner tuner"):
        search("hyperband", X, Y)


# ------------------------------------------------------------------------------- stops and kills, from outside

SCRIPT = """
    import sys
    import time

    from lib.tuning import search, warm_up

    warm_up()
    import keras
    import keras_tuner
    import numpy as np

    print("script runs", flush=True)

    class Slow(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            time.sleep(0.1)

    def build(hp):
        model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8), keras.layers.Dense(2)])
        adam = keras.optimizers.Adam(hp.Float("learning_rate", 1e-3, 1e-1, sampling="log"))
        model.compile(adam, keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        return model

    x = np.random.default_rng(1).normal(size=(330, 8)).astype("float32")
    y = (x[:, 0] > 0).astype("int32")
    tuner = keras_tuner.Hyperband(
        build, "val_accuracy", max_epochs=4, factor=2, directory=sys.argv[1], project_name="p", seed=1
    )
    print("trials at the start:", len(tuner.oracle.trials), flush=True)
    search(tuner, x, y, workers=2, validation_data=(x, y), callbacks=[Slow()])
    print("complete:", sum(t.status == "COMPLETED" for t in tuner.oracle.trials.values()), flush=True)
"""


class Script:
    """A search in a process group of its own, as from a shell."""

    def __init__(self, folder):
        self.folder = folder
        path = folder / "script.py"
        path.write_text(textwrap.dedent(SCRIPT))
        self.output = folder / "printed.txt"
        with open(self.output, "a") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(path), str(folder)], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def finished(self):
        """Ids of the trials that have ended, from the log."""
        path = self.folder / "p" / "search_log.jsonl"
        return [json.loads(line)["trial_id"] for line in path.read_text().splitlines()] if path.exists() else []

    def wait_for(self, count):
        wait(lambda: len(self.finished()) >= count or self.process.poll() is not None)
        assert self.process.poll() is None, self.output.read_text()

    def complete(self):
        assert self.process.wait(120) == 0, self.output.read_text()
        return self.output.read_text()


def check_resumed(script, before):
    """The second run repeats nothing that was finished, and reaches all 15 trials."""
    printed = script.complete()
    assert printed.endswith("complete: 15\n")
    finished = script.finished()
    assert finished[: len(before)] == before
    assert len(finished) == len(set(finished)) == 15
    return printed


@pytest.mark.long("kills of a search")
def test_ctrl_c_leaves_no_process_and_the_same_call_goes_on(tmp_path):
    script = Script(tmp_path)
    script.wait_for(3)
    started = family(script.process.pid)
    os.killpg(script.process.pid, signal.SIGINT)
    assert script.process.wait(20) != 0
    wait_gone(started)
    before = script.finished()
    assert script.output.read_text().count("script runs") == 1  # no worker has run it a second time
    printed = check_resumed(Script(tmp_path), before)
    assert "KeyboardInterrupt" in printed and "stopped (the same call goes on from here)" in printed
    assert f"{len(before)} trials done already" in printed


@pytest.mark.long("kills of a search")
def test_kill_of_everything_loses_only_the_running_trials(tmp_path):
    script = Script(tmp_path)
    script.wait_for(4)
    os.killpg(script.process.pid, signal.SIGKILL)
    script.process.wait()
    check_resumed(Script(tmp_path), script.finished())


@pytest.mark.long("kills of a search")
def test_kill_of_the_caller_ends_the_workers(tmp_path):
    script = Script(tmp_path)
    script.wait_for(1)
    started = family(script.process.pid)
    assert len(started) >= 3
    script.process.kill()
    script.process.wait()
    wait_gone(started)


def test_repair_after_a_kill_between_two_writes(tmp_path):
    """A trial the Oracle's file does not know is forgotten; one it believes running but that is finished is not rerun."""
    tuner = random_search(tmp_path)
    oracle = tuner.oracle
    done, running, unknown = (oracle.create_trial(name) for name in "abc")
    oracle.update_trial(done.trial_id, {"val_accuracy": 0.5})
    done.status = "COMPLETED"
    oracle.score_trial(done)
    oracle._save_trial(done)
    del oracle.ongoing_trials["c"]
    oracle.start_order.remove(unknown.trial_id)
    tuner.save()
    again = random_search(tmp_path).oracle
    repair(again)
    assert set(again.trials) == {done.trial_id, running.trial_id}
    assert again.end_order == [done.trial_id]
    assert again._retry_queue == [running.trial_id]
    assert again.create_trial("a").trial_id == running.trial_id
    assert again.create_trial("b").trial_id == unknown.trial_id


def test_repair_after_a_kill_between_the_score_and_the_end_of_a_trial(tmp_path):
    tuner = random_search(tmp_path)
    trial = tuner.oracle.create_trial("a")
    tuner.oracle.update_trial(trial.trial_id, {"val_accuracy": 0.1})
    tuner.save()
    again = random_search(tmp_path).oracle
    repair(again)
    assert not again.create_trial("a").metrics.exists("val_accuracy")
