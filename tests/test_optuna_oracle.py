"""The Oracle on Optuna's samplers: spaces, directions, failures, duplicates, and searches that are stopped and go on."""

import subprocess
import sys
import threading

import keras_tuner
import numpy as np
import optuna
import pytest
from kit import oracles
from kit.oracles import distinct, finish
from optuna.samplers import (
    BruteForceSampler,
    CmaEsSampler,
    GPSampler,
    GridSampler,
    NSGAIISampler,
    PartialFixedSampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from lib.errors import CourseError
from lib.tuning import search
from lib.tuning.optuna_oracle import OptunaOracle, _distribution
from lib.tuning.resume import repair

RATES = [1e-4, 1e-3, 1e-2]
SAMPLERS = {
    "TPE": lambda seed: TPESampler(n_startup_trials=4, seed=seed),
    "CMA-ES": lambda seed: CmaEsSampler(seed=seed, warn_independent_sampling=False),
    "QMC": lambda seed: QMCSampler(seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
    "NSGA-II": lambda seed: NSGAIISampler(population_size=4, seed=seed),
    "grid": lambda seed: GridSampler({"units": [16, 32, 48, 64], "rate": [0.1, 0.2, 0.3, 0.4, 0.5]}, seed=seed),
}


def plane():
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 16, 64, step=16)
    hp.Float("rate", 0.1, 0.5)
    return hp


def conditional():
    hp = keras_tuner.HyperParameters()
    hp.Choice("optimizer", ["adam", "sgd"])
    with hp.conditional_scope("optimizer", ["sgd"]):
        hp.Float("momentum", 0.0, 0.9)
        hp.Float("rate", 0.1, 1.0)
    with hp.conditional_scope("optimizer", ["adam"]):
        hp.Float("rate", 1e-4, 1e-2, sampling="log")
    return hp


def oracle_in(folder, sampler=None, hp=None, direction="max", **settings):
    objective = keras_tuner.Objective("score", direction)
    settings = {"max_trials": 20, "seed": 1} | settings
    return oracles.in_folder(OptunaOracle(sampler, objective, hyperparameters=hp or plane(), **settings), folder)


def fake(values):
    """An objective that needs no training: best, 1, at 48 units and a rate of 0.2."""
    return 1 - abs(values.get("units", 48) - 48) / 48 - abs(values.get("rate", 0.2) - 0.2)


def run(oracle, trials, score=fake):
    return oracles.run(oracle, trials, score)


# --- the space


def define(kind, *args, **kwargs):
    hp = keras_tuner.HyperParameters()
    getattr(hp, kind)("x", *args, **kwargs)
    return hp


LISTS = {
    "int": (define("Int", 3, 6), [3, 4, 5, 6]),
    "int with steps that miss the end": (define("Int", 1, 9, step=3), [1, 4, 7]),
    "int in powers of two": (define("Int", 2, 33, step=2, sampling="log"), [2, 4, 8, 16, 32]),
    "float with steps": (define("Float", 0.0, 0.5, step=0.25), [0.0, 0.25, 0.5]),
    "float with steps that miss the end": (define("Float", 0.0, 0.7, step=0.2), [0.0, 0.2, 0.4, 0.6]),
    "float with steps that meet the end but for rounding": (define("Float", 0, 0.7, step=0.1), np.arange(7) / 10),
    "float in powers of ten, reversed": (define("Float", 0.01, 0.1, step=10, sampling="reverse_log"), [0.01, 0.1]),
    "int in powers of two, reversed": (define("Int", 1, 16, step=2, sampling="reverse_log"), [1, 9, 13, 15, 16]),
    "float in powers of ten": (define("Float", 0.01, 10, step=10, sampling="log"), [0.01, 0.1, 1.0, 10.0]),
    "words": (define("Choice", ["relu", "tanh"]), ["relu", "tanh"]),
    "numbers": (define("Choice", [1e-2, 1e-3]), [1e-3, 1e-2]),
    "switch": (define("Boolean"), [False, True]),
    "fixed": (define("Fixed", 784), [784]),
}


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("sampler", [RandomSampler, TPESampler])
@pytest.mark.parametrize("hp, values", LISTS.values(), ids=LISTS)
def test_every_value_of_a_list_and_no_other(tmp_path, hp, values, sampler):
    (entry,) = hp.space
    oracle = oracle_in(tmp_path, sampler(seed=1), hp)
    found = [point["x"] for point in run(oracle, 20, lambda point: 1.0)]
    assert {type(value) for value in found} == {type(entry.default)}
    assert sorted(found) == (pytest.approx(list(values)) if isinstance(values[0], float) else values)
    if hasattr(entry, "min_value"):
        assert entry.min_value <= min(found) and max(found) <= entry.max_value


RANGES = {
    "int, log": define("Int", 1, 1000, sampling="log"),
    "float": define("Float", -2.0, 2.0),
    "float, log": define("Float", 1e-4, 1.0, sampling="log"),
    "float, reverse log": define("Float", 1e-4, 1.0, sampling="reverse_log"),
    "int, reverse log": define("Int", 1, 1000, sampling="reverse_log"),
}


@pytest.mark.parametrize("hp", RANGES.values(), ids=RANGES)
def test_a_range_is_drawn_as_kerastuner_draws_it(tmp_path, hp):
    (entry,) = hp.space
    oracle = oracle_in(tmp_path, RandomSampler(seed=1), hp, max_trials=200)
    oracle.save, oracle._save_trial = lambda: None, lambda trial: None
    found = np.array([point["x"] for point in run(oracle, 200, lambda point: 1.0)])
    assert found.min() >= entry.min_value and found.max() <= entry.max_value
    assert type(entry.default) is type(found[0].item())
    # Of KerasTuner's own scale from 0 to 1, every quarter gets its share; integers are found once each, the small ones too.
    places = [entry.value_to_prob(value.item()) for value in found]
    ends = _distribution(entry)
    if entry.sampling == "reverse_log":
        reached = [entry.prob_to_value(place) for place in (ends.low, ends.high)]
        assert reached == pytest.approx([entry.min_value, entry.max_value])
    if type(entry).__name__ == "Float":
        assert np.histogram(places, 4, (0, 1))[0].min() > 25


def test_only_active_hyperparameters_and_two_of_one_name(tmp_path):
    oracle = oracle_in(tmp_path, TPESampler(n_startup_trials=5, seed=1), conditional())
    # KerasTuner 1.4.8 itself drops or redraws a value whose name stands under two conditions, so we look before it does.
    proposed = [oracle.populate_space(str(number))["values"] for number in range(20)]
    assert {values["optimizer"] for values in proposed} == {"adam", "sgd"}
    for values in proposed:
        sgd = values["optimizer"] == "sgd"
        assert ("momentum" in values) == sgd
        assert (0.1 <= values["rate"] <= 1) if sgd else (1e-4 <= values["rate"] <= 1e-2)
    assert {name for trial in oracle.study.trials for name in trial.params} == {"optimizer", "momentum", "rate", "rate (2)"}


def test_a_space_that_grows(tmp_path):
    oracle = oracle_in(tmp_path, TPESampler(n_startup_trials=2, seed=1))
    first = oracle.create_trial("tuner0")
    assert first.hyperparameters.Choice("activation", ["relu", "tanh"]) == "relu"  # as a model does while it is built
    first.hyperparameters.Fixed("pixels", 784)
    finish(oracle, first, 0.5)
    later = run(oracle, 12)
    assert {values["activation"] for values in later} == {"relu", "tanh"}
    assert oracle.study.trials[0].params["activation"] == "relu"  # the sampler knows what the first trial ran with
    assert "pixels" not in oracle.study.trials[0].params


POWERS = define("Int", 2, 32, step=2, sampling="log")
REVERSED = define("Float", 0.01, 1.0, sampling="reverse_log")


@pytest.mark.parametrize("hp, values", [(POWERS, [2, 8, 32]), (REVERSED, [0.01, 0.5])])
def test_values_given_to_a_sampler_are_kerastuners_own(tmp_path, hp, values):
    """Optuna knows 8 of [2, 4, 8, 16, 32] by its place, 2; whoever writes a grid means the 8."""
    oracle = oracle_in(tmp_path, GridSampler({"x": values}, seed=1), hp, max_trials=None)
    assert sorted(point["x"] for point in run(oracle, 9, lambda point: 1.0)) == values
    fixed = oracle_in(tmp_path / "fixed", PartialFixedSampler({"x": values[1]}, TPESampler(seed=1)), hp, max_trials=None)
    assert [point["x"] for point in run(fixed, 9, lambda point: 1.0)] == [values[1]]


@pytest.mark.parametrize("sampler, words", [
    (GridSampler({"units": [16, 20], "rate": [0.1]}), "given units=20"),
    (GridSampler({"units": [16], "rate": [0.7]}), "given rate=0.7"),
    (GridSampler({"units": [16]}), "GridSampler cannot choose here: .*rate, is not found"),
    (PartialFixedSampler({"units": 17}, RandomSampler()), "given units=17"),
    (BruteForceSampler(), "BruteForceSampler cannot choose here: FloatDistribution.step must be given"),
])
def test_a_point_outside_of_the_space_is_refused_in_a_line(tmp_path, sampler, words):
    oracle = oracle_in(tmp_path, sampler)
    with pytest.raises(CourseError, match=words) as told:
        run(oracle, 20)
    assert "\n" not in str(told.value) and not oracle.trials


# --- scores


@pytest.mark.parametrize("direction", ["min", "max"])
@pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)
def test_the_sampler_sees_scores_in_the_right_direction(tmp_path, make, direction):
    oracle = oracle_in(tmp_path, make(1), direction=direction)
    proposed = run(oracle, 20)
    assert len(proposed) == distinct(proposed) == 20
    told = [trial.value for trial in oracle.study.trials if "trial_id" in trial.user_attrs]
    assert told == [fake(values) for values in proposed]
    assert oracle.study.best_value == oracle.get_best_trials(1)[0].score == (min if direction == "min" else max)(told)


