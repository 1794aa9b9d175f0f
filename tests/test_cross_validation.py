"""The cross-validated tuner, judged by plain loops over scikit-learn's splitters."""

import keras
import keras_tuner as kt
import numpy as np
import pytest
import tensorflow as tf
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, ShuffleSplit, StratifiedKFold

from lib.errors import CourseError
from lib.tuning import search
from lib.tuning.cross_validation import CrossValidated, fold_scores

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 4)).astype("float32")
Y = (X[:, 0] + 0.3 * RNG.normal(size=60) > 0.4).astype("int32")
OBJECTIVE = kt.Objective("val_accuracy", "max")
FIT = {"epochs": 2, "batch_size": 10, "verbose": 0}


def net(rate=0.1, start="glorot_uniform"):
    layers = [keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid", kernel_initializer=start)]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.SGD(rate), "binary_crossentropy", metrics=["accuracy"])
    return model


def build(hp):
    return net(hp.Choice("rate", [0.5, 0.1, 0.01]))


class Own(kt.HyperModel):
    """A HyperModel whose `fit` trains nothing and returns what a test wants to see."""

    def __init__(self, look):
        super().__init__()
        self.look = look

    def build(self, hp):
        hp.Choice("rate", [0.5, 0.1, 0.01])
        return net()

    def fit(self, hp, model, x, y, **more):
        return self.look(model, x, y, more)


def tuner(folder, hypermodel=build, cv=3, objective=OBJECTIVE, trials=2, **kwargs):
    oracle = kt.oracles.RandomSearchOracle(objective, max_trials=trials, seed=1)
    return CrossValidated(oracle, hypermodel, cv=cv, directory=folder, project_name="p", **kwargs)


def looked(folder, look, objective=None, **kwargs):
    """Search once with a `fit` that returns what `look` returns; return the scores of the folds."""
    one = tuner(folder, Own(look), objective=objective or kt.Objective("seen", "min"), trials=1)
    one.search(X, Y, **kwargs, verbose=0)
    return fold_scores(one).filter(like="fold").iloc[0].tolist()


@pytest.mark.parametrize("fast", [True, False])
def test_agrees_with_a_loop_over_the_folds(tmp_path, fast):
    def same_start(hp):
        return net(hp.Choice("rate", [0.5, 0.1, 0.01]), start="ones")

    ours = tuner(tmp_path, same_start, fast=fast, trials=1)
    ours.search(X, Y, shuffle=False, **FIT)
    found = fold_scores(ours)
    for number, trial in enumerate(ours.oracle.trials.values(), start=1):
        judge = []
        for train, held in StratifiedKFold(3, shuffle=True, random_state=1).split(X, Y):
            model = net(trial.hyperparameters.get("rate"), start="ones")
            model.fit(X[train], Y[train], shuffle=False, **FIT)
            judge.append(np.mean((np.asarray(model(X[held]))[:, 0] > 0.5) == Y[held]))
        assert np.allclose(found.loc[number].filter(like="fold"), judge)
        assert np.allclose(found.loc[number, ["mean", "sd"]].tolist(), [np.mean(judge), np.std(judge, ddof=1)])
        assert np.isclose(trial.score, np.mean(judge))


def test_the_same_scores_again_and_in_worker_processes(tmp_path):
    tables = []
    for name in ("first", "second", "workers"):
        one = tuner(tmp_path / name)
        run = search if name == "workers" else CrossValidated.search
        run(one, X, Y, **FIT)
        tables.append(fold_scores(one))
    assert np.allclose(tables[0], tables[1], atol=1e-6) and np.allclose(tables[0], tables[2], atol=1e-6)


def test_every_fold_starts_from_weights_of_its_own(tmp_path):
    def weights(model, x, y, more):
        return float(np.abs(model.get_weights()[0]).sum())

    first, again = looked(tmp_path / "a", weights), looked(tmp_path / "b", weights)
    assert len(set(np.round(first, 6))) == 3 and first == again


def test_the_score_is_that_of_the_last_epoch(tmp_path):
    last = []

    def overshoot(model, x, y, more):
        history = model.fit(x, y, **more)
        last.append(history.history["val_loss"][-1])
        return history

    scores = looked(tmp_path, overshoot, kt.Objective("val_loss", "min"), epochs=3, batch_size=10)
    assert scores == pytest.approx(last)


def test_a_fit_may_return_a_dict(tmp_path):
    sizes = looked(tmp_path, lambda model, x, y, more: {"seen": len(x), "other": 1.0})
    assert sizes == [40, 40, 40]


def test_several_objectives(tmp_path):
    both = [kt.Objective("up", "max"), kt.Objective("down", "min")]
    assert looked(tmp_path, lambda *_: {"up": 3.0, "down": 1.0}, both) == [-2, -2, -2]


def test_a_fit_without_the_objective_says_what_there_is(tmp_path):
    with pytest.raises(kt.errors.FatalError, match=r"val_accurracy.*accuracy"):
        tuner(tmp_path, objective=kt.Objective("val_accurracy", "max")).search(X, Y, **FIT)


def test_all_rows_are_held_out_once_and_weights_go_with_them(tmp_path):
    rows = np.arange(60, dtype="float32")
    held = []

    def look(model, x, y, more):
        assert np.array_equal(x[:, 0], more["sample_weight"])
        held.extend(more["validation_data"][0][:, 0].tolist())
        return 0.0

    one = tuner(tmp_path, Own(look), objective=kt.Objective("seen", "min"), trials=1)
    one.search(np.stack([rows] * 4, axis=1), Y, sample_weight=rows, verbose=0)
    assert sorted(held) == rows.tolist()


def test_callbacks_are_copied_for_each_fold(tmp_path):
    class Count(keras.callbacks.Callback):
        begun = 0

        def on_train_begin(self, logs=None):
            self.begun += 1

    mine, seen = Count(), []

    def look(model, x, y, more):
        history = model.fit(x, y, **more)
        seen.append([c.begun for c in more["callbacks"] if isinstance(c, Count)])
        return history

    looked(tmp_path, look, OBJECTIVE, epochs=1, callbacks=[mine])
    assert seen == [[1], [1], [1]] and mine.begun == 0


def test_groups_stay_together(tmp_path):
    groups = np.repeat(np.arange(12), 5)
    for train, held in tuner(tmp_path, cv=GroupKFold(3)).folds(X, Y, groups):
        assert not set(groups[train]) & set(groups[held])


def test_a_number_of_folds_stratifies_classes_and_shuffles_numbers(tmp_path):
    one = tuner(tmp_path)

    def same(found, judge):
        return all(np.array_equal(a, b) for mine, its in zip(found, judge, strict=True) for a, b in zip(mine, its, strict=True))

    stratified = list(StratifiedKFold(3, shuffle=True, random_state=1).split(X, Y))
    for classes in (Y, Y[:, None], Y.astype("float32"), np.eye(2)[Y], Y.astype(str)):
        assert same(one.folds(X, classes), stratified)
    assert same(one.folds(X, X[:, 0]), KFold(3, shuffle=True, random_state=1).split(X))


def test_several_inputs(tmp_path):
    nest = {"a": X, "b": X[:, :1]}
    seen = []

    def look(model, x, y, more):
        seen.append((x["a"].shape, more["validation_data"][0]["b"].shape))
        return 0.0

    targets = {"c": Y, "d": X[:, 1]}
    tuner(tmp_path, Own(look), objective=kt.Objective("seen", "min"), trials=1).search(nest, targets, verbose=0)
    assert set(seen) == {((40, 4), (20, 1))}


@pytest.mark.parametrize(
    "cv, x, y, more, message",
    [
        (3, X, Y, {"validation_data": (X, Y)}, "Leave validation_data out"),
        (3, X, Y, {"validation_split": 0.2}, "Leave validation_split out"),
        (3, X, Y, {"validation_steps": 1}, "Leave validation_steps out"),
        (3, X, Y, {"epochs": 3, "validation_freq": 2}, "scored after its last epoch, .*: take 1 or the number of epochs, 3"),
        (3, X, Y, {"epochs": 4, "validation_freq": 2}, "scored after its last epoch"),  # a callback may end it after 3
        (3, X, Y, {"epochs": 3, "validation_freq": [1, 2]}, "scored after its last epoch"),
        (3, X, Y, {"epochs": 1, "validation_freq": 2}, "scored after its last epoch"),
        (3, X, Y[:50], {}, "differ in their number of rows: 50 and 60"),
        (3, tf.data.Dataset.range(3), None, {}, "give x and y as arrays"),
        (KFold(2), X, np.sort(Y), {}, r"Fold \d would train without class"),
        (3, X, np.array([7] + [0, 1, 1] * 19 + [0, 1]), {}, r"without class 7 \(1 row in all\)"),
        (KFold(3, shuffle=True), X, Y, {}, "give it a random_state"),
        (ShuffleSplit(3), X, Y, {}, "give it a random_state"),
        (3, X, Y, {"sample_weight": np.ones(50)}, "sample_weight has 50 rows, and x has 60"),
        (3, X, Y, {"sample_weight": np.ones(70)}, "sample_weight has 70 rows, and x has 60"),
        (3, X, Y, {"sample_weight": [1.0] * 60}, "give sample_weight as arrays"),
        (3, X, Y, {"sample_weight": np.full(60, np.nan)}, "sample_weight holds 60 values that are not finite"),
        (3, np.where(X > 2.5, np.nan, X), Y, {}, r"x holds \d+ values? that (is|are) not finite"),
        (3, X, np.where(Y, np.inf, 1.0), {}, "y holds .* not finite"),
        (3, X, np.arange(60), {}, "cannot divide these 60 rows: .*; give y as floats if it holds numbers to predict"),
        (100, X, X[:, 0], {}, "cannot divide these 60 rows: .*n_splits=100"),
        (GroupKFold(3), X, Y, {}, "cannot divide these 60 rows: .*groups"),
        (GroupKFold(3), X, Y, {"groups": np.arange(50)}, "cannot divide these 60 rows: .*inconsistent numbers"),
        (PredefinedSplit(np.full(60, -1)), X, Y, {}, "makes no folds"),
        (3, X[:0], Y[:0], {}, "no rows"),
        (3, None, None, {}, "no rows"),
        (3, np.float32(1.0), Y, {}, "give x and y as arrays"),
    ],
)
@pytest.mark.filterwarnings("ignore:The least populated class")
def test_what_cannot_be_divided_is_said_in_a_line_before_anything_runs(tmp_path, cv, x, y, more, message):
    one = tuner(tmp_path, cv=cv)
    with pytest.raises(CourseError, match=message) as told:
        one.search(x, y, **FIT | more)
    assert "\n" not in str(told.value) and not one.oracle.trials


def test_a_fold_that_is_validated_at_the_end_alone_has_the_score_of_the_end(tmp_path):
    scores = []
    for freq in (1, FIT["epochs"]):
        one = tuner(tmp_path / str(freq), trials=1)
        one.search(X, Y, validation_freq=freq, **FIT)
        scores.append(fold_scores(one))
    assert scores[0].equals(scores[1])


class Fixed:
    """A splitter with folds of the caller's own."""

    def __init__(self, *folds):
        self.own = folds

    def split(self, x, y=None, groups=None):
        return self.own

    def get_n_splits(self, x=None, y=None, groups=None):
        return len(self.own)


@pytest.mark.parametrize("fold, words", [
    ((range(0, 41), range(40, 60)), "train on rows that it holds out, row 40"),
    ((range(60), range(0)), "60 rows to train on and 0 held out"),
    ((range(40), range(40, 61)), "a row that is not there: rows go from 0 to 59"),
    ((range(-1, 40), range(40, 60)), "a row that is not there"),
])
def test_folds_that_judge_wrongly_are_refused(tmp_path, fold, words):
    with pytest.raises(CourseError, match=words):
        tuner(tmp_path, cv=Fixed(fold)).search(X, Y, **FIT)


@pytest.mark.parametrize("cv", [1, 0, -3, True, 2.5, "5", None, [(range(40), range(40, 60))]])
def test_what_is_no_cv_is_refused_in_a_line(tmp_path, cv):
    with pytest.raises(CourseError, match="cv must be a number of folds") as told:
        tuner(tmp_path, cv=cv)
    assert "\n" not in str(told.value)


def test_bad_data_are_refused_before_a_worker_starts(tmp_path):
    one = tuner(tmp_path)
    with pytest.raises(CourseError, match="sample_weight has 50 rows"):
        search(one, X, Y, sample_weight=np.ones(50), workers=1, verbose=0)
    assert not one.oracle.trials and not list(tmp_path.glob("p/worker*"))


# --- stopped, and tried again


def reports(folder, value, trials=2, **kwargs):
    """A tuner whose folds all report one value."""
    return tuner(folder, Own(lambda *_: value), objective=kt.Objective("seen", "min"), trials=trials, **kwargs)


class Dying(kt.oracles.RandomSearchOracle):
    """Is killed when it has been told so many scores."""

    left = 0

    def update_trial(self, *args, **kwargs):
        self.die()
        self.left -= 1
        return super().update_trial(*args, **kwargs)

    def end_trial(self, trial):
        self.die()
        return super().end_trial(trial)

    def die(self):
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("folds", [1, 3, 5])
def test_a_kill_while_folds_are_reported_mixes_no_two_runs(tmp_path, folds):
    oracle = Dying(kt.Objective("seen", "min"), max_trials=2, seed=1)
    oracle.left = 5 + folds
    with pytest.raises(KeyboardInterrupt):
        CrossValidated(oracle, Own(lambda *_: 0.48), cv=5, directory=tmp_path, project_name="p").search(X, Y, verbose=0)
    again = reports(tmp_path, 0.9, cv=5)
    again.search(X, Y, verbose=0)
    scores = fold_scores(again)
    assert scores.loc[1].tolist() == pytest.approx([0.48] * 6 + [0.0])
    assert scores.loc[2].tolist() == pytest.approx([0.9] * 6 + [0.0])
    assert again.oracle.trials["1"].score == pytest.approx(0.9)


def test_a_fold_that_is_no_number_once_and_is_tried_again(tmp_path):
    values = iter([0.5, np.nan, 0.5, 0.7, 0.8, 0.9])
    oracle = kt.oracles.RandomSearchOracle(kt.Objective("seen", "min"), max_trials=1, seed=1, max_retries_per_trial=1)
    one = CrossValidated(oracle, Own(lambda *_: next(values)), cv=3, directory=tmp_path)
    one.search(X, Y, verbose=0)
    assert fold_scores(one).filter(like="fold").to_numpy().tolist() == [[0.7, 0.8, 0.9]]


@pytest.mark.parametrize("cv, rows", [
    (5, 60), (3, 54), (KFold(3), 60), (StratifiedKFold(3, shuffle=True, random_state=2), 60),
], ids=["another number", "other rows", "another kind", "another seed"])
@pytest.mark.parametrize("workers", [None, 1])
def test_a_search_does_not_go_on_with_other_folds(tmp_path, cv, rows, workers):
    reports(tmp_path, 0.5, trials=1).search(X, Y, verbose=0)
    other = reports(tmp_path, 0.5, trials=3, cv=cv)
    with pytest.raises(CourseError, match=r"were measured on 3 folds of 60 rows .*this search has \d folds of") as told:
        if workers is None:
            other.search(X[:rows], Y[:rows], verbose=0)
        else:
            search(other, X[:rows], Y[:rows], workers=workers, verbose=0)
    assert "\n" not in str(told.value) and len(other.oracle.trials) == 1
    same = reports(tmp_path, 0.5, trials=2)
    same.search(X, Y, verbose=0)
    assert fold_scores(same).shape == (2, 5)


def test_a_winner_before_there_is_one(tmp_path):
    with pytest.raises(CourseError, match="no trial is completed"):
        tuner(tmp_path).refit(X, Y)


def test_hyperband_and_executions_are_refused(tmp_path):
    oracle = kt.oracles.HyperbandOracle(OBJECTIVE, max_epochs=4)
    with pytest.raises(CourseError, match="Hyperband promotes a trial by its weights"):
        CrossValidated(oracle, build, directory=tmp_path)
    with pytest.raises(CourseError, match="RepeatedStratifiedKFold"):
        tuner(tmp_path, executions_per_trial=2)


def test_the_way_to_a_model(tmp_path):
    one = tuner(tmp_path, trials=1)
    one.search(X, Y, **FIT)
    with pytest.raises(CourseError, match=r"tuner.refit\(x, y"):
        one.get_best_models()
    mine, another = one.refit(X, Y, **FIT), one.refit(X, Y, **FIT)
    before = mine.get_weights()
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(before, another.get_weights(), strict=True))
    tuner(tmp_path / "next", trials=1).search(X, Y, **FIT)
    assert all(np.array_equal(a, b) for a, b in zip(before, mine.get_weights(), strict=True))
    assert int(one.refit(X, Y, epochs=3, batch_size=10, verbose=0).optimizer.iterations) == 18


def test_scores_of_folds_survive_a_restart(tmp_path, capsys):
    first = tuner(tmp_path)
    first.search(X, Y, **FIT)
    again = tuner(tmp_path)
    assert "Reloading" in capsys.readouterr().out
    assert fold_scores(again).equals(fold_scores(first))


def test_bayesian_optimization_goes_with_it(tmp_path):
    oracle = kt.oracles.BayesianOptimizationOracle(OBJECTIVE, max_trials=4, num_initial_points=2, seed=1)
    one = CrossValidated(oracle, Own(lambda *_: {"val_accuracy": 0.5}), cv=2, directory=tmp_path)
    one.search(X, Y, verbose=0)
    assert fold_scores(one)["mean"].tolist() == [0.5] * len(one.oracle.trials)
