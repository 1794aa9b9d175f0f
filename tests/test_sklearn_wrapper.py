"""Keras models inside scikit-learn: its own checks, parameters that clones keep, and the tools they have to work in."""

import functools
import pickle
import re

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from lib.errors import CourseError
from lib.tuning import KerasClassifier, KerasRegressor
from lib.tuning.shared import _models


def softmax(n_features, n_classes, units=16, learning_rate=0.02):
    layers = [keras.Input((n_features,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(n_classes, "softmax")]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def sigmoid(n_features, units=8, dropout=0.0, optimizer="adam"):
    layers = [keras.Input((n_features,)), keras.layers.Dense(units, "relu"), keras.layers.Dropout(dropout)]
    model = keras.Sequential([*layers, keras.layers.Dense(1, "sigmoid")])
    optimizer = keras.optimizers.get(optimizer)
    optimizer.learning_rate = 0.01
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    return model


def number(n_features, units=16, learning_rate=0.02):
    model = keras.Sequential([keras.Input((n_features,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(learning_rate), "mse")
    return model


@pytest.fixture(scope="module")
def two():
    """Two classes with names, which three of six columns tell apart."""
    x, y = make_classification(120, 6, n_informative=3, class_sep=2.0, random_state=1)
    return x, np.array(["no", "yes"])[y]


# --- scikit-learn's own checks

EXPECTED_FAILED_CHECKS = {
    "check_sample_weight_equivalence_on_dense_data": (
        "A row of weight 2 comes once an epoch, in one minibatch; two copies of a row come twice, in minibatches of "
        "their own, and another number of rows is shuffled in another order. Equal to seven digits, which the check "
        "asks for, is more than float32 gives even where all rows fit into one batch."
    ),
}


NAMES, CASES = parametrize_with_checks(
    [
        KerasClassifier(softmax, epochs=40, random_state=1, units=16),
        KerasRegressor(number, epochs=40, random_state=1, units=16),
    ],
    expected_failed_checks=lambda estimator: EXPECTED_FAILED_CHECKS,
).args


def name(value):
    """Return a short name of an estimator or check; scikit-learn's own hold addresses, which no two processes share."""
    return getattr(getattr(value, "func", value), "__name__", type(value).__name__)


@pytest.mark.long("scikit-learn's own checks", by="estimator")
@pytest.mark.parametrize(NAMES, CASES, ids=name)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


# --- parameters


def test_parameters_are_flat_and_clones_keep_them():
    stop = keras.callbacks.EarlyStopping(patience=3)
    net = KerasClassifier(sigmoid, units=32, epochs=7, batch_size=16, callbacks=[stop])
    assert net.get_params() == {
        "build": sigmoid, "units": 32, "dropout": 0.0, "optimizer": "adam", "epochs": 7, "batch_size": 16,
        "callbacks": [stop], "validation_split": 0.0, "verbose": 0, "random_state": None,
    }
    net.set_params(units=64, dropout=0.3, epochs=9)
    copied = clone(net)
    assert (copied.units, copied.epochs, copied.batch_size, copied.get_params()["dropout"]) == (64, 9, 16, 0.3)
    copied.set_params(units=1)
    assert net.units == 64


def test_an_unknown_parameter_is_told_with_the_nearest(two):
    with pytest.raises(ValueError, match=r"Invalid parameter 'unit'.*Did you mean 'units'"):
        KerasClassifier(sigmoid).set_params(unit=3)
    with pytest.raises(ValueError, match="sigmoid has no argument 'unit'; it has: n_features, units"):
        KerasClassifier(sigmoid, unit=3).fit(*two)
    with pytest.raises(AttributeError, match="nothing"):
        _ = KerasClassifier(sigmoid).nothing


class Builder:
    """Builds a model, and is no function."""

    def __call__(self, n_features, units=8):
        return sigmoid(n_features, units)


@pytest.mark.parametrize("build, name", [(functools.partial(sigmoid, dropout=0.1), "sigmoid"), (Builder(), "Builder")])
def test_a_build_that_is_no_plain_function(two, build, name):
    assert KerasClassifier(build, units=4, epochs=1).fit(*two).model_.layers[0].units == 4
    assert clone(KerasClassifier(build, units=4)).get_params()["units"] == 4
    with pytest.raises(ValueError, match=f"{name} has no argument 'unit'; it has: n_features, units"):
        KerasClassifier(build, unit=3).fit(*two)
    with pytest.raises(ValueError, match="isn must return a compiled"):
        KerasClassifier(functools.partial(isn, 1)).fit(*two)


def isn(number):
    return keras.Sequential([keras.layers.Dense(number)])


def test_a_model_in_place_of_build_is_refused(two):
    with pytest.raises(ValueError, match="build must be a function that returns a compiled model, not a Sequential"):
        KerasClassifier(sigmoid(6)).fit(*two)


def test_one_class_is_told_as_it_was_written(two):
    with pytest.raises(ValueError, match="every row is 7\\."):
        KerasClassifier(sigmoid).fit(two[0], np.full(len(two[0]), 7))


def test_fit_arguments_reach_fit(two):
    ends = []

    class Count(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            ends.append((epoch, self.params["steps"]))

    net = KerasClassifier(sigmoid, epochs=3, batch_size=32, validation_split=0.25, callbacks=[Count()])
    clone(net).fit(*two)
    assert ends == [(0, 3), (1, 3), (2, 3)]  # 90 rows to train on, 32 a step
    assert set(net.fit(*two).history_) == {"loss", "accuracy", "val_loss", "val_accuracy"}


@pytest.mark.parametrize("given", [
    {"validation_split": -0.5}, {"validation_split": np.nan}, {"validation_split": 1}, {"validation_split": 1.5},
    {"validation_split": np.inf}, {"validation_split": "0.2"}, {"validation_split": None},
    {"epochs": 0}, {"epochs": -1}, {"epochs": 2.9}, {"epochs": np.nan}, {"epochs": np.inf}, {"epochs": "3"},
    {"batch_size": 0}, {"batch_size": -32}, {"batch_size": 0.5}, {"batch_size": None},
], ids=str)
@pytest.mark.parametrize("kind, build", [(KerasClassifier, sigmoid), (KerasRegressor, number)])
def test_numbers_that_fit_would_take_for_others_are_refused(two, kind, build, given):
    name, value = next(iter(given.items()))
    x, y = two
    with pytest.raises(CourseError, match=f"^{name}: {re.escape(repr(value))} found; expected a .*number") as told:
        kind(build, **given).fit(x, y if kind is KerasClassifier else x[:, 0])
    assert "\n" not in str(told.value)


def test_numbers_as_a_search_draws_them_are_taken(two):
    draws = {"validation_split": np.float32(0.25), "epochs": np.int64(2), "batch_size": np.float64(30.0)}
    assert len(KerasClassifier(sigmoid, **draws).fit(*two).history_["val_loss"]) == 2


def adapted(n_features, scale, rate=0.02):
    layers = [keras.Input((n_features,)), keras.layers.Normalization(), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.layers[0].adapt(scale * make_regression(120, n_features, random_state=1)[0])
    model.compile(keras.optimizers.Adam(rate), "mse")
    return model


def test_a_layer_that_was_adapted_trains_as_adapted():
    x, y = make_regression(120, 4, random_state=1)
    first, small = (KerasRegressor(adapted, epochs=3, random_state=1, scale=scale).fit(scale * x, y) for scale in (1, 0.001))
    assert np.allclose(first.history_["loss"], small.history_["loss"], rtol=1e-3), "normalized, the rows are the same"
    assert np.allclose(first.predict(x), small.predict(0.001 * x), rtol=1e-2, atol=1e-2)


def test_what_build_returns_is_looked_at(two):
    x, y = two
    with pytest.raises(ValueError, match="compiled"):
        KerasClassifier(lambda: keras.Sequential([keras.layers.Dense(1)])).fit(x, y)
    with pytest.raises(ValueError, match=r"1 output.*3 classes"):
        KerasClassifier(sigmoid).fit(x, np.arange(len(x)) % 3)
    with pytest.raises(ValueError, match="2 outputs; a regressor needs one"):
        KerasRegressor(lambda n_features: softmax(n_features, 2)).fit(x, np.arange(len(x)))


def test_a_model_without_an_input_layer(two):
    def build(units=8):
        model = keras.Sequential([keras.layers.Dense(units, "relu"), keras.layers.Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy")
        return model

    assert KerasClassifier(build, random_state=1, epochs=20, batch_size=8).fit(*two).score(*two) > 0.75


# --- training


def test_a_random_state_decides_everything(two):
    """Also where the second training goes through the first one's compiled graph."""
    x, y = two
    net = KerasClassifier(sigmoid, epochs=4, random_state=3, units=9, dropout=0.4)
    first = net.fit(x, y).predict_proba(x)
    other = clone(net).set_params(random_state=4).fit(x, y).predict_proba(x)
    again = clone(net).fit(x, y).predict_proba(x)
    assert np.array_equal(first, again) and not np.allclose(first, other, atol=1e-3)
    np.random.seed(5)
    a, b = (clone(net).set_params(random_state=None).fit(x, y).predict_proba(x) for _ in "ab")
    np.random.seed(5)
    assert np.array_equal(clone(net).set_params(random_state=None).fit(x, y).predict_proba(x), a)
    assert not np.array_equal(a, b)


def test_fitting_leaves_the_callers_generators_alone(two):
    np.random.seed(8)
    expected = np.random.random()
    np.random.seed(8)
    KerasClassifier(sigmoid, epochs=1, random_state=1).fit(*two)
    assert np.random.random() == expected


def test_equal_architectures_are_traced_once_and_keep_their_own_weights(two):
    x, y = two
    traces = []

    class Counting(keras.layers.Dense):
        """Counts how often Python runs it."""

        def call(self, inputs):
            traces.append(1)
            return super().call(inputs)

    before = set(_models)
    net = KerasClassifier(sigmoid, epochs=2, random_state=1, units=11)
    nets = [clone(net).set_params(batch_size=size, random_state=size).fit(x, y) for size in (8, 16, 32)]
    assert len(set(_models) - before) == 1
    kept = [fitted.predict_proba(x) for fitted in nets]
    clone(net).set_params(random_state=9).fit(x, y)
    assert all(np.array_equal(fitted.predict_proba(x), p) for fitted, p in zip(nets, kept, strict=True))
    assert not np.allclose(kept[0], kept[1])

    def own_layer(n_features, units=4):
        model = keras.Sequential([keras.Input((n_features,)), Counting(units), keras.layers.Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy")
        return model

    # A layer of the learner's own may hold what its config does not tell: such models share nothing.
    KerasClassifier(own_layer, epochs=1).fit(x, y)
    traced = len(traces)
    KerasClassifier(own_layer, epochs=1).fit(x, y)
    assert len(traces) == 2 * traced


def test_a_metric_has_one_name_in_every_history(two):
    def build(n_features):
        model = keras.Sequential([keras.Input((n_features,)), keras.layers.Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy", metrics=[keras.metrics.AUC()])  # Keras numbers them: auc, auc_1
        return model

    histories = [KerasClassifier(build, epochs=1, random_state=seed).fit(*two).history_ for seed in (1, 2)]
    assert all("auc" in history for history in histories)


def test_models_of_several_fits_go_into_one_model(two):
    x, y = two
    nets = [KerasClassifier(sigmoid, epochs=1, random_state=seed).fit(x, y) for seed in (1, 2)]
    inputs = keras.Input((6,))
    both = keras.Model(inputs, keras.layers.average([net.model_(inputs) for net in nets]))
    assert both(x).shape == (len(x), 1)


# --- outputs


@pytest.mark.parametrize("loss", ["binary_crossentropy", "logits"])
def test_probabilities_of_one_unit(two, loss):
    x, y = two

    def build(n_features):
        last = keras.layers.Dense(1, None if loss == "logits" else "sigmoid")
        model = keras.Sequential([keras.Input((n_features,)), last])
        model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True) if loss == "logits" else loss)
        return model

    net = KerasClassifier(build, epochs=2, random_state=1).fit(x, y)
    raw = np.asarray(net.model_(x.astype("float32")), float)[:, 0]
    share = 1 / (1 + np.exp(-raw)) if loss == "logits" else raw
    assert np.allclose(net.predict_proba(x), np.stack([1 - share, share], axis=1), atol=1e-6)
    assert np.array_equal(net.predict(x), np.where(share > 0.5, "yes", "no"))


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy", "logits"])
def test_probabilities_of_many_units(loss):
    x, y = make_classification(150, 6, n_informative=4, n_classes=3, class_sep=2.0, random_state=1)

    def build(n_features, n_classes):
        last = keras.layers.Dense(n_classes, None if loss == "logits" else "softmax")
        model = keras.Sequential([keras.Input((n_features,)), keras.layers.Dense(16, "relu"), last])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(True) if loss == "logits" else loss)
        return model

    net = KerasClassifier(build, epochs=40, batch_size=16, random_state=1).fit(x, y * 10)
    shares = net.predict_proba(x)
    assert shares.shape == (150, 3) and np.allclose(shares.sum(axis=1), 1, atol=1e-12)
    assert net.classes_.tolist() == [0, 10, 20] and net.score(x, y * 10) > 0.75
    assert roc_auc_score(y * 10, shares, multi_class="ovr") > 0.85


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "float64"])
def test_answers_have_the_digits_that_were_computed(two, policy):
    x, y = two

    def build(n_features, n_classes=1, activation=None):
        dtype = {"dtype": policy}
        layers = [keras.layers.Dense(4, "relu", **dtype), keras.layers.Dense(n_classes, activation, **dtype)]
        model = keras.Sequential([keras.Input((n_features,)), *layers])
        model.compile("adam", "mse" if activation is None else "sparse_categorical_crossentropy")
        return model

    expected = np.float64 if policy == "float64" else np.float32
    regressor = KerasRegressor(build, epochs=1).fit(x, x[:, 0])
    shares = KerasClassifier(build, activation="softmax", epochs=1).fit(x, y).predict_proba(x)
    assert regressor.predict(x).dtype == shares.dtype == expected
    assert np.allclose(shares.sum(axis=1), 1, rtol=0, atol=1e-6)


def test_weights_steer_the_training(two):
    x, y = two
    rows = np.zeros((200, 2)) + np.random.default_rng(1).normal(0, 0.01, (200, 2))
    labels = np.arange(200) % 2  # nothing tells the two apart: only their weights do
    net = KerasClassifier(sigmoid, epochs=30, random_state=1)
    for favoured in (0, 1):
        heavy = np.where(labels == favoured, 5.0, 1.0)
        assert abs(net.fit(rows, labels, heavy).predict_proba(rows)[:, favoured].mean() - 5 / 6) < 0.1
    small = clone(net).fit(x, y, np.full(len(x), 1e-6)).predict_proba(x)
    assert np.allclose(small, clone(net).fit(x, y).predict_proba(x), atol=1e-5), "only ratios of weights matter"


def test_a_regressor_learns():
    x, y = make_regression(200, 5, n_informative=3, noise=1.0, random_state=1)
    y = (y - y.mean()) / y.std()
    net = KerasRegressor(number, epochs=60, batch_size=16, random_state=1).fit(x, y)
    assert net.predict(x).shape == (200,) and r2_score(y, net.predict(x)) > 0.9
    bagged = BaggingRegressor(net, 2, random_state=1).fit(x, y)
    assert bagged.score(x, y) > 0.8
    assert len({clone_.random_state for clone_ in bagged.estimators_}) == 2


# --- pickling


def test_pickles_before_and_after_fit(two):
    x, y = two
    net = KerasClassifier(sigmoid, units=12, epochs=2, random_state=1)
    assert pickle.loads(pickle.dumps(net)).get_params() == net.get_params()
    back = pickle.loads(pickle.dumps(net.fit(x, y)))
    assert np.array_equal(back.predict_proba(x), net.predict_proba(x))
    assert (back.units, back.history_, back.classes_.tolist()) == (12, net.history_, ["no", "yes"])
    assert np.array_equal(back.fit(x, y).predict_proba(x), net.predict_proba(x))


# --- scikit-learn's tools


@pytest.fixture
def pipeline():
    return make_pipeline(StandardScaler(), KerasClassifier(sigmoid, epochs=12, batch_size=16, random_state=1))


def test_a_grid_reaches_model_and_fit(two, pipeline):
    x, y = two
    grid = {"kerasclassifier__units": [4, 32], "kerasclassifier__batch_size": [8, 64]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(x, y)
    best = search.best_estimator_[-1]
    assert len(best.history_["loss"]) == 12, "clones keep the fit arguments"
    assert best.model_.layers[0].units == best.units == search.best_params_["kerasclassifier__units"]
    scores = np.array([search.cv_results_[f"split{k}_test_score"] for k in range(3)])
    assert np.allclose(scores.mean(axis=0), search.cv_results_["mean_test_score"]) and search.score(x, y) > 0.75


def test_random_draws(two, pipeline):
    values = {"kerasclassifier__optimizer": ["adam", "rmsprop"], "kerasclassifier__epochs": range(1, 6)}
    search = RandomizedSearchCV(pipeline, values, n_iter=4, cv=2, random_state=1).fit(*two)
    epochs = search.best_params_["kerasclassifier__epochs"]
    assert len(search.best_estimator_[-1].history_["loss"]) == epochs


def test_numpy_scalars_reach_build_as_plain_values(two):
    seen = []

    def build(n_features, units=8, rate=0.1, activation="relu"):
        seen.append([type(units), type(rate), type(activation)])
        return sigmoid(n_features, units)

    values = {"units": np.arange(8, 33, 8), "rate": np.linspace(0, 1, 5), "activation": np.array(["relu", "tanh"])}
    RandomizedSearchCV(KerasClassifier(build, epochs=1), values, n_iter=2, cv=2, random_state=1, error_score="raise").fit(*two)
    grid = {"units": np.array([8, 16], np.int16), "rate": np.ones(1, np.float32), "activation": ["relu"]}
    GridSearchCV(KerasClassifier(build, epochs=1), grid, cv=2, error_score="raise").fit(*two)
    assert seen and all(each == [int, float, str] for each in seen)


def test_roc_auc(two, pipeline):
    assert cross_val_score(pipeline, *two, cv=3, scoring="roc_auc").mean() > 0.8


@pytest.mark.parametrize("kind", ["soft", "hard", "bagging", "stacking", "boosting"])
def test_ensembles(two, kind):
    x, y = two
    if kind == "boosting":  # a member without a mistake would end it: every tenth label is the wrong one
        y = np.where(np.arange(len(y)) % 10 == 0, np.where(y == "yes", "no", "yes"), y)
    net = KerasClassifier(sigmoid, epochs=12, batch_size=16, random_state=1)
    members = [("a", net), ("b", clone(net).set_params(units=24)), ("line", LogisticRegression())]
    ensemble = {
        "soft": VotingClassifier(members, voting="soft"),
        "hard": VotingClassifier(members, voting="hard"),
        "bagging": BaggingClassifier(net, 3, random_state=1),
        "stacking": StackingClassifier(members, cv=2),
        "boosting": AdaBoostClassifier(net, n_estimators=3, random_state=1),
    }[kind].fit(x, y)
    assert ensemble.score(x, y) > 0.8
    nets = [member for member in ensemble.estimators_ if isinstance(member, KerasClassifier)]
    assert len(nets) >= 2 and all(len(member.history_["loss"]) == 12 for member in nets)
    votes = [member.predict_proba(x) for member in nets]
    assert not np.allclose(votes[0], votes[1]), "each member has a model of its own"


def test_pictures():
    rng = np.random.default_rng(1)
    y = np.arange(60) % 2
    x = rng.random((60, 8, 8)) * 0.2 + y[:, None, None]

    def build(n_classes):
        model = keras.Sequential(
            [keras.Input((8, 8)), keras.layers.Flatten(), keras.layers.Dense(n_classes, "softmax")]
        )
        model.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy")
        return model

    assert KerasClassifier(build, epochs=10, random_state=1).fit(x, y).score(x, y) == 1
