"""What every Oracle promises, after KerasTuner's own tests: for OptunaOracle with each sampler, and for KerasTuner's oracles."""

import threading

import keras_tuner
import optuna
import pytest
from keras_tuner.oracles import BayesianOptimizationOracle, GridSearchOracle, RandomSearchOracle
from kit.oracles import distinct, finish, in_folder, run
from optuna import samplers

from lib.errors import CourseError
from lib.tuning.optuna_oracle import OptunaOracle

UNITS, RATES = [16, 32, 48, 64], [0.1, 0.2, 0.3, 0.4, 0.5]
GRID = {"units": UNITS, "rate": RATES}

SAMPLERS = {
    "TPE": lambda seed: samplers.TPESampler(n_startup_trials=3, seed=seed),
    "TPE, multivariate": lambda seed: samplers.TPESampler(n_startup_trials=3, multivariate=True, group=True, seed=seed),
    "CMA-ES": lambda seed: samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
    "QMC": lambda seed: samplers.QMCSampler(seed=seed, warn_independent_sampling=False),
    "random": lambda seed: samplers.RandomSampler(seed=seed),
    "NSGA-II": lambda seed: samplers.NSGAIISampler(population_size=4, seed=seed),
    "NSGA-III": lambda seed: samplers.NSGAIIISampler(population_size=4, seed=seed),
    "brute force": lambda seed: samplers.BruteForceSampler(seed=seed),
    "grid": lambda seed: samplers.GridSampler(GRID, seed=seed),
    "partly fixed": lambda seed: samplers.PartialFixedSampler({"rate": 0.2}, samplers.TPESampler(seed=seed)),
}
NOT_HERE = {"BaseSampler", "BaseGASampler", "GPSampler"}  # two of no use by themselves; the third needs PyTorch
JUDGES = {"KerasTuner, random": RandomSearchOracle, "KerasTuner, Bayesian": BayesianOptimizationOracle}
JUDGES |= {"KerasTuner, grid": GridSearchOracle}

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


def plane():
    """Twenty points."""
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 16, 64, step=16)
    hp.Choice("rate", RATES)
    return hp


def five():
    hp = keras_tuner.HyperParameters()
    hp.Int("value", 1, 5)
    return hp


def branches():
    hp = keras_tuner.HyperParameters()
    hp.Choice("optimizer", ["adam", "sgd"])
    with hp.conditional_scope("optimizer", ["sgd"]):
        hp.Choice("momentum", [0.0, 0.5, 0.9])
    with hp.conditional_scope("optimizer", ["adam"]):
        hp.Int("decay", 1, 3)
    return hp


def score(values):
    return 1 - abs(values.get("units", 48) - 48) / 48 - abs(values.get("rate", 0.2) - 0.2)


@pytest.fixture(params=[*SAMPLERS, *JUDGES])
def name(request):
    return request.param


@pytest.fixture
def make(name, tmp_path):
    """A function that makes an Oracle of this kind in the test's folder."""

    def oracle(hp=None, objective=None, seed=1, sampler=None, **settings):
        objective = keras_tuner.Objective("score", "max") if objective is None else objective
        settings = {"hyperparameters": hp or plane(), "max_trials": 20, **settings}
        if name in JUDGES:
            return in_folder(JUDGES[name](objective=objective, seed=seed, **settings), tmp_path)
        return in_folder(OptunaOracle(sampler or SAMPLERS[name](seed), objective, seed=seed, **settings), tmp_path)

    return oracle


def points(name):
    """How many of the twenty points this kind is to visit."""
    return 4 if name == "partly fixed" else 20


def test_all_samplers_are_here():
    here = {type(make(1)).__name__ for make in SAMPLERS.values()}
    assert here | NOT_HERE == set(samplers.__all__) - {"nsgaii"}


# --- duplicates


def test_no_point_twice_while_others_run(make, name):
    if name == "KerasTuner, grid":
        pytest.skip("gives out one trial at a time, until its first two have ended")
    oracle = make()
    trials = [oracle.create_trial(f"tuner{number}") for number in range(4)]
    assert distinct([trial.hyperparameters.values for trial in trials]) == 4
    assert len(oracle.ongoing_trials) == 4
    for trial in reversed(trials):
        finish(oracle, trial, score(trial.hyperparameters.values))
    assert [oracle.trials[i].score for i in oracle.start_order] == [score(trial.hyperparameters.values) for trial in trials]


def test_a_tuner_that_asks_twice_has_one_trial(make):
    oracle = make()
    assert oracle.create_trial("tuner0") is oracle.create_trial("tuner0")