@pytest.mark.parametrize("direction", ["min", "max"])
def test_a_sampler_that_learns_goes_the_right_way(tmp_path, direction):
    def mean_score(sampler):
        hp = keras_tuner.HyperParameters()
        hp.Float("rate", 0.0, 1.0)
        scores = []
        for seed in (1, 2, 3):
            oracle = oracle_in(tmp_path / f"{sampler.__name__}{seed}", sampler(seed=seed), hp.copy(), direction, max_trials=40)
            oracle.save, oracle._save_trial = lambda: None, lambda trial: None
            scores += [values["rate"] for values in run(oracle, 40, lambda values: values["rate"])[20:]]
        return np.mean(scores)

    gain = mean_score(TPESampler) - mean_score(RandomSampler)
    assert gain > 0.2 if direction == "max" else gain < -0.2


def test_a_failed_trial_is_told_as_failed(tmp_path):
    oracle = oracle_in(tmp_path, max_consecutive_failed_trials=12)
    run(oracle, 12, lambda values: None if values["units"] >= 48 else fake(values))
    states = [trial.state.name for trial in oracle.study.trials]
    assert set(states) == {"COMPLETE", "FAIL"}
    assert states == ["FAIL" if trial.params["units"] >= 48 else "COMPLETE" for trial in oracle.study.trials]


