"""A finished search as one table: columns, order, values, and the rows of trials that failed."""

import json
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import hypothesis
import keras_tuner as kt
import numpy as np
import optuna
import pandas as pd
import pytest
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  its import makes the halving searches importable
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from lib import tuning
from lib.columns import is_gap
from lib.errors import CourseError
from lib.trials import trials_frame

LAST = ["score", "direction", "seconds", "epochs", "status"]


def space(hp):
    hp.Int("units", 32, 96, step=32)
    if hp.Choice("optimizer", ["adam", "sgd"]) == "sgd":
        with hp.conditional_scope("optimizer", ["sgd"]):
            hp.Float("momentum", 0.0, 0.9)


class Fake(kt.RandomSearch):
    """A search without training: the score is computed from the hyperparameters, and 64 units fail."""

    def _populate_initial_space(self):
        hp = self.oracle.get_space()
        for optimizer in ("adam", "sgd"):
            hp.values["optimizer"] = optimizer
            space(hp)
        self.oracle.update_space(hp)

    def run_trial(self, trial, **kwargs):
        if trial.hyperparameters.get("units") == 64:
            raise ValueError("no 64 here")
        return {"accuracy": trial.hyperparameters.get("units") / 100}


@pytest.fixture
def fake(tmp_path):
    objective = kt.Objective("accuracy", "max")
    tuner = Fake(None, objective, max_trials=12, seed=1, directory=tmp_path, max_consecutive_failed_trials=12)
    tuner.search(verbose=0)
    return tuner


def test_columns_types_and_order(fake):
    frame = trials_frame(fake)
    assert frame.columns[0] == "trial" and frame.columns[-5:].tolist() == LAST
    assert set(frame.columns) == {"trial", "units", "optimizer", "momentum", *LAST}
    assert frame.trial.tolist() == list(range(1, 13))
    assert frame.dtypes[["score", "seconds"]].tolist() == ["float64", "float64"] and frame.epochs.dtype == "Int64"
    assert set(frame.direction) == {"max"}


def test_failed_trials_keep_their_rows(fake):
    frame = trials_frame(fake)
    failed = frame.units == 64
    assert failed.any() and not failed.all()
    assert (frame.status[failed] != "COMPLETED").all() and (frame.status[~failed] == "COMPLETED").all()
    assert frame.score[failed].isna().all()
    assert (frame.score[~failed] == frame.units[~failed] / 100).all()


def test_a_condition_leaves_a_gap(fake):
    frame = trials_frame(fake)
    assert (frame.momentum.isna() == (frame.optimizer == "adam")).all()


def test_hyperband_says_bracket_round_and_epochs(tmp_path):
    class FakeHyperband(kt.Hyperband):
        run_trial = Fake.run_trial

    hp = kt.HyperParameters()
    hp.Int("units", 1, 1000)
    objective = kt.Objective("accuracy", "max")
    tuner = FakeHyperband(lambda hp: None, objective, max_epochs=10, hyperparameters=hp, seed=1, directory=tmp_path)
    tuner.search(verbose=0)
    frame = trials_frame(tuner)
    rows = pd.DataFrame(tuning.brackets(10, 3))
    found = frame.groupby(["bracket", "round"]).epochs.agg(["size", "sum"]).sort_index()
    expected = rows.set_index(["bracket", "round"])[["trials", "epochs"]].sort_index()
    assert found.to_numpy().tolist() == expected.to_numpy().tolist()
    assert not [column for column in frame if column.startswith("tuner/")]


# --- a fitted scikit-learn search


class Pretender(BaseEstimator, ClassifierMixin):
    """A classifier that trains nothing, and cannot be fitted with 64 units."""

    def __init__(self, units=1, epochs=3, callbacks=None):
        self.units, self.epochs, self.callbacks = units, epochs, callbacks

    def fit(self, x, y):
        if self.units == 64:
            raise ValueError("no 64 here")
        self.classes_ = np.unique(y)
        return self

    def predict(self, x):
        return np.resize(self.classes_, len(x))

    def score(self, x, y):
        return self.units / 100


