"""What holds of ensembles for any members: scikit-learn, SciPy and NumPy are the judges."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import minimize
from sklearn.datasets import load_diabetes, load_digits, load_iris, load_wine
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from lib import ensembles
from lib.errors import CourseError

IRIS = load_iris(return_X_y=True)
SEEDS = st.integers(0, 2**32 - 1)
WIDTHS = st.sampled_from(["float16", "float32", "float64"])

# --- votes


def counted(labels, weights):
    """The hard vote of scikit-learn's VotingClassifier."""
    return np.apply_along_axis(lambda column: np.argmax(np.bincount(column, weights=weights)), 0, labels)


LABELS = hnp.arrays(int, hnp.array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.integers(0, 5))


@given(LABELS, SEEDS, st.booleans())
def test_hard_votes_are_counted_as_scikit_learn_counts(labels, seed, halves):
    weights = np.random.default_rng(seed).integers(1, 4, len(labels)) / (2 if halves else 3)
    assert np.array_equal(ensembles.vote(labels, "hard", weights), counted(labels, weights))
    names = np.array(["ash", "beech", "elm", "fir", "oak", "yew"])
    assert np.array_equal(ensembles.vote(names[labels], "hard", weights), names[counted(labels, weights)])


@pytest.mark.parametrize("load", [load_iris, load_wine, load_digits])
@pytest.mark.parametrize("how", ["hard", "soft"])
def test_named_classes_are_voted_for_as_in_scikit_learn(load, how):
    x, y = load(return_X_y=True)
    y = np.array([f"class {number}" for number in y])
    members = [("tree", DecisionTreeClassifier(max_depth=3)), ("bayes", GaussianNB()), ("near", KNeighborsClassifier(1))]
    fitted = VotingClassifier(members, voting=how).fit(x[::2], y[::2])
    if how == "hard":
        found = ensembles.vote([fitted.classes_[member.predict(x)] for member in fitted.estimators_], "hard")
    else:
        found = fitted.classes_[ensembles.vote([member.predict_proba(x) for member in fitted.estimators_])]
    assert np.array_equal(found, fitted.predict(x))


def test_a_great_class_number_takes_no_memory():
    assert ensembles.vote([[10**15, 3], [10**15, 4], [1, 4]], "hard").tolist() == [10**15, 4]


# --- numbers


@given(WIDTHS, st.integers(1, 400), st.sampled_from([0.1, 300.0, 60000.0]), st.sampled_from(["mean", "median"]))
def test_members_that_agree_are_right_in_any_width(width, members, value, how):
    same = np.full((members, 3), value, width)
    assert np.allclose(ensembles.combine(same, how), same[0].astype(float), rtol=1e-12)
    assert np.allclose(ensembles.out_of_bag(same, np.ones((members, 3), bool)), same[0].astype(float), rtol=1e-12)


@given(SEEDS, WIDTHS)
def test_errors_are_correlated_as_numpy_does_it(seed, width):
    errors = np.random.default_rng(seed).normal(size=(3, 30)).astype(width)
    assert np.allclose(ensembles.error_correlation(errors), np.corrcoef(errors.astype(float)))


@given(st.floats(-1e3, 1e3), st.integers(2, 50))
def test_errors_that_are_all_the_same_have_no_correlation(value, n):
    errors = [np.full(n, value), np.arange(n)]
    assert np.isnan(ensembles.error_correlation(errors)).tolist() == [[True, True], [True, False]]


def test_errors_beyond_the_root_of_the_largest_number_are_correlated():
    errors = np.array([[1.0, 2, 4], [2, 1, 5]])
    assert np.allclose(ensembles.error_correlation(errors * 1e200), np.corrcoef(errors))


# --- the best weights


def squared(weights, predictions, y):
    return np.mean((weights @ predictions - y) ** 2)


def likely(weights, probabilities, y):
    return -np.log((weights @ probabilities[:, np.arange(len(y)), y]).clip(1e-12)).mean()


@pytest.mark.parametrize("off", [1, 100, 1000, 1e6, 1e9])
def test_a_member_far_off_leaves_the_good_ones_told_apart(off):
    rng = np.random.default_rng(0)
    y = rng.normal(size=400)
    predictions = np.stack([y + off + rng.normal(size=400), y + 0.1 * rng.normal(size=400), y + 2 * rng.normal(size=400)])
    weights = ensembles.best_weights(predictions, y)
    assert weights[1] > 0.98 and np.sqrt(squared(weights, predictions, y)) < 0.11