def test_a_trial_that_is_tried_again_keeps_its_values(tmp_path):
    oracle = oracle_in(tmp_path, max_retries_per_trial=1)
    trial = oracle.create_trial("tuner0")
    before = dict(trial.hyperparameters.values)
    finish(oracle, trial)
    assert oracle.study.trials[0].state.name == "RUNNING"
    again = oracle.create_trial("tuner0")
    assert again.trial_id == trial.trial_id and again.hyperparameters.values == before
    finish(oracle, again, 0.7)
    assert [trial.value for trial in oracle.study.trials] == [0.7]


def test_trials_that_somebody_puts_there_are_known_and_stay(tmp_path):
    """As KerasTuner's own Bayesian search takes them; `repair` of a resumed search leaves them."""
    oracle = oracle_in(tmp_path, TPESampler(n_startup_trials=5, seed=1), max_trials=40)
    for number in range(10):
        hp = plane()
        hp.values = {"units": 48, "rate": 0.1 + number / 25}
        trial = keras_tuner.engine.trial.Trial(hyperparameters=hp, trial_id=f"given {number}", status="COMPLETED")
        trial.score = fake(hp.values)
        oracle.trials[trial.trial_id] = trial
    repair(oracle)
    proposed = run(oracle, 10)
    assert len(oracle.trials) == 20
    assert [told.value for told in oracle.study.trials[:10]] == [fake({"units": 48, "rate": 0.1 + n / 25}) for n in range(10)]
    assert np.mean([abs(values["rate"] - 0.2) < 0.1 for values in proposed]) > 0.6, "the sampler has learned from them"
    assert len(oracle.study.trials) == 20


