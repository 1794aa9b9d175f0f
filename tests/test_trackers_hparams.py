"""TensorBoard's HParams page from a trials frame: what it is told, judged by TensorBoard's own reading of the files."""

import json

import keras_tuner as kt
import numpy as np
import optuna
import pandas as pd
import pytest
from google.protobuf import json_format
from sklearn.linear_model import LogisticRegression
from tensorboard.backend.event_processing import event_multiplexer
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata, summary
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from lib.errors import CourseError
from lib.trackers.hparams import read_hparams, read_scalars, write_hparams
from lib.trials import trials_frame

FRAME = pd.DataFrame({
    "trial": [1, 2, 3, 4, 5],
    "units": [32, 64, 96, 32, 32],
    "learning_rate": [0.1, 0.01, 0.001, np.nan, 0.1],
    "optimizer": ["adam", "sgd", None, "adam", "adam"],
    "dropout": pd.Series([True, False, None, True, True], dtype=object),
    "layers": [2, 2, 2, 2, 2],
    "score": [0.5, np.nan, 0.7, 0.6, 0.4],
    "direction": "max",
    "seconds": [1.5, 2.5, np.nan, 3.5, 0.5],
    "epochs": pd.array([3, None, 2, 1, 1], dtype="Int64"),
    "status": ["COMPLETED", "FAILED", "PRUNED", "RUNNING", "COMPLETED"],
})


def told(folder, run, tag):
    """Return what TensorBoard's own multiplexer finds about hyperparameters in a run."""
    runs = event_multiplexer.EventMultiplexer().AddRunsFromDirectory(str(folder)).Reload()
    content = runs.SummaryMetadata(run, tag).plugin_data.content
    name = tag.rpartition("/")[2]
    return getattr(metadata, f"parse_{name}_plugin_data")(content)


def test_what_is_written_is_read_back(tmp_path):
    assert write_hparams(FRAME, tmp_path / "new") == tmp_path / "new"
    found = read_hparams(tmp_path / "new")
    assert found.run.tolist() == [f"trial_{n}" for n in range(1, 6)] and found.trial.tolist() == list("12345")
    assert found.columns[-1] == "status" and "direction" not in found
    for name in ("units", "learning_rate", "optimizer", "dropout", "layers", "score", "seconds", "epochs", "status"):
        ours, theirs = FRAME[name].astype(object), found[name].astype(object)
        assert (ours.isna() == theirs.isna()).all(), name
        expected = ours.dropna().tolist()
        if name in ("score", "seconds", "epochs"):
            assert theirs.dropna().tolist() == pytest.approx(expected)  # TensorBoard keeps scalars as float32
        else:
            assert theirs.dropna().tolist() == expected


def test_the_page_is_told_every_column_its_type_and_its_domain(tmp_path):
    experiment = told(write_hparams(FRAME, tmp_path), ".", metadata.EXPERIMENT_TAG)
    infos = {info.name: info for info in experiment.hparam_infos}
    assert set(infos) == {"units", "learning_rate", "optimizer", "dropout", "layers", "status"}
    assert infos["optimizer"].type == infos["status"].type == api_pb2.DATA_TYPE_STRING
    assert list(infos["optimizer"].domain_discrete) == ["adam", "sgd"]
    assert infos["dropout"].type == api_pb2.DATA_TYPE_BOOL and list(infos["dropout"].domain_discrete) == [False, True]
    assert infos["units"].type == api_pb2.DATA_TYPE_FLOAT64
    assert (infos["units"].domain_interval.min_value, infos["units"].domain_interval.max_value) == (32, 96)
    assert {name for name, info in infos.items() if info.differs} == {"units", "learning_rate", "optimizer", "dropout"}
    assert [metric.name.tag for metric in experiment.metric_infos] == ["score", "seconds", "epochs"]


def test_how_a_trial_ended(tmp_path):
    write_hparams(FRAME, tmp_path)
    ends = [told(tmp_path, f"trial_{n}", metadata.SESSION_END_INFO_TAG).status for n in range(1, 6)]
    success, unknown = api_pb2.STATUS_SUCCESS, api_pb2.STATUS_UNKNOWN
    assert ends == [success, api_pb2.STATUS_FAILURE, unknown, api_pb2.STATUS_RUNNING, success]


def test_trials_with_equal_hyperparameters_keep_rows_of_their_own(tmp_path):
    write_hparams(FRAME, tmp_path)
    groups = {told(tmp_path, f"trial_{n}", metadata.SESSION_START_INFO_TAG).group_name for n in (1, 5)}
    assert groups == {"1", "5"}