def searched(estimator, grid, **settings):
    x, y = np.zeros((12, 2)), np.arange(12) % 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn counts the failed fits
        return GridSearchCV(estimator, grid, cv=3, **settings).fit(x, y)


def test_a_search_has_the_columns_and_types_of_a_tuner(fake):
    frame = trials_frame(searched(Pretender(), {"units": [32, 64, 96]}, refit=False))
    tuner = trials_frame(fake)
    assert frame.columns.tolist() == ["trial", "units", *LAST]
    shared = ["trial", "units", *LAST]
    assert frame[shared].dtypes.tolist() == tuner[shared].dtypes.tolist()
    assert frame.trial.tolist() == [1, 2, 3] and set(frame.direction) == {"max"}
    assert frame.seconds.gt(0).all()


def test_a_failed_fold_keeps_its_row():
    frame = trials_frame(searched(Pretender(), {"units": [32, 64, 96]}, refit=False))
    assert frame.status.tolist() == ["COMPLETED", "FAILED", "COMPLETED"]
    assert frame.score.tolist()[::2] == [0.32, 0.96] and np.isnan(frame.score[1])
    assert frame.epochs.tolist()[::2] == [9, 9] and pd.isna(frame.epochs[1]), "three epochs in each of three folds"


def test_names_of_steps_are_left_out_and_no_column_comes_twice():
    pipeline = Pipeline([("scale", StandardScaler()), ("net", Pretender())])
    frame = trials_frame(searched(pipeline, {"net__units": [1, 2], "net__epochs": [4, 5]}))
    assert frame.columns.tolist() == ["trial", "param_epochs", "units", *LAST]
    assert frame.param_epochs.tolist() == [4, 4, 5, 5] and frame.epochs.tolist() == [12, 12, 15, 15]
    two = Pipeline([("a", StandardScaler()), ("b", StandardScaler()), ("net", Pretender())])
    frame = trials_frame(searched(two, {"a__with_std": [True, False], "b__with_std": [True]}))
    assert frame.columns.tolist() == ["trial", "a__with_std", "b__with_std", *LAST]


def test_a_condition_of_a_grid_leaves_a_gap():
    frame = trials_frame(searched(Pretender(), [{"units": [1]}, {"epochs": [2]}]))
    assert frame.units.isna().tolist() == [False, True] and frame.epochs.tolist() == [9, 6]


def test_nobody_knows_epochs_where_a_callback_may_stop():
    assert trials_frame(searched(Pretender(callbacks=["stop"]), {"units": [1]})).epochs.isna().all()
    assert trials_frame(searched(LogisticRegression(), {"C": [1]})).epochs.isna().all()


def test_the_metric_that_decides_is_the_score():
    metrics = {"scoring": {"share": "accuracy", "loss": "neg_log_loss"}}
    search = searched(LogisticRegression(), {"C": [1, 2]}, refit="loss", **metrics)
    assert trials_frame(search).score.tolist() == search.cv_results_["mean_test_loss"].tolist()
    with pytest.raises(ValueError, match="several metrics"):
        trials_frame(searched(LogisticRegression(), {"C": [1, 2]}, refit=False, **metrics))


def test_a_search_without_results_and_what_is_no_search_are_told_so():
    with pytest.raises(CourseError, match="fit first"):
        trials_frame(GridSearchCV(Pretender(), {"units": [1]}))
    with pytest.raises(CourseError, match="A list is no search"):
        trials_frame([1, 2])


def grown(candidates):
    """Return a fitted search over parameters of which a classifier takes any value, and their candidates in its order."""
    return trials_frame(searched(Anything(), candidates))


class Anything(Pretender):
    def __init__(self, value=1, other=1):
        self.value, self.other = value, other

    def fit(self, x, y):
        return self

    def score(self, x, y):
        return 0.5