def test_two_trials_at_a_time(tmp_path):
    oracle = oracle_in(tmp_path, TPESampler(n_startup_trials=2, seed=1))
    for _ in range(4):
        one, other = oracle.create_trial("tuner0"), oracle.create_trial("tuner1")
        assert one.hyperparameters.values != other.hyperparameters.values
        finish(oracle, other, fake(other.hyperparameters.values))
        finish(oracle, one, fake(one.hyperparameters.values))
    assert [trial.user_attrs["trial_id"] for trial in oracle.study.trials] == oracle.start_order
    assert [trial.value for trial in oracle.study.trials] == [oracle.trials[i].score for i in oracle.start_order]


# --- no point twice


def small():
    hp = keras_tuner.HyperParameters()
    hp.Choice("rate", RATES)
    hp.Boolean("dropout")
    return hp


def test_a_known_point_is_answered_from_memory(tmp_path):
    oracle = oracle_in(tmp_path, RandomSampler(seed=1), small())
    oracle._max_collisions = 100
    proposed = run(oracle, 20, lambda values: values["rate"])
    assert len(proposed) == distinct(proposed) == 6
    again = [trial for trial in oracle.study.trials if "trial_id" not in trial.user_attrs]
    assert len(again) >= 100
    assert all(trial.value == trial.params["rate"] for trial in again)


@pytest.mark.parametrize(
    "make", [lambda: BruteForceSampler(seed=1), lambda: GridSampler({"rate": RATES, "dropout": [False, True]}, seed=1)]
)
def test_a_sampler_that_has_nothing_left_ends_the_search(tmp_path, make):
    oracle = oracle_in(tmp_path, make(), small(), max_trials=None)
    proposed = run(oracle, 20, lambda values: values["rate"])
    assert len(proposed) == distinct(proposed) == 6
    assert len(oracle.study.trials) == 6
    assert oracle.create_trial("tuner0").status == "STOPPED"


# --- saved and reloaded


def resumed(folder, make, before, after, **settings):
    """Run, save, make a new Oracle with another seed, reload, and go on."""
    first = oracle_in(folder, make(1), **settings)
    proposed = run(first, before)
    second = oracle_in(folder, make(2), **settings)
    second.reload()
    return proposed + run(second, after)


@pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)
@pytest.mark.parametrize("before", [1, 9])
def test_a_reloaded_search_proposes_what_it_would_have_proposed(tmp_path, make, before):
    unbroken = run(oracle_in(tmp_path / "unbroken", make(1)), 16)
    assert resumed(tmp_path / "broken", make, before, 16 - before) == unbroken
    assert distinct(unbroken) == 16


def test_optunas_own_study_repeats_itself_after_a_reload(tmp_path):
    """The trap that the Oracle avoids: a study in a file keeps its trials, and its sampler starts over."""
    rates = []
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for _ in range(2):
        storage = JournalStorage(JournalFileBackend(str(tmp_path / "study.journal")))
        study = optuna.create_study(storage=storage, study_name="s", sampler=RandomSampler(seed=1), load_if_exists=True)
        for _ in range(3):
            asked = study.ask()
            rates.append(asked.suggest_float("rate", 0, 1))
            study.tell(asked, 1.0)
    optuna.logging.set_verbosity(before)
    assert rates[:3] == rates[3:]


def test_a_trial_that_ran_when_the_search_was_stopped_runs_again(tmp_path):
    oracle = oracle_in(tmp_path)
    run(oracle, 2)
    stopped = oracle.create_trial("tuner0")
    again = oracle_in(tmp_path)
    again.reload()
    trial = again.create_trial("tuner0")
    assert trial.trial_id == stopped.trial_id and trial.hyperparameters.values == stopped.hyperparameters.values
    finish(again, trial, 0.25)
    assert [trial.value for trial in again.study.trials][2:] == [0.25]


def test_a_kill_before_the_books_are_written_loses_one_proposal_and_no_more(tmp_path):
    oracle = oracle_in(tmp_path)
    run(oracle, 2)
    lost = oracle.populate_space("2")  # asked, and never entered
    oracle.save()
    again = oracle_in(tmp_path)
    again.reload()
    proposed = run(again, 3)
    assert lost["values"] not in proposed
    assert [trial.state.name for trial in again.study.trials] == ["COMPLETE"] * 2 + ["FAIL"] + ["COMPLETE"] * 3