def test_a_member_that_forgot_to_scale_back_takes_nothing_from_the_good_one():
    rng = np.random.default_rng(1)
    y = rng.normal(1e6, 100, 300)
    good, poor = y + rng.normal(0, 5, 300), y + rng.normal(0, 130, 300)
    alone = ensembles.best_weights([good, poor], y)
    three = ensembles.best_weights([(y - 1e6) / 100, good, poor], y)
    assert np.allclose(three[1:], alone, atol=1e-3) and three[0] < 1e-4


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(8, 60), st.sampled_from([1e-12, 1e-3, 1.0, 1e6, 1e150]))
def test_the_best_weights_for_numbers_have_no_unit_and_no_better_neighbour(seed, members, n, unit):
    rng = np.random.default_rng(seed)
    y = rng.normal(rng.choice([0, 100]), 1, n)
    predictions = y + rng.normal(size=(members, n)) * 10.0 ** rng.uniform(-2, 3, (members, 1)) + rng.normal(size=(members, 1))
    weights = ensembles.best_weights(predictions, y)
    assert np.allclose(ensembles.best_weights(predictions * unit, y * unit), weights, atol=1e-6)
    assert (weights >= 0).all() and np.isclose(weights.sum(), 1)
    best = squared(weights, predictions, y)
    for corner in np.eye(members):
        for step in (1, 0.1, 1e-3, 1e-5):
            assert squared(weights + step * (corner - weights), predictions, y) >= best * (1 - 1e-6)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(2, 5), st.floats(0.05, 5))
def test_the_best_weights_for_classes_are_those_that_slsqp_finds_or_better(seed, members, classes, spread):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(classes, spread), size=(members, 40))
    y = rng.integers(0, classes, 40)
    weights = ensembles.best_weights(probabilities, y)
    assert (weights >= 0).all() and np.isclose(weights.sum(), 1)
    to_one = {"type": "eq", "fun": lambda w: w.sum() - 1}
    theirs = minimize(
        likely, np.full(members, 1 / members), (probabilities, y), "SLSQP", bounds=[(1e-9, 1)] * members, constraints=to_one
    ).x
    assert likely(weights, probabilities, y) <= likely(theirs / theirs.sum(), probabilities, y) + 1e-7


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_the_order_of_the_members_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    probabilities, y = rng.dirichlet(np.ones(3), size=(4, 50)), rng.integers(0, 3, 50)
    order = rng.permutation(4)
    weights = ensembles.best_weights(probabilities, y)
    assert np.allclose(ensembles.best_weights(probabilities[order], y), weights[order], atol=1e-4)


def test_a_softmax_in_16_bits_has_the_weights_of_one_in_64():
    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, 300)
    said = [np.where(rng.random(300) < right, y, (y + 1) % 3) for right in (0.9, 0.6, 0.5)]
    sure = np.eye(3)[said]
    narrow, wide = ensembles.best_weights(sure.astype("float16"), y), ensembles.best_weights(sure, y)
    assert np.allclose(narrow, wide) and wide[0] > 0.7


def test_the_truth_may_be_names_or_one_hot():
    rng = np.random.default_rng(3)
    probabilities, y = rng.dirichlet(np.ones(3), size=(2, 60)), rng.integers(0, 3, 60)
    weights = ensembles.best_weights(probabilities, y)
    for same in (np.array(["a", "b", "c"])[y], np.eye(3)[y], y[:, None], y.astype("uint8")):
        assert np.array_equal(ensembles.best_weights(probabilities, same), weights)


def test_a_perfect_member_gets_everything():
    y = np.random.default_rng(4).normal(size=30)
    assert ensembles.best_weights([y + 1, y, y - 3], y).tolist() == [0, 1, 0]


# --- bags


def test_out_of_bag_with_named_classes_agrees_with_scikit_learn():
    x, y = load_wine(return_X_y=True)
    fitted = BaggingClassifier(GaussianNB(), 40, oob_score=True, random_state=1).fit(x, np.array(["a", "b", "c"])[y])
    unseen = np.stack([~np.isin(np.arange(len(x)), rows) for rows in fitted.estimators_samples_])
    found = ensembles.out_of_bag([member.predict_proba(x) for member in fitted.estimators_], unseen)
    assert np.allclose(found, fitted.oob_decision_function_)


@given(SEEDS, st.integers(1, 40), st.sampled_from(["numbers", "names", "one-hot"]))
def test_a_bootstrap_has_every_class_or_says_which_it_lacks(seed, n, kind):
    y = np.random.default_rng(seed).integers(0, 3, n)
    shown = {"numbers": y, "names": np.array(["a", "b", "c"])[y], "one-hot": np.eye(3)[y]}[kind]
    rows, _ = ensembles.bootstrap(n, seed)
    missing = set(y) - set(y[rows])
    if missing:
        with pytest.raises(CourseError, match="found in no row of this bootstrap"):
            ensembles.bootstrap(n, seed, y=shown)
    else:
        assert np.array_equal(ensembles.bootstrap(n, seed, y=shown)[0], rows)