def test_an_outcome_has_one_value_so_that_the_last_is_the_best(tmp_path):
    scalars = read_scalars(write_hparams(FRAME, tmp_path))
    assert not scalars.duplicated(["run", "tag"]).any() and set(scalars.step) == {0}


def test_a_run_that_has_diverged_says_so(tmp_path):
    write_hparams(FRAME[:1], tmp_path)
    writer = EventFileWriter(str(tmp_path / "trial_1"))
    for step, loss in enumerate([0.5, np.nan]):
        writer.add_event(Event(step=step, summary=scalar_pb("loss", loss)))
    writer.close()
    assert read_scalars(tmp_path).query("tag == 'loss'")["value"].tolist()[0] == 0.5 and np.isnan(read_hparams(tmp_path).loss[0])


def test_written_again_the_old_trials_are_gone_and_other_files_stay(tmp_path):
    (tmp_path / "trial_1").mkdir()
    (tmp_path / "trial_1" / "notes.txt").write_text("mine")
    write_hparams(FRAME, tmp_path)
    write_hparams(FRAME[:2], tmp_path)
    assert read_hparams(tmp_path).trial.tolist() == ["1", "2"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["trial_1", "trial_2"]
    assert (tmp_path / "trial_1" / "notes.txt").exists()


def test_own_outcomes_and_mixed_values(tmp_path):
    frame = FRAME.assign(test_accuracy=0.5, first=[None, "relu", 3, True, 2.5], nothing=np.nan)
    write_hparams(frame, tmp_path, metrics=["score", "test_accuracy", "nothing"])
    found = read_hparams(tmp_path)
    assert found.test_accuracy.tolist() == [0.5] * 5
    assert found["first"].tolist()[1:] == ["relu", "3", "True", "2.5"]
    assert not {"seconds", "epochs", "nothing"} & set(found), "not asked for, or without any value"


ANY = {
    "layers": [[64], [32, 32], [64], None],
    "weights": [{0: 2}, {0: 2, 1: 3}, {0: 2}, {0: 2}],
    "estimator": [LogisticRegression(C=2), "none", LogisticRegression(C=2), "none"],
    "depth": ["None", 3, "3", 3.0],
    "rate": [0.1, np.inf, -np.inf, np.nan],
    "seed": [2**53, 2**53 + 1, 2**53, 2**53],
    "share": [1, 1.0, 0.5, 1],
    "mixed": [True, 1, False, 0],
}


def test_any_value_is_told_and_no_two_are_told_alike(tmp_path):
    frame = FRAME[:4].assign(**{name: pd.Series(values, dtype=object) for name, values in ANY.items()})
    found = read_hparams(write_hparams(frame, tmp_path))
    assert found.layers.tolist()[:3] == ["[64]", "[32, 32]", "[64]"] and pd.isna(found.layers[3])
    assert found.weights.tolist() == ["{0: 2}", "{0: 2, 1: 3}", "{0: 2}", "{0: 2}"]
    assert found.estimator.tolist() == ["LogisticRegression(C=2)", "none"] * 2
    assert found.depth.tolist() == ["None", "3", "'3'", "3.0"]
    assert found.rate.tolist()[:3] == ["0.1", "inf", "-inf"] and pd.isna(found.rate[3])
    assert found.seed.nunique() == 2 and found.share.tolist() == ["1", "1.0", "0.5", "1"]
    assert found.mixed.tolist() == ["True", "1", "False", "0"]


def test_the_page_can_send_what_is_written(tmp_path):
    frame = FRAME[:4].assign(**{name: pd.Series(values, dtype=object) for name, values in ANY.items()}, score=[np.inf, 1, 2, 3])
    write_hparams(frame, tmp_path)
    for message in (
        told(tmp_path, ".", metadata.EXPERIMENT_TAG),
        *[told(tmp_path, f"trial_{n}", metadata.SESSION_START_INFO_TAG) for n in range(1, 5)],
    ):
        assert json.loads(json_format.MessageToJson(message))


def test_every_chosen_value_of_a_search_is_on_its_trials_line(tmp_path):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(1))
    choices = {"act": ["relu", None], "layers": [[64], [64, 64]]}
    study.optimize(lambda trial: len([trial.suggest_categorical(*pair) for pair in choices.items()]), n_trials=8)
    found = read_hparams(write_hparams(trials_frame(study), tmp_path))
    assert found.act.tolist() == [str(trial.params["act"]) for trial in study.trials]
    assert found.layers.tolist() == [str(trial.params["layers"]) for trial in study.trials]


