"""Bagging in the library, judged by what is known of it: the 63.2 %, scikit-learn's weights, and the variance of a mean."""

import numpy as np
import pytest
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeRegressor

from lib import ensembles


@pytest.mark.parametrize("n, size", [(2000, 2000), (2000, 1000), (500, 2000)])
def test_a_bag_holds_the_expected_share(n, size):
    rng = np.random.default_rng(1)
    left_out = np.mean([ensembles.bootstrap(n, rng, size=size)[1].mean() for _ in range(60)])
    assert left_out == pytest.approx((1 - 1 / n) ** size, abs=0.01)


def test_weights_are_as_good_as_copies():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    rows, unseen = ensembles.bootstrap(60, 3)
    counts = np.bincount(rows, minlength=60)
    assert (counts == 0).tolist() == unseen.tolist()
    copies, weighed = Ridge().fit(x[rows], y[rows]), Ridge().fit(x, y, sample_weight=counts)
    assert np.allclose(copies.predict(x), weighed.predict(x))


def test_bagging_regressor_is_the_mean_of_its_members_and_out_of_bag_agrees():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(80, 3)), rng.normal(size=80)
    bagging = BaggingRegressor(DecisionTreeRegressor(), 30, oob_score=True, random_state=1).fit(x, y)
    guesses = np.stack([member.predict(x) for member in bagging.estimators_])
    assert np.allclose(ensembles.combine(guesses), bagging.predict(x))
    unseen = np.stack([~np.isin(np.arange(80), rows) for rows in bagging.estimators_samples_])
    assert unseen.any(axis=0).all() and np.allclose(ensembles.out_of_bag(guesses, unseen), bagging.oob_prediction_)


def test_the_variance_of_a_mean_of_correlated_members():
    rng = np.random.default_rng(5)
    shared, own = rng.normal(size=20_000), rng.normal(size=(8, 20_000))
    members = 0.6 * shared + 0.8 * own  # variance 1, correlation 0.36
    assert ensembles.combine(members).var() == pytest.approx(0.36 + 0.64 / 8, rel=0.05)
    assert ensembles.pairs_mean(np.cov(members)) == pytest.approx(0.36, rel=0.1)