# --- boosting


@given(SEEDS, st.integers(2, 30), st.integers(2, 6), st.floats(0.01, 20))
def test_weights_stay_weights(seed, n, n_classes, rate):
    rng = np.random.default_rng(seed)
    wrong = rng.random(n) < 0.4
    weights, alpha = ensembles.reweight(rng.random(n) + 1e-3, wrong, n_classes, rate)
    assert np.isfinite(alpha) and alpha >= 0 and (weights >= 0).all() and np.isclose(weights.sum(), 1)


# --- folds


def proba(x, y, new):
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y).predict_proba(new)


def test_out_of_fold_of_one_column_asks_for_no_classes():
    x = np.arange(12.0)[:, None]
    years = np.arange(12)  # whole numbers to predict, each of which is in one fold alone
    found = ensembles.out_of_fold(lambda a, b, c: Ridge().fit(a, b).predict(c)[:, None], x, years, KFold(3).split(x))
    assert np.allclose(found[:, 0], cross_val_predict(Ridge(), x, years, cv=KFold(3)))


@pytest.mark.parametrize("load", [load_iris, load_wine])
@pytest.mark.parametrize("kind", ["numbers", "names", "one-hot"])
def test_out_of_fold_of_named_and_one_hot_classes_agrees_with_cross_val_predict(load, kind):
    x, y = load(return_X_y=True)
    shown = {"numbers": y, "names": np.array(["a", "b", "c"])[y], "one-hot": np.eye(3)[y]}[kind]
    member = proba if kind != "one-hot" else lambda x, y, new: proba(x, y.argmax(axis=1), new)
    folds = StratifiedKFold(4, shuffle=True, random_state=1)
    theirs = cross_val_predict(make_pipeline(StandardScaler(), LogisticRegression()), x, y, cv=folds, method="predict_proba")
    assert np.allclose(ensembles.out_of_fold(member, x, shown, folds.split(x, y)), theirs)


def test_folds_that_lack_different_classes_are_refused():
    x, y = IRIS
    for kind in (y, np.array(["a", "b", "c"])[y], y.astype(float)):
        with pytest.raises(CourseError, match=r"folds: no row of class (0|a|0\.0) in what fold 0 trains on found"):
            ensembles.out_of_fold(proba, x, kind, KFold(3).split(x))


def test_several_numbers_a_row_are_no_classes():
    x, y = load_diabetes(return_X_y=True)
    two = np.stack([y + 0.5, -y], axis=1)
    found = ensembles.out_of_fold(lambda a, b, c: Ridge().fit(a, b).predict(c), x, two, KFold(4).split(x))
    assert np.allclose(found, cross_val_predict(Ridge(), x, two, cv=KFold(4)))


@given(st.lists(st.integers(0, 3), min_size=4, max_size=24), st.booleans())
def test_folds_as_masks_and_as_row_numbers_are_the_same(fold_of, masks):
    fold_of = np.array([0, 1, *fold_of])
    assume(len(set(fold_of)) > 1)
    pairs = [(fold_of != fold, fold_of == fold) for fold in set(fold_of.tolist())]
    pairs = pairs if masks else [tuple(map(np.flatnonzero, pair)) for pair in pairs]
    x = np.arange(len(fold_of))
    found = ensembles.out_of_fold(lambda a, b, c: np.isin(c, a) + c, x, x, pairs)
    assert np.array_equal(found, x)


# --- refused, in one line

ROWS = np.arange(6)
HALVES = [([3, 4, 5], [0, 1, 2]), ([0, 1, 2], [3, 4, 5])]


def same(x, y, new):
    return np.zeros(len(new))