def test_a_finished_trial_that_the_books_believe_running(tmp_path):
    """KerasTuner saves the Oracle before it takes a finished trial from the running ones, and a kill may follow."""
    oracle = oracle_in(tmp_path)
    trial = oracle.create_trial("tuner0")
    oracle.update_trial(trial.trial_id, {"score": 0.5})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
    again = oracle_in(tmp_path)
    again.reload()
    repair(again)
    proposed = run(again, 4)
    assert distinct([trial.hyperparameters.values, *proposed]) == 5
    assert [told.value for told in again.study.trials] == [0.5, *map(fake, proposed)]


def test_books_are_replaced_whole_so_that_a_kill_leaves_those_before(tmp_path):
    oracle = oracle_in(tmp_path)
    trial = oracle.create_trial("tuner0")
    books = [tmp_path / "project" / "oracle.json", tmp_path / "project" / f"trial_{trial.trial_id}" / "trial.json"]
    before = [book.read_text() for book in books]
    with open(books[0]) as one, open(books[1]) as other:
        finish(oracle, trial, 0.5)
        assert [one.read(), other.read()] == before
    assert all(book.read_text() != text for book, text in zip(books, before, strict=True))


def test_a_sampler_with_code_of_the_users_own_is_saved_too(tmp_path):
    def make(seed):
        return TPESampler(n_startup_trials=2, gamma=lambda n: max(1, n // 4), seed=seed)

    assert distinct(resumed(tmp_path, make, 5, 5)) == 10


# --- in a tuner


class Fake(keras_tuner.Tuner):
    def run_trial(self, trial, *args, **kwargs):
        hp = trial.hyperparameters
        rate = hp.Float("rate", 0.1, 0.5)
        if hp.Int("units", 16, 64, step=16) == 64:
            raise MemoryError("too wide")
        return {"score": 1 - abs(hp.get("units") - 48) / 48 - abs(rate - 0.2)}


def fake_tuner(folder, trials, **settings):
    oracle = OptunaOracle(
        objective=keras_tuner.Objective("score", "max"), max_trials=trials, seed=1, hyperparameters=plane(),
        max_consecutive_failed_trials=10, **settings,
    )
    tuner = Fake(oracle, directory=folder, project_name="p")
    oracle.verbose = 0
    return tuner


def test_kerastuners_own_search(tmp_path, capsys):
    tuner = fake_tuner(tmp_path, 12)
    tuner.search(verbose=0)
    best = tuner.get_best_hyperparameters()[0]
    assert len(tuner.oracle.trials) == 12 and fake(best.values) == tuner.oracle.study.best_value
    longer = fake_tuner(tmp_path, 15)
    longer.search(verbose=0)
    points = [tuple(trial.hyperparameters.values.values()) for trial in longer.oracle.trials.values()]
    assert len(set(points)) == 15


def test_the_parallel_search(tmp_path):
    tuner = fake_tuner(tmp_path, 10)
    search(tuner, workers=2, verbose=0)
    trials = tuner.oracle.trials
    assert {trial.status for trial in trials.values()} <= {"COMPLETED", "FAILED"} and len(trials) == 10
    states = {trial.user_attrs["trial_id"]: trial.state.name for trial in tuner.oracle.study.trials}
    assert states == {i: "COMPLETE" if trial.status == "COMPLETED" else "FAIL" for i, trial in trials.items()}


# --- manners


def test_what_is_no_sampler_is_refused():
    with pytest.raises(TypeError, match=r"one of optuna\.samplers"):
        OptunaOracle("tpe", "val_accuracy")
    lock = threading.Lock()
    locked = TPESampler(gamma=lambda n: int(lock.locked()))
    with pytest.raises(CourseError, match=r"TPESampler cannot be saved with the search .*lock") as told:
        OptunaOracle(locked, "val_accuracy")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("seed", [-1, 1.5, "one", True])
def test_what_is_no_seed_is_refused_in_a_line(seed):
    with pytest.raises(CourseError, match=f"^seed: {seed!r} found; expected 0 or more"):
        OptunaOracle(objective="score", seed=seed)


def test_a_sampler_that_needs_pytorch_is_refused_in_a_line():
    with pytest.raises(CourseError, match="GPSampler needs PyTorch"):
        OptunaOracle(GPSampler(), "val_accuracy")


def test_nothing_is_logged_and_the_level_stays(tmp_path, capfd):
    before = optuna.logging.get_verbosity()
    run(oracle_in(tmp_path), 3)
    assert optuna.logging.get_verbosity() == before
    assert "study" not in "".join(capfd.readouterr())


def test_lib_tuning_does_not_wait_for_optuna():
    code = "import sys, lib.tuning; sys.exit(bool({'optuna', 'keras_tuner'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