VALUES = {
    "lists": [[5], [5, 5], [10]],
    "tuples": [(5,), (5, 5)],
    "dicts": [{0: 2}, {0: 1, "a": None}],
    "booleans": [True, False],
    "booleans and numbers": [True, 1, 1.0, "1", "True"],
    "a count and a share": [1, 1.0],
    "infinities": [1.0, np.inf, -np.inf],
    "functions": [len, max],
    "estimators": [LogisticRegression(C=1), StandardScaler(), Pipeline([("scale", StandardScaler())])],
    "long numbers": [2**53, 2**53 + 1],
    "longer numbers": [2**70, 1],
    "arrays": [np.array([1.0, 2.0]), np.array([3.0])],
    "texts": ["None", "nan", ""],
    "one of each": [[5], (5,), {0: 2}, True, "a", 1, 0.5],
}


@pytest.mark.parametrize("gap", [False, True])
@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_a_value_stays_as_it_was_chosen(values, gap):
    candidates = [{"value": values}] + [{"other": [2]}] * gap
    kept = grown(candidates).value
    assert [repr(value) for value in kept[: len(values)]] == [repr(value) for value in values]
    assert kept.isna().tolist() == [False] * len(values) + [True] * gap


CHOSEN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.integers(0, 3), inner, max_size=2) | st.tuples(inner),
    max_leaves=3,
)
HYPERPARAMETERS = st.sampled_from(["units", "net__units", "a__score", "score", "param_score", "trial", "epochs", "a__epochs"])


@hypothesis.settings(max_examples=200, deadline=None)
@hypothesis.given(st.lists(st.dictionaries(HYPERPARAMETERS, CHOSEN, max_size=4), min_size=1, max_size=4))
def test_every_value_of_every_candidate_is_in_a_column_of_its_own(candidates):
    zeros = np.zeros(len(candidates))
    results = {"params": candidates, "mean_test_score": zeros, "mean_fit_time": zeros, "mean_score_time": zeros}
    search = SimpleNamespace(cv_results_=results, n_splits_=2, multimetric_=False, estimator=LogisticRegression())
    frame = trials_frame(search)
    names = {name for candidate in candidates for name in candidate}
    own = frame.drop(columns=["trial", *LAST])
    assert frame.columns.is_unique and len(own.columns) == len(names)
    for place, candidate in enumerate(candidates):
        kept = [value for column in own if not is_gap(value := own[column].tolist()[place])]
        assert len(kept) == len(candidate)
        for chosen in candidate.values():
            told = str(chosen) if is_gap(chosen) else chosen
            kept.pop(next(number for number, value in enumerate(kept) if alike(value, told)))


def alike(kept, told):
    """Say whether two values are the same; a whole number may have become a float among others."""
    return repr(kept) == repr(told) or (isinstance(kept, float) and type(told) is int and kept == told)


def test_none_and_nan_that_were_chosen_are_no_gaps():
    frame = grown([{"value": [None, 1, float("nan"), "a"]}, {"other": [2]}])
    assert frame.value[:4].tolist() == ["None", 1, "nan", "a"] and frame.value.isna().tolist() == [False] * 4 + [True]

    def objective(trial):
        trial.suggest_categorical("act", ["relu", None])
        trial.suggest_categorical("layers", [[64], [64, 64]])
        return 1.0

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(1))
    study.optimize(objective, n_trials=8)
    frame = trials_frame(study)
    assert frame.act.tolist() == [str(trial.params["act"]) for trial in study.trials] and set(frame.act) == {"relu", "None"}
    assert frame.layers.tolist() == [trial.params["layers"] for trial in study.trials]