BAD = {
    "a y that is not finite": (
        lambda: ensembles.best_weights([[1.0, 2], [2, 1]], [np.nan, 1]), "y: nan found; expected finite numbers"
    ),
    "a y of text": (lambda: ensembles.best_weights([[1.0, 2], [2, 1]], ["a", "b"]), "y: <U1 found; expected numbers"),
    "a y of None": (lambda: ensembles.best_weights([[1.0, 2], [2, 1]], [None, 1]), "y: None found; expected numbers"),
    "no y": (lambda: ensembles.best_weights([[1.0, 2], [2, 1]], None), "y: None found; expected an array"),
    "a ragged member": (lambda: ensembles.combine([[[0.5, 0.5], [1]]]), "predictions: rows of different lengths found"),
    "a dict of members": (lambda: ensembles.combine({"a": [1.0]}), "predictions: a dict found; expected one array a member"),
    "one number": (lambda: ensembles.combine(5), "predictions: a int found; expected one array a member"),
    "weights of text": (lambda: ensembles.combine([[1.0]], weights=["a"]), "weights: <U1 found; expected numbers"),
    "weights in a dict": (lambda: ensembles.combine([[1.0]], weights={"a": 1}), "weights: a dict found; expected an array"),
    "weights that run over": (lambda: ensembles.combine([[1.0], [2]], weights=[1e308, 1e308]), "weights: a sum of inf found"),
    "names and numbers": (lambda: ensembles.vote([["a"], [1]], "hard"), "votes: names and numbers found"),
    "rows for masks": (
        lambda: ensembles.out_of_bag(np.ones((2, 6)), [ROWS, ROWS]), "unseen: 2 found; expected True or False for each"
    ),
    "half a mask": (lambda: ensembles.out_of_bag(np.ones((1, 2)), [[0.5, 1]]), "unseen: 0.5 found"),
    "labels for a mask": (lambda: ensembles.reweight(None, [0, 1, 2], 3), "wrong: 2 found; expected True or False for each"),
    "words for a mask": (lambda: ensembles.reweight(None, ["right", "wrong"], 3), "wrong: <U5 found"),
    "a mask with a gap": (lambda: ensembles.reweight(None, [np.nan, 1], 3), "wrong: nan found; expected finite"),
    "an empty mask": (lambda: ensembles.reweight(None, [], 3), r"wrong: shape \(0,\) found; expected \(n_samples,\)"),
    "half a class": (lambda: ensembles.reweight(None, [True, False], 2.5), "n_classes: 2.5 found; expected 2 or more"),
    "an infinite rate": (
        lambda: ensembles.reweight(None, [True, False], 3, np.inf), "learning_rate: inf found; expected a number"
    ),
    "a rate too great": (
        lambda: ensembles.reweight(None, [True, False], 3, 2000), "learning_rate: 2000 found; expected a smaller one: a say"
    ),
    "fewer than no rounds": (
        lambda: ensembles.boost_residuals(same, ROWS, ROWS, ROWS, -1), "rounds: -1 found; expected 0 or more"
    ),
    "a step of NaN": (
        lambda: ensembles.boost_residuals(lambda *_: np.full(12, np.nan), ROWS, ROWS, ROWS, 1), "fit_predict: nan found"
    ),
    "new rows of another width": (
        lambda: ensembles.boost_residuals(same, np.ones((6, 2)), ROWS, np.ones((6, 3)), 1), r"x_new: shape \(6, 3\) found"
    ),
    "a fold that knows its rows": (
        lambda: ensembles.out_of_fold(same, ROWS, ROWS, [(ROWS, part) for _, part in HALVES]),
        "folds: row 0 trained on and held out in fold 0 found; expected one of both",
    ),
    "a row that is not there": (
        lambda: ensembles.out_of_fold(same, ROWS, ROWS, [([0, 1], [2, 6])]), "folds: row 6 found; expected 0 to 5"
    ),
    "a number of folds": (
        lambda: ensembles.out_of_fold(same, ROWS, ROWS, 5), r"folds: 5 found; expected pairs \(train, held_out\)"
    ),
    "a splitter": (lambda: ensembles.out_of_fold(same, ROWS, ROWS, KFold(2)), r"folds: KFold.* found; expected pairs"),
    "three parts": (lambda: ensembles.out_of_fold(same, ROWS, ROWS, [(ROWS, ROWS, ROWS)]), "folds: 3 things in fold 0 found"),
    "rows in a dict": (lambda: ensembles.out_of_fold(same, {"a": ROWS}, ROWS, HALVES), "x: a dict found; expected an array"),
    "two inputs": (
        lambda: ensembles.out_of_fold(same, [np.ones((6, 2)), np.ones((6, 3))], ROWS, HALVES), "x: rows of different lengths"
    ),
    "predictions of NaN": (
        lambda: ensembles.out_of_fold(lambda x, y, new: np.full(len(new), np.nan), ROWS, ROWS, HALVES), "fit_predict: nan found"
    ),
    "half a row": (lambda: ensembles.bootstrap(2.5, 1), "n: 2.5 found; expected 1 or more"),
    "a seed of text": (lambda: ensembles.bootstrap(5, "one"), "seed: 'one' found; expected an int"),
    "a lopsided matrix": (
        lambda: ensembles.pairs_mean([[1.0, 2], [3, 1]]), "matrix: another number above the diagonal than below"
    ),
}


@pytest.mark.parametrize("call, message", BAD.values(), ids=list(BAD))
def test_bad_input_is_told_in_one_line(call, message):
    with pytest.raises(CourseError, match=f"^{message}") as caught:
        call()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 160