def test_every_point_once_and_then_the_search_ends(make, name):
    if name in ("KerasTuner, random", "KerasTuner, Bayesian"):
        pytest.skip("gives up after 21 draws, with points left")
    oracle = make(max_trials=None)
    proposed = run(oracle, 30, score)
    assert len(proposed) == distinct(proposed) == points(name)
    assert [oracle.create_trial("tuner0").status for _ in "ab"] == ["STOPPED", "STOPPED"]


def test_the_limit_is_kept(make):
    oracle = make(max_trials=3)
    assert len(run(oracle, 10, score)) == 3
    assert oracle.create_trial("tuner0").status == "STOPPED"


def test_a_point_is_known_by_the_space_whatever_a_model_adds(make, name):
    if name in JUDGES:
        pytest.skip("KerasTuner's own forgets the values that it proposed")
    oracle = make(tune_new_entries=False, max_trials=None)
    proposed = []
    while len(proposed) < 30 and (trial := oracle.create_trial("tuner0")).status == "RUNNING":
        assert trial.hyperparameters.Choice("activation", ["relu", "tanh"]) == "relu"
        proposed.append({entry: trial.hyperparameters.values[entry] for entry in GRID})
        finish(oracle, trial, score(proposed[-1]))
    assert len(proposed) == distinct(proposed) == points(name)


# --- retries and failures


def test_no_retry_by_default(make):
    oracle = make()
    first = oracle.create_trial("tuner0")
    finish(oracle, first)
    assert oracle.trials[first.trial_id].status == "FAILED"
    assert oracle.create_trial("tuner0").trial_id != first.trial_id


def test_a_trial_that_is_tried_again_keeps_its_values(make, name):
    oracle = make(max_retries_per_trial=1)
    first = oracle.create_trial("tuner0")
    before = dict(first.hyperparameters.values)
    finish(oracle, first)
    again = oracle.create_trial("tuner0")
    assert (again.trial_id, again.hyperparameters.values) == (first.trial_id, before)
    if name != "KerasTuner, grid":
        assert oracle.create_trial("tuner1").trial_id != first.trial_id
    finish(oracle, again)
    assert oracle.trials[first.trial_id].status == "FAILED"


def test_a_failed_trial_is_not_tried_again(make):
    oracle = make(max_retries_per_trial=1)
    first = oracle.create_trial("tuner0")
    finish(oracle, first, status="FAILED")
    assert oracle.create_trial("tuner0").trial_id != first.trial_id


def test_a_score_that_is_no_number_is_a_failure(make, name):
    oracle = make(max_retries_per_trial=1)
    trial = oracle.create_trial("tuner0")
    finish(oracle, trial, float("nan"))
    assert oracle.trials[trial.trial_id].status == "INVALID"
    again = oracle.create_trial("tuner0")
    assert again.trial_id == trial.trial_id
    finish(oracle, again, 0.5)
    if name not in JUDGES:  # KerasTuner's own takes the mean of both runs, which is no number
        assert (again.status, again.score, again.message) == ("COMPLETED", 0.5, None)


def test_an_infinite_score_is_a_score(make, name):
    oracle = make(max_trials=8)
    proposed = run(oracle, 8, lambda values: float("-inf") if values["units"] == 64 else score(values))
    assert len(proposed) == min(8, points(name))
    assert {trial.status for trial in oracle.trials.values()} == {"COMPLETED"}
    assert oracle.get_best_trials(1)[0].score > 0


def test_consecutive_failures_within_the_limit(make):
    oracle = make(max_retries_per_trial=2)
    for _ in range(6):  # two trials, three runs each
        finish(oracle, oracle.create_trial("tuner0"))
    for _ in range(2):
        finish(oracle, oracle.create_trial("tuner0"), 0.5)
    assert [oracle.trials[i].status for i in oracle.end_order] == ["FAILED", "FAILED", "COMPLETED", "COMPLETED"]


def test_too_many_consecutive_failures_end_the_search(make):
    oracle = make(max_retries_per_trial=2)
    with pytest.raises(RuntimeError, match=r"Number of consecutive[^$]*out of memory"):
        for _ in range(3):
            finish(oracle, oracle.create_trial("tuner0"), status="FAILED")
    assert len(oracle.trials) == 3