def test_two_hyperparameters_never_share_a_column(tmp_path):
    two = Pipeline([("a", StandardScaler()), ("b", StandardScaler()), ("net", Pretender())])
    frame = trials_frame(searched(two, [{"a__with_std": [True]}, {"b__with_std": [False]}]))
    assert frame.columns.tolist() == ["trial", "a__with_std", "b__with_std", *LAST], "also where no candidate has both"
    names = ["score", "param_score", "trial", "param_param_score", "status"]
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(1))
    study.optimize(lambda trial: sum(trial.suggest_float(name, 0, 1) for name in names[: 1 + trial.number]), n_trials=5)
    frame = trials_frame(study)
    assert frame.columns.is_unique and len(frame.columns) == 6 + len(names)
    own = [column for column in frame if column not in ("trial", *LAST)]
    assert frame[own].iloc[-1].tolist() == [study.trials[-1].params[name] for name in names]

    class FakeHyperband(kt.Hyperband):
        run_trial = Fake.run_trial

    hp = kt.HyperParameters()
    hp.Choice("round", [7, 8])
    hp.Choice("bracket", ["a", "b"])
    hp.Int("units", 1, 50)
    settings = {"max_epochs": 3, "hyperparameters": hp, "seed": 1, "directory": tmp_path}
    tuner = FakeHyperband(lambda hp: None, kt.Objective("accuracy", "max"), **settings)
    tuner.search(verbose=0)
    frame = trials_frame(tuner)
    assert set(frame.param_round) <= {7, 8} and set(frame.param_bracket) <= {"a", "b"}
    assert set(frame["round"]) <= {0, 1} and set(frame.bracket) == {0, 1}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_halving_search_says_the_round_of_each_row(seed):
    x, y = make_classification(120, random_state=seed)
    space = {"n_neighbors": list(range(1, 12))}
    search = HalvingRandomSearchCV(KNeighborsClassifier(), space, n_candidates=9, random_state=seed).fit(x, y)
    frame = trials_frame(search)
    assert frame.columns.tolist() == ["trial", "n_neighbors", "iter", "n_resources", *LAST]
    assert frame.n_resources.unique().tolist() == search.n_resources_
    assert frame.groupby("iter").size().tolist() == search.n_candidates_
    last = frame[frame.iter == frame.iter.max()]
    assert last.n_neighbors[last.score.idxmax()] == search.best_params_["n_neighbors"]


def test_epochs_that_are_no_whole_number_are_not_known():
    assert trials_frame(searched(Pretender(), {"epochs": [2, 2.5, "many"]})).epochs.isna().tolist() == [False, True, True]


# --- the folder of a tuner


def test_the_folder_tells_the_same_as_the_tuner(fake):
    pd.testing.assert_frame_equal(trials_frame(fake.project_dir), trials_frame(fake))


def test_a_folder_is_read_while_its_search_runs(tmp_path):
    seen = []

    class Watched(Fake):
        def run_trial(self, trial, **kwargs):
            self.oracle.save()
            if trial.trial_id == "3":
                seen.append(trials_frame(self.project_dir))
            return {"accuracy": 0.5}

    Watched(None, kt.Objective("accuracy", "max"), max_trials=4, seed=1, directory=tmp_path).search(verbose=0)
    assert seen[0].status.tolist() == ["COMPLETED"] * 3 + ["RUNNING"]
    assert seen[0].score.isna().tolist() == [False] * 3 + [True]


