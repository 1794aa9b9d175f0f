"""Combining models, judged by scikit-learn's own ensembles on the same members, and by what must be so."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    BaggingRegressor,
    GradientBoostingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from lib import ensembles

IRIS, DIABETES = load_iris(), load_diabetes()
THREE = np.random.default_rng(1).dirichlet(np.ones(4), size=(3, 50))  # three members, fifty samples, four classes

# --- voting


@pytest.fixture(scope="module")
def classifiers():
    """A fitted VotingClassifier of weak members that often disagree, and their probabilities on all rows."""
    noisy = IRIS.data + np.random.default_rng(1).normal(0, 1, IRIS.data.shape)
    members = [("tree", DecisionTreeClassifier(max_depth=2)), ("bayes", GaussianNB()), ("line", LogisticRegression())]
    fitted = VotingClassifier(members).fit(noisy, IRIS.target)
    return fitted, noisy, np.stack([member.predict_proba(noisy) for member in fitted.estimators_])


@pytest.mark.parametrize("how", ["hard", "soft"])
@pytest.mark.parametrize("weights", [None, [1, 2, 4], [0.0, 1.0, 1.0]])
def test_votes_agree_with_scikit_learn(classifiers, how, weights):
    fitted, x, probabilities = classifiers
    theirs = fitted.set_params(voting=how, weights=weights).predict(x)
    assert np.array_equal(ensembles.vote(probabilities, how, weights), theirs)
    labels = probabilities.argmax(axis=2)
    assert (ensembles.disagreement(labels)[np.triu_indices(3, 1)] > 0).all()
    if how == "hard":
        assert np.array_equal(ensembles.vote(labels, how, weights), theirs)


def test_soft_votes_average_probabilities(classifiers):
    fitted, x, probabilities = classifiers
    theirs = fitted.set_params(voting="soft", weights=[1, 2, 4]).predict_proba(x)
    assert np.allclose(ensembles.combine(probabilities, weights=[1, 2, 4]), theirs)


def test_a_tie_goes_to_the_smaller_class():
    members = [DummyClassifier(strategy="constant", constant=c) for c in (2, 1)]
    theirs = VotingClassifier([("a", members[0]), ("b", members[1])]).fit(IRIS.data, IRIS.target).predict(IRIS.data)
    assert ensembles.vote([[2], [1]], how="hard").tolist() == [1] == [theirs[0]]
    assert ensembles.vote([[[0.2, 0.4, 0.4]], [[0.2, 0.4, 0.4]]]).tolist() == [1]


def test_hard_and_soft_differ_where_one_member_is_sure():
    sure = [[[0.55, 0.45]], [[0.55, 0.45]], [[0.0, 1.0]]]
    assert ensembles.vote(sure, "hard").tolist() == [0] and ensembles.vote(sure, "soft").tolist() == [1]


def test_means_agree_with_scikit_learn():
    members = [("ridge", Ridge()), ("tree", DecisionTreeRegressor(max_depth=3)), ("near", KNeighborsRegressor())]
    fitted = VotingRegressor(members, weights=[3, 1, 1]).fit(DIABETES.data, DIABETES.target)
    numbers = [member.predict(DIABETES.data) for member in fitted.estimators_]
    assert np.allclose(ensembles.combine(numbers, weights=[3, 1, 1]), fitted.predict(DIABETES.data))
    assert np.array_equal(ensembles.combine(numbers, "median"), np.sort(numbers, axis=0)[1])


def test_one_member_is_its_own_ensemble():
    assert np.allclose(ensembles.combine(THREE[:1]), THREE[0])
    assert np.array_equal(ensembles.vote(THREE[:1], "hard"), THREE[0].argmax(axis=1))
    assert ensembles.best_weights(THREE[:1], THREE[0].argmax(axis=1)).tolist() == [1]


# --- weights


def test_best_weights_are_where_mixtures_stand_still():
    # An independent way: expectation-maximization of a mixture's weights, which can only go up to the same place.
    y = np.random.default_rng(2).integers(0, 4, 50)
    of_truth = THREE[:, np.arange(50), y]
    weights = np.full(3, 1 / 3)
    for _ in range(20_000):
        weights = (weights[:, None] * of_truth / (weights @ of_truth)).mean(axis=1)
    assert np.allclose(ensembles.best_weights(THREE, y), weights, atol=2e-3)


@pytest.mark.parametrize("scale", [1e-3, 1, 1e4])
def test_best_weights_for_numbers_are_the_best_of_a_grid(scale):
    rng = np.random.default_rng(3)
    y = rng.normal(size=200) * scale
    predictions = y + rng.normal(size=(3, 200)) * np.array([[0.5], [1], [3]]) * scale
    steps = np.linspace(0, 1, 101)
    grid = [(a, b, 1 - a - b) for a in steps for b in steps if a + b <= 1]
    best = min(grid, key=lambda w: np.mean((np.array(w) @ predictions - y) ** 2))
    found = ensembles.best_weights(predictions, y)
    assert np.allclose(found, best, atol=0.02) and np.isclose(found.sum(), 1) and (found >= 0).all()
    assert found[0] > found[1] > found[2]


def test_a_useless_member_gets_nothing():
    truth = np.arange(60) % 3
    good = np.eye(3)[truth] * 0.7 + 0.1
    bad = np.roll(good, 1, axis=1)
    assert np.allclose(ensembles.best_weights([good, bad], truth), [1, 0], atol=1e-3)


# --- diversity


def test_disagreement_counts_pairs():
    found = ensembles.disagreement([[0, 1, 2, 2], [0, 1, 2, 1], [1, 2, 0, 2]])
    assert found.tolist() == [[0, 0.25, 0.75], [0.25, 0, 1], [0.75, 1, 0]]
    assert ensembles.pairs_mean(found) == pytest.approx((0.25 + 0.75 + 1) / 3)


def test_error_correlation_agrees_with_numpy():
    errors = np.random.default_rng(4).normal(size=(3, 40))
    assert np.allclose(ensembles.error_correlation(errors), np.corrcoef(errors))
    wrong = errors > 0.3
    found = ensembles.error_correlation([*wrong, np.zeros(40, bool)])
    assert np.allclose(found[:3, :3], np.corrcoef(wrong)) and np.isnan(found[3]).all() and np.isnan(found[:, 3]).all()


# --- bagging


def test_a_bootstrap_leaves_out_what_it_does_not_draw():
    rows, unseen = ensembles.bootstrap(20_000, seed=1)
    assert rows.shape == (20_000,) and set(np.flatnonzero(unseen)) == set(range(20_000)) - set(rows)
    assert unseen.mean() == pytest.approx(np.exp(-1), abs=0.01)
    assert np.array_equal(rows, ensembles.bootstrap(20_000, seed=1)[0])
    assert not np.array_equal(rows, ensembles.bootstrap(20_000, seed=2)[0])
    assert np.bincount(rows).max() > 4
    assert len(ensembles.bootstrap(10, seed=1, size=3)[0]) == 3


def test_a_generator_goes_on_drawing():
    rng = np.random.default_rng(1)
    first, second = ensembles.bootstrap(50, rng)[0], ensembles.bootstrap(50, rng)[0]
    assert not np.array_equal(first, second)


def masks(fitted, n):
    unseen = np.ones((len(fitted.estimators_), n), bool)
    for mask, rows in zip(unseen, fitted.estimators_samples_, strict=True):
        mask[rows] = False
    return unseen


def test_out_of_bag_agrees_with_scikit_learn():
    tree = DecisionTreeClassifier(max_depth=2)
    fitted = BaggingClassifier(tree, n_estimators=20, oob_score=True, random_state=1).fit(IRIS.data, IRIS.target)
    probabilities = [member.predict_proba(IRIS.data) for member in fitted.estimators_]
    found = ensembles.out_of_bag(probabilities, masks(fitted, 150))
    assert np.allclose(found, fitted.oob_decision_function_)
    assert np.mean(found.argmax(axis=1) == IRIS.target) == fitted.oob_score_

    x, y = DIABETES.data, DIABETES.target
    fitted = BaggingRegressor(n_estimators=20, oob_score=True, random_state=1).fit(x, y)
    found = ensembles.out_of_bag([member.predict(x) for member in fitted.estimators_], masks(fitted, len(x)))
    assert np.allclose(found, fitted.oob_prediction_)


def test_what_every_member_has_seen_has_no_out_of_bag_prediction():
    found = ensembles.out_of_bag([[1.0, 2], [3, 4]], [[True, False], [True, False]])
    assert found[0] == 2 and np.isnan(found[1])


# --- boosting


def test_reweighting_agrees_with_adaboost():
    x, y = IRIS.data + np.random.default_rng(1).normal(0, 1, IRIS.data.shape), IRIS.target
    boosted = AdaBoostClassifier(DecisionTreeClassifier(max_depth=1), n_estimators=8, learning_rate=0.7, random_state=1)
    boosted.fit(x, y)
    weights, labels, alphas = np.full(150, 1 / 150), [], []
    for member in boosted.estimators_:
        labels.append(member.predict(x))
        weights, alpha = ensembles.reweight(weights, labels[-1] != y, 3, learning_rate=0.7)
        alphas.append(alpha)
        assert np.isclose(weights.sum(), 1)
    assert len(alphas) == 8
    assert np.allclose(alphas, boosted.estimator_weights_)
    assert np.array_equal(ensembles.vote(labels, "hard", alphas), boosted.predict(x))


def test_after_reweighting_a_member_is_no_better_than_guessing():
    rng = np.random.default_rng(5)
    weights, wrong = rng.random(100), rng.random(100) < 0.3
    new, alpha = ensembles.reweight(weights, wrong, 4)
    assert alpha > 0 and new[wrong].sum() == pytest.approx(3 / 4)


@pytest.mark.parametrize("wrong, say", [([False] * 4, 1), ([True] * 4, 0), ([True, True, False, False], 0)])
def test_there_is_nothing_to_reweight(wrong, say):
    weights, alpha = ensembles.reweight(np.ones(4), wrong, n_classes=2)
    assert alpha == say and weights.tolist() == [0.25] * 4


def test_boosting_residuals_agrees_with_scikit_learn():
    x, y = DIABETES.data[:300], DIABETES.target[:300]
    tree = {"max_depth": 2, "min_samples_leaf": 20, "random_state": 1}  # large leaves: no two splits are equally good
    theirs = GradientBoostingRegressor(n_estimators=15, learning_rate=0.3, **tree).fit(x, y)

    def fit_predict(x_train, residuals, x_new):
        return DecisionTreeRegressor(**tree).fit(x_train, residuals).predict(x_new)

    staged = ensembles.boost_residuals(fit_predict, x, y, DIABETES.data[300:], rounds=15, shrinkage=0.3)
    assert staged.shape == (16, 142) and np.allclose(staged[0], y.mean())
    assert np.allclose(staged[1:], list(theirs.staged_predict(DIABETES.data[300:])))


# --- stacking


def test_out_of_fold_agrees_with_cross_val_predict():
    def probabilities(x_train, y_train, x_new):
        return LogisticRegression(C=0.1).fit(x_train, y_train).predict_proba(x_new)

    def numbers(x_train, y_train, x_new):
        return Ridge().fit(x_train, y_train).predict(x_new)

    x, y = IRIS.data, IRIS.target
    folds = StratifiedKFold(4, shuffle=True, random_state=1)
    theirs = cross_val_predict(LogisticRegression(C=0.1), x, y, cv=folds, method="predict_proba")
    assert np.allclose(ensembles.out_of_fold(probabilities, x, y, folds.split(x, y)), theirs)
    x, y = DIABETES.data, DIABETES.target
    folds = KFold(5, shuffle=True, random_state=1)
    assert np.allclose(ensembles.out_of_fold(numbers, x, y, folds.split(x)), cross_val_predict(Ridge(), x, y, cv=folds))


def test_no_row_is_predicted_by_a_model_that_knows_it():
    def share_known(x_train, y_train, x_new):
        return np.isin(x_new, x_train)

    found = ensembles.out_of_fold(share_known, np.arange(20), np.arange(20), KFold(4).split(np.arange(20)))
    assert (found == 0).all()


# --- bad input: one line with the argument, what was found, what was expected

P, Y = np.full((2, 5, 3), 1 / 3), np.array([0, 1, 2, 0, 1])
NAN = np.where(np.arange(5) == 2, np.nan, 1.0)
ROWS = np.arange(4)


def returns(*shape):
    return lambda *_: np.zeros(shape)


BAD = {
    "no members": (lambda: ensembles.vote([]), r"votes: no members found; expected .*\(n_models, n_samples, n_classes\)"),
    "no samples": (lambda: ensembles.combine(np.ones((2, 0))), r"predictions: shape \(2, 0\) found; expected 1 sample"),
    "members of two shapes": (lambda: ensembles.vote([P[0], P[0][:4]]), r"votes: member 1 has shape \(4, 3\); .*\(5, 3\)"),
    "other classes": (lambda: ensembles.combine([P[0], P[0][:, :2]]), r"predictions: member 1 has shape \(5, 2\)"),
    "one dimension": (lambda: ensembles.vote(Y), r"votes: shape \(5,\) found; expected .*n_classes"),
    "labels softly": (lambda: ensembles.vote([Y, Y]), r"votes: shape \(2, 5\) found; expected \(n_models, n_samples, n_classes"),
    "labels as floats": (lambda: ensembles.vote([Y * 1.0], "hard"), "votes: float64 found; expected class numbers"),
    "labels as dates": (
        lambda: ensembles.vote([np.array(["2026-01-01"], "datetime64[D]")], "hard"), r"votes: datetime64.* found"
    ),
    "text softly": (lambda: ensembles.vote([[["a", "b"]]]), "votes: <U1 found; expected numbers"),
    "a negative class": (lambda: ensembles.disagreement([Y - 1]), "labels: class -1 found; expected 0 or more"),
    "sums": (lambda: ensembles.vote(P * 0.9), "votes: a row that sums to 0.9 found; expected .* sum to 1"),
    "sums, hard": (lambda: ensembles.vote(P * 0.9, "hard"), "votes: a row that sums to 0.9"),
    "sums, mean": (lambda: ensembles.combine(P * 2), "predictions: a row that sums to 2"),
    "logits": (lambda: ensembles.combine([[[3.0, -2.0]]]), "predictions: the probability -2 found; .*logits"),
    "not finite": (lambda: ensembles.combine([NAN]), "predictions: nan found; expected finite"),
    "how": (lambda: ensembles.vote(P, "loud"), "how: 'loud' found; expected 'soft' or 'hard'"),
    "how numbers": (lambda: ensembles.combine(P, "soft"), "how: 'soft' found; expected 'mean' or 'median'"),
    "median of classes": (lambda: ensembles.combine(P, "median"), "how: 'median' found with class probabilities"),
    "weighted median": (lambda: ensembles.combine([Y, Y], "median", [1, 2]), "how: 'median' found with weights"),
    "three weights": (lambda: ensembles.vote(P, weights=[1, 2, 3]), r"weights: shape \(3,\) found; expected \(2,\)"),
    "zero weights": (lambda: ensembles.vote(P, weights=[0, 0]), "weights: a sum of 0 found; expected one above 0"),
    "zero weights, hard": (lambda: ensembles.vote([Y], "hard", weights=[0]), "weights: a sum of 0 found"),
    "negative weights": (lambda: ensembles.combine([Y, Y], weights=[2, -1]), "weights: -1 found; expected finite"),
    "short y": (lambda: ensembles.best_weights(P, Y[:4]), r"y: shape \(4,\) found; expected \(5,\)"),
    "a class too many": (lambda: ensembles.best_weights(P, Y + 1), "y: class 3 found; expected 0 to 2"),
    "y as floats": (lambda: ensembles.best_weights(P, Y * 1.0), "y: float64 found; expected class numbers"),
    "no pair": (lambda: ensembles.pairs_mean([[1.0]]), r"matrix: shape \(1, 1\) found; .*2 members or more"),
    "no rows": (lambda: ensembles.bootstrap(0, 1), "n: 0 found; expected 1 or more"),
    "no draws": (lambda: ensembles.bootstrap(5, 1, size=0), "size: 0 found; expected 1 or more"),
    "missing class": (
        lambda: ensembles.bootstrap(5, 1, y=ROWS[[0, 1, 2, 3, 3]], size=2),
        "y: class . found in no row of this bootstrap of 2; expected all 4",
    ),
    "y of the bootstrap": (lambda: ensembles.bootstrap(5, 1, y=ROWS), r"y: shape \(4,\) found; expected \(5,\)"),
    "masks": (lambda: ensembles.out_of_bag(P, np.ones((2, 4))), r"unseen: shape \(2, 4\) found; expected \(2, 5\)"),
    "out-of-bag sums": (lambda: ensembles.out_of_bag(P * 2, np.ones((2, 5))), "predictions: a row that sums to 2"),
    "sample weights": (lambda: ensembles.reweight(np.ones(4), Y == 0, 3), r"weights: shape \(4,\) found; expected \(5,\)"),
    "wrong in two dimensions": (
        lambda: ensembles.reweight(None, [[True]], 3), r"wrong: shape \(1, 1\) found; expected \(n_samples,\)"
    ),
    "zero sample weights": (lambda: ensembles.reweight(np.zeros(5), Y == 0, 3), "weights: a sum of 0 found"),
    "one class": (lambda: ensembles.reweight(None, Y == 0, 1), "n_classes: 1 found; expected 2 or more"),
    "learning rate": (lambda: ensembles.reweight(None, Y == 0, 3, 0), "learning_rate: 0 found; expected a number above 0"),
    "shrinkage": (lambda: ensembles.boost_residuals(returns(8), ROWS, ROWS, ROWS, 1, 0), "shrinkage: 0 found"),
    "a step too short": (
        lambda: ensembles.boost_residuals(returns(4), ROWS, ROWS, ROWS, 1), r"fit_predict: shape \(4,\) found; expected \(8,\)"
    ),
    "held out twice": (
        lambda: ensembles.out_of_fold(returns(2), ROWS, ROWS, [([0, 1], [2, 3])] * 2),
        "folds: row 0 is held out 0 times; expected once",
    ),
    "no folds": (lambda: ensembles.out_of_fold(returns(2), ROWS, ROWS, []), "folds: row 0 is held out 0 times"),
    "a class missing in a fold": (
        lambda: ensembles.out_of_fold(lambda x, y, new: np.ones((2, y[0])), ROWS, ROWS, [([2, 3], [0, 1]), ([1, 0], [2, 3])]),
        r"fit_predict: shape \(2, 1\) found; expected \(2, 2\), as in the first fold",
    ),
}


@pytest.mark.parametrize("call, message", BAD.values(), ids=list(BAD))
def test_bad_input_is_told_in_one_line(call, message):
    with pytest.raises(ValueError, match=f"^{message}") as caught:
        call()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 160