def test_a_small_space_of_which_two_points_fail(make, name):
    """After KerasTuner's `test_retry_common_errors`: five points, two of them tried three times."""
    if name == "grid" or name.startswith("KerasTuner, Bay"):
        pytest.skip("its points are not these" if name == "grid" else "gives up after 21 draws, with points left")
    if name == "partly fixed":
        pytest.skip("its space has a rate")
    oracle = make(five(), max_trials=None, max_retries_per_trial=2)
    runs = []
    for _ in range(20):
        trial = oracle.create_trial("tuner0")
        if trial.status == "STOPPED":
            break
        runs.append(trial.hyperparameters.values["value"])
        finish(oracle, trial, None if runs[-1] in (2, 3) else 1 / runs[-1])
    assert (len(oracle.trials), len(runs)) == (5, 9)


# --- the space


def test_conditional_hyperparameters_only_where_they_are_active(make, name):
    if name in ("grid", "partly fixed"):
        pytest.skip("its values are of another space")
    oracle = make(branches(), max_trials=None)
    proposed = run(oracle, 20, lambda values: values.get("decay", 2) + 0.1)
    assert len(proposed) == distinct(proposed)
    for values in proposed:
        assert set(values) == {"optimizer", "momentum" if values["optimizer"] == "sgd" else "decay"}
    if name not in JUDGES:
        assert len(proposed) == 6


@pytest.mark.parametrize("entry, values", [("Choice", ["relu", "tanh"]), ("Int", [1, 2])])
def test_a_space_that_grows(make, name, entry, values):
    oracle = make()
    first = oracle.create_trial("tuner0")
    arguments = [values] if entry == "Choice" else values
    assert getattr(first.hyperparameters, entry)("new", *arguments) == values[0]  # as a model does while it is built
    finish(oracle, first, 0.5)
    if name == "grid" or (name, entry) == ("CMA-ES", "Int"):
        with pytest.raises(CourseError, match=r"'new'|new, is not found") as told:
            oracle.create_trial("tuner0")
        assert "\n" not in str(told.value)
        return
    if name in ("KerasTuner, grid", "KerasTuner, Bayesian"):
        pytest.skip("goes on with the value that it has, or repeats points")
    later = run(oracle, 14, score)
    assert len(later) == distinct(later)
    assert {point["new"] for point in later} == set(values)


def test_new_entries_may_be_left_alone_or_refused(make, name):
    if name == "KerasTuner, grid":
        pytest.skip("takes up the values of the trial before, new entries too")
    left = make(tune_new_entries=False)
    trial = left.create_trial("tuner0")
    trial.hyperparameters.Choice("new", ["relu", "tanh"])
    finish(left, trial, 0.5)
    assert "new" not in left.create_trial("tuner0").hyperparameters.values
    refused = make(allow_new_entries=False)
    trial = refused.create_trial("tuner0")
    trial.hyperparameters.Choice("new", ["relu", "tanh"])
    with pytest.raises(RuntimeError, match="allow_new_entries"):
        finish(refused, trial, 0.5)


# --- scores


@pytest.mark.parametrize("direction, best", [("max", max), ("min", min)])
def test_the_best_trial_is_the_best_in_the_direction(make, direction, best):
    oracle = make(objective=keras_tuner.Objective("score", direction))
    proposed = run(oracle, 8, score)
    assert oracle.get_best_trials(1)[0].score == best(map(score, proposed))


def test_several_objectives_are_one_to_minimize(make):
    oracle = make(objective=[keras_tuner.Objective("up", "max"), keras_tuner.Objective("down", "min")])
    run(oracle, 4, lambda values: {"up": score(values), "down": 3.0, "multi_objective": 3.0 - score(values)})
    best = oracle.get_best_trials(1)[0]
    assert best.score == min(trial.score for trial in oracle.trials.values())


def test_a_score_without_the_objective_is_refused(make):
    oracle = make()
    with pytest.raises(ValueError, match="Objective value missing"):
        finish(oracle, oracle.create_trial("tuner0"), {"loss": 1.0})