def test_a_hyperparameter_may_be_called_epochs(tmp_path):
    class Fixed(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            return {"loss": float(trial.hyperparameters.get("epochs"))}

    hp = kt.HyperParameters()
    hp.Int("epochs", 1, 5)
    tuner = Fixed(None, kt.Objective("loss", "min"), max_trials=3, hyperparameters=hp, seed=1, directory=tmp_path)
    tuner.search(verbose=0)
    frame = trials_frame(tuner.project_dir)
    assert frame.columns.tolist() == ["trial", "param_epochs", *LAST]
    assert set(frame.direction) == {"min"} and frame.score.tolist() == frame.param_epochs.tolist()
    assert frame.epochs.isna().all()


def test_a_folder_that_does_not_tell_the_direction_is_asked_for_it(tmp_path):
    class Two(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            return {"accuracy": 0.5, "loss": 0.5}

    hp = kt.HyperParameters()
    hp.Int("units", 1, 9)
    objective = kt.Objective("accuracy", "max")
    tuner = Two(None, objective, max_trials=2, hyperparameters=hp, seed=1, directory=tmp_path, project_name="two")
    tuner.search(verbose=0)
    with pytest.raises(CourseError, match="direction='max' or direction='min'"):
        trials_frame(tuner.project_dir)
    for direction in ("max", "min"):
        assert set(trials_frame(tuner.project_dir, direction=direction).direction) == {direction}
    for wrong in ("minimize", "MIN", "maximize", "nonsense", "", 1):
        with pytest.raises(CourseError, match=f"direction is {wrong!r}; it can be 'max' or 'min'"):
            trials_frame(tuner.project_dir, direction=wrong)


def test_a_search_that_tells_its_direction_is_given_no_other(fake):
    search, study = searched(Pretender(), {"units": [32]}), optuna.create_study(direction="maximize")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    for told in (fake, fake.project_dir, search, study):
        assert trials_frame(told, direction="max").equals(trials_frame(told))
        with pytest.raises(CourseError, match="direction is 'min', and the search itself tells 'max': leave it out"):
            trials_frame(told, direction="min")


def test_a_score_that_is_no_number_hides_no_direction(tmp_path):
    class Broken(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            return {"loss": [float("nan"), 0.5, float("inf"), 0.25][int(trial.trial_id)]}

    hp = kt.HyperParameters()
    hp.Int("units", 1, 9)
    settings = {"max_trials": 4, "hyperparameters": hp, "seed": 1, "directory": tmp_path, "max_retries_per_trial": 0}
    tuner = Broken(None, kt.Objective("loss", "min"), **settings)
    tuner.search(verbose=0)
    frame = trials_frame(tuner.project_dir)
    assert set(frame.direction) == {"min"} and frame.score[1:].tolist() == [0.5, np.inf, 0.25] and np.isnan(frame.score[0])


def test_a_folder_where_all_failed_is_a_table_too(tmp_path):
    class Failing(Fake):
        def run_trial(self, trial, **kwargs):
            raise ValueError("never")

    settings = {"max_trials": 3, "seed": 1, "directory": tmp_path, "max_consecutive_failed_trials": 9}
    tuner = Failing(None, kt.Objective("accuracy", "max"), **settings)
    tuner.search(verbose=0)
    frame = trials_frame(tuner.project_dir)
    assert len(frame) == 3 and frame.score.isna().all() and set(frame.direction) == {""}
    assert set(trials_frame(tuner.project_dir, direction="min").direction) == {"min"}


def test_a_folder_without_a_search_says_where_one_is(fake):
    with pytest.raises(CourseError, match=r"there is one in .*untitled_project"):
        trials_frame(fake.directory)
    with pytest.raises(CourseError, match="no search of KerasTuner in nowhere"):
        trials_frame("nowhere")


# --- a study of Optuna


def objective(trial):
    units = trial.suggest_int("units", 32, 96, step=32)
    if trial.suggest_categorical("optimizer", ["adam", "sgd"]) == "sgd":
        trial.suggest_float("momentum", 0.0, 0.9)
    for epoch in range(3):
        trial.report(epoch / 10, step=epoch)
        if units == 96 and epoch == 1:
            raise optuna.TrialPruned
    if units == 64:
        raise ValueError("no 64 here")
    return units / 100


@pytest.fixture
def study():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=12, catch=ValueError)
    return study


def test_a_study_has_the_columns_and_types_of_a_tuner(study, fake):
    frame, tuner = trials_frame(study), trials_frame(fake)
    assert frame.columns.tolist() == ["trial", "units", "optimizer", "momentum", *LAST]
    assert set(frame.columns) == set(tuner.columns)
    assert frame.dtypes.to_dict() == tuner[frame.columns].dtypes.to_dict()
    assert set(frame.direction) == {"max"} and frame.seconds.notna().all()


def test_pruned_and_failed_trials_of_a_study_keep_their_rows(study):
    frame = trials_frame(study)
    expected = frame.units.map({32: "COMPLETED", 64: "FAILED", 96: "PRUNED"})
    assert frame.status.tolist() == expected.tolist() and frame.status.nunique() == 3
    assert (frame.epochs == frame.units.map({32: 3, 64: 3, 96: 2})).all()
    assert (frame.score[frame.status == "PRUNED"] == 0.1).all(), "the last value it reported"
    assert frame.score[frame.status == "FAILED"].isna().all()


def test_running_and_waiting_trials_of_a_study_keep_their_rows(study):
    study.ask()
    study.enqueue_trial({"units": 32})
    frame = trials_frame(study).tail(2)
    assert frame.status.tolist() == ["RUNNING", "WAITING"]
    assert frame.score.isna().all() and frame.seconds.isna().all() and frame.epochs.isna().all()


def test_a_study_of_several_objectives_gives_the_one_asked_for():
    study = optuna.create_study(directions=["maximize", "minimize"])
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), 7), n_trials=3)
    assert trials_frame(study).score.tolist() == [t.params["x"] for t in study.trials]
    second = trials_frame(study, objective=1)
    assert set(second.score) == {7} and set(second.direction) == {"min"}
    with pytest.raises(CourseError, match="objective=2: this study has 2, counted from 0"):
        trials_frame(study, objective=2)
    for wrong in (-1, 1.0, True, "score"):
        with pytest.raises(CourseError, match=f"objective: {wrong!r} found; expected 0 or more"):
            trials_frame(study, objective=wrong)