def test_what_another_program_called_like_our_columns_keeps_a_name_of_its_own(tmp_path):
    writer = EventFileWriter(str(tmp_path / "theirs"))
    start = summary.session_start_pb({"run": "first", "trial": 7.0, "loss": "mse"}, group_name="g")
    for message in (start, scalar_pb("loss", 0.5), scalar_pb("run", 3.0)):
        own = Summary.FromString(message.SerializeToString())
        writer.add_event(Event(step=0, summary=own))
    writer.close()
    (row,) = read_hparams(tmp_path).to_dict("records")
    assert (row["run"], row["trial"], row["param_run"], row["param_trial"], row["loss"]) == ("theirs", "g", "first", 7, "mse")
    assert row["metric_loss"] == 0.5 and row["metric_run"] == 3


def test_one_branch_of_a_space_is_written_without_the_columns_of_the_other(tmp_path):
    other = {"trial": [1, 2], "model": "svm", "C": [0.1, 5.0], "neighbours": [np.nan] * 2, "kernel": [None] * 2}
    frame = pd.DataFrame(other | {"score": [0.5, 0.6], "status": "COMPLETED"})
    found = read_hparams(write_hparams(frame, tmp_path, ["score"]))
    assert found.columns.tolist() == ["run", "trial", "C", "model", "score", "status"]
    experiment = told(tmp_path, ".", metadata.EXPERIMENT_TAG)
    assert [info.name for info in experiment.hparam_infos] == ["model", "C", "status"], "nothing to tick without a value"


def test_a_column_may_be_called_by_a_number(tmp_path):
    folder = write_hparams(FRAME.assign(**{"rate": 1}).rename(columns={"rate": 7}), tmp_path)
    assert read_hparams(folder)["7"].tolist() == [1] * len(FRAME)


def test_what_cannot_be_written_is_told_in_one_line(tmp_path):
    for frame, metrics, message in [
        (FRAME[:0], ["score"], "no trials yet"),
        (FRAME.drop(columns="status"), ["score"], "no column 'status'"),
        (FRAME, ["accuracy"], "metrics: 'accuracy'"),
        (FRAME, ["optimizer"], "metrics: 'optimizer'"),
        (FRAME.assign(trial=[1, 2, 3, 2, 5]), ["score"], "trial: two rows have the number 2"),
        (FRAME.assign(trial=list("abcde")), ["score"], "trial: the trials have whole numbers"),
        (FRAME.assign(status=None), ["score"], "status: a trial has none"),
        (pd.concat([FRAME, FRAME[["units"]]], axis=1), ["score"], "two of its columns are called 'units'"),
    ]:
        with pytest.raises(CourseError, match=message) as caught:
            write_hparams(frame, tmp_path / "none", metrics)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "none").exists()
    for read in (read_scalars, read_hparams):
        with pytest.raises(CourseError, match="no event file"):
            read(tmp_path)


def test_reading_what_a_callback_wrote_in_a_search(tmp_path):
    import keras

    def build(hp):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(hp.Choice("rate", [0.01, 0.1, 9.0])), "mse")
        return model

    objective, logs = kt.Objective("val_loss", "min"), tmp_path / "logs"
    tuner = kt.RandomSearch(build, objective, max_trials=2, seed=1, directory=tmp_path)
    x, y = np.eye(2), np.ones(2)
    callback = keras.callbacks.TensorBoard(logs, write_graph=False)
    tuner.search(x, y, validation_data=(x, y), epochs=3, verbose=0, callbacks=[callback])
    frame, found = trials_frame(tuner), read_hparams(logs).set_index("trial")
    found = found.loc[list(tuner.oracle.start_order)]
    assert found.rate.tolist() == frame.rate.tolist()
    assert found.status.tolist() == ["SUCCESS", "SUCCESS"]
    curves = read_scalars(logs)
    curves = curves[curves.tag == "epoch_loss"].pivot(index="run", columns="step", values="value")
    curves = curves.loc[[f"{run}/validation" for run in found.run]]
    assert found["validation.epoch_loss"].tolist() == curves[2].tolist(), "the last epoch, not the best"
    assert curves.min(axis=1).tolist() == pytest.approx(frame.score.tolist())


def test_a_folder_without_hyperparameters_has_no_rows(tmp_path):
    import tensorflow as tf

    with tf.summary.create_file_writer(str(tmp_path / "own")).as_default():
        tf.summary.scalar("gradient", 0.25, step=7)
        tf.summary.histogram("weights", [1.0, 2.0], step=7)
    assert read_hparams(tmp_path).empty
    assert read_scalars(tmp_path).to_dict("records") == [{"run": "own", "tag": "gradient", "step": 7, "value": 0.25}]