def test_threads_take_turns(make, name):
    if name == "KerasTuner, grid":
        pytest.skip("gives out one trial at a time, until its first two have ended")
    oracle = make()
    taken = []
    threads = [
        threading.Thread(target=lambda number=number: taken.append(oracle.create_trial(str(number)))) for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(trial.trial_id for trial in taken) == ["00", "01", "02", "03"]
    assert distinct([trial.hyperparameters.values for trial in taken]) == 4


# --- saved and reloaded


def test_a_reload_goes_on_with_more_trials(make, name):
    if name == "KerasTuner, grid":
        pytest.skip("stops for good: KerasTuner's issue 1055")
    unbroken = run(make(max_trials=3), 3, score)
    oracle = make(max_trials=8, seed=2)
    oracle.reload()
    assert [oracle.trials[i].score for i in oracle.start_order] == [score(values) for values in unbroken]
    proposed = unbroken + run(oracle, 20, score)
    assert len(proposed) == distinct(proposed) == min(8, points(name))


def test_a_reload_with_fewer_trials_ends(make):
    run(make(max_trials=4), 4, score)
    oracle = make(max_trials=2)
    oracle.reload()
    assert oracle.create_trial("tuner0").status == "STOPPED"


def test_a_running_trial_is_given_out_again_and_holds_nothing_of_the_run_before(make, name):
    oracle = make()
    finish(oracle, oracle.create_trial("tuner0"), 0.5)
    stopped = oracle.create_trial("tuner0")
    oracle.update_trial(stopped.trial_id, {"score": 0.1})  # and a kill before the trial is ended
    again = make()
    again.reload()
    trial = again.create_trial("tuner0")
    assert (trial.trial_id, trial.hyperparameters.values) == (stopped.trial_id, stopped.hyperparameters.values)
    finish(again, trial, 0.9)
    if name not in JUDGES:  # KerasTuner's own takes the mean of both runs
        assert trial.score == 0.9


def test_a_finished_trial_does_not_run_again(make, name):
    if name in JUDGES:
        pytest.skip("KerasTuner saves before it takes the last trial from the running ones")
    oracle = make(max_trials=2)
    for _ in range(2):
        trial = oracle.create_trial("tuner0")
        oracle.update_trial(trial.trial_id, {"score": 0.5})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    again = make(max_trials=2)
    again.reload()
    assert again.create_trial("tuner0").status == "STOPPED"
    assert again.end_order == again.start_order


@pytest.mark.parametrize("objective", [
    keras_tuner.Objective("score", "min"), keras_tuner.Objective("loss", "max"),
    [keras_tuner.Objective("score", "max"), keras_tuner.Objective("loss", "min")],
], ids=["direction", "name", "several"])
def test_a_reload_for_another_objective_is_refused_in_a_line(make, name, objective):
    if name in JUDGES:
        pytest.skip("KerasTuner's own goes on, with scores of the other objective")
    run(make(), 3, score)
    with pytest.raises(CourseError, match="begun with the objective score=max") as told:
        make(objective=objective).reload()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("other", SAMPLERS)
def test_a_reload_with_another_sampler_is_refused_in_a_line(make, name, other):
    if name in JUDGES or name == other:
        pytest.skip("no other sampler")
    run(make(), 3, score)
    again = make(sampler=SAMPLERS[other](1))
    with pytest.raises(CourseError, match="begun with the sampler") as told:
        again.reload()
    assert "\n" not in str(told.value)


OTHER_SETTINGS = {
    "TPE": lambda: samplers.TPESampler(n_startup_trials=20),
    "TPE, multivariate": lambda: samplers.TPESampler(n_startup_trials=3, multivariate=False),
    "NSGA-II": lambda: samplers.NSGAIISampler(population_size=50),
    "NSGA-III": lambda: samplers.NSGAIIISampler(population_size=4, crossover_prob=0.5),
    "brute force": lambda: samplers.BruteForceSampler(avoid_premature_stop=True),
    "CMA-ES": lambda: samplers.CmaEsSampler(use_separable_cma=True),
    "QMC": lambda: samplers.QMCSampler(qmc_type="halton"),
    "grid": lambda: samplers.GridSampler({"units": UNITS[:2], "rate": RATES}),
    "partly fixed": lambda: samplers.PartialFixedSampler({"rate": 0.5}, samplers.TPESampler()),
}


def test_a_reload_with_other_settings_of_the_sampler_is_refused_in_a_line(make, name):
    if name not in OTHER_SETTINGS:
        pytest.skip("has no settings here")
    run(make(), 3, score)
    with pytest.raises(CourseError, match=r"begun with the sampler .*=") as told:
        make(sampler=OTHER_SETTINGS[name]()).reload()
    assert "\n" not in str(told.value)


def test_a_folder_of_another_oracle_is_refused(make, name, tmp_path):
    if name in JUDGES:
        pytest.skip("KerasTuner's own look for less")
    run(in_folder(RandomSearchOracle(keras_tuner.Objective("score", "max"), 3, hyperparameters=plane()), tmp_path), 2, score)
    with pytest.raises(RuntimeError, match="Error reloading `Oracle`"):
        make().reload()


def test_optuna_is_not_heard(make, capfd):
    before = optuna.logging.get_verbosity()
    run(make(), 4, score)
    assert optuna.logging.get_verbosity() == before
    assert "study" not in "".join(capfd.readouterr())