def test_epochs_of_a_trial_may_be_any_whole_number(study):
    for epochs in (3, 3.0, np.int64(3), np.float32(3)):
        trial = study.ask()
        trial.set_user_attr("epochs", epochs)
        study.tell(trial, 1.0)
    assert trials_frame(study).epochs.tolist()[-4:] == [3] * 4


@pytest.mark.parametrize("epochs", [3.5, "three", True, float("nan"), float("inf"), 1e30])
def test_epochs_of_a_trial_that_are_no_whole_number_are_told(study, epochs):
    trial = study.ask()
    trial.set_user_attr("epochs", epochs)
    study.tell(trial, 1.0)
    with pytest.raises(CourseError, match=r"Trial 13: its user attribute 'epochs' is .*, and a table needs a whole number"):
        trials_frame(study)


def test_five_thousand_trials_in_under_a_second():
    floats, kinds = optuna.distributions.FloatDistribution(0, 1), optuna.distributions.CategoricalDistribution(["a", None])
    space = {"rate": floats, "kind": kinds}
    study = optuna.create_study()
    one = optuna.trial.create_trial(params={"rate": 0.5, "kind": None}, distributions=space, value=1.0)
    study.add_trials([one] * 5_000)
    search = searched(Anything(), {"value": [1]})
    results = {name: np.repeat(values, 5_000) for name, values in search.cv_results_.items()}
    search.cv_results_ = results | {"params": [{"value": [number], "other": None} for number in range(5_000)]}
    for finished in (study, search):
        began = time.process_time()
        assert len(trials_frame(finished)) == 5_000
        assert time.process_time() - began < 1


def test_five_thousand_trials_of_a_tuner_in_under_a_second():
    tuner = kt.RandomSearch(lambda hp: hp.Float("rate", 0, 1), kt.Objective("loss", "min"), max_trials=1)
    for number in range(5_000):
        trial = kt.engine.trial.Trial(tuner.oracle.get_space(), f"{number:04}")
        trial.hyperparameters.values["rate"] = number / 5_000
        tuner.oracle.trials[trial.trial_id] = trial
        tuner.oracle.start_order.append(trial.trial_id)
    began = time.process_time()
    assert trials_frame(tuner).rate.tolist() == [number / 5_000 for number in range(5_000)]
    assert time.process_time() - began < 1


def test_five_thousand_trials_of_a_folder_in_under_a_second(fake):
    folder = Path(fake.project_dir)
    kept = trials_frame(folder)
    first, second = ((folder / f"trial_{number:02}" / "trial.json").read_text() for number in (0, 1))
    oracle = json.loads((folder / "oracle.json").read_text())
    oracle["start_order"] += [f"more_{number}" for number in range(4_988)]
    (folder / "oracle.json").write_text(json.dumps(oracle))
    for number in range(4_988):
        (folder / f"trial_more_{number}").mkdir()
        (folder / f"trial_more_{number}" / "trial.json").write_text((first, second)[number % 2])
    began = time.process_time()
    frame = trials_frame(folder)
    assert time.process_time() - began < 1 and len(frame) == 5_000
    pd.testing.assert_frame_equal(frame[:12], kept)


def test_a_study_without_trials_is_an_empty_table():
    assert trials_frame(optuna.create_study()).columns.tolist() == ["trial", *LAST]
