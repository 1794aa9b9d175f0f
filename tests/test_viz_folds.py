"""The figures of folds: their data compared exactly, and that they can be drawn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  its import makes the halving searches importable
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.tree import DecisionTreeClassifier

from lib import viz


def test_a_division_gives_each_sample_its_role():
    splits = {"fold 1": {"train": [0, 3], "measure": np.array([1])}, "fold 2": {"train": [2]}}
    table = viz.division_data(4, splits)
    assert table.values.tolist() == [["train", "measure", "", "train"], ["", "", "train", ""]]
    train, measure = viz.plot_division(4, splits, "title").data
    assert list(train.x) == [0, 3, 2] and list(train.y) == ["fold 1", "fold 1", "fold 2"] and list(measure.x) == [1]


CV = {
    "params": [{"net__C": 0.1, "net__size": 8}, {"net__C": 0.1, "net__size": 16}, {"net__C": 0.01, "net__size": 8}],
    "split0_test_score": np.array([0.5, 0.7, 0.9]),
    "split1_test_score": np.array([0.7, 0.7, 0.8]),
    "mean_test_score": np.array([0.6, 0.7, 0.85]),
    "std_test_score": np.array([0.1, 0.0, 0.05]),
    "rank_test_score": np.array([3, 2, 1]),
    "mean_fit_time": np.array([1.0, 2.0, 3.0]),
    "mean_score_time": np.array([0.5, 0.5, 0.5]),
}


def test_the_validation_curve_of_a_search():
    table = viz.validation_curve_data(CV, "net__size")
    assert table.columns.tolist() == ["value", "fold", "score", "mean", "std", "rank", "seconds"]
    assert table.iloc[1].tolist() == ["8", 2, 0.8, 0.85, 0.05, 1, 7.0] and len(table) == 4, "the best candidate with 8"
    means, dots, seconds = viz.plot_validation_curve(CV, "net__size").data
    assert list(means.y) == [0.85, 0.7] and list(dots.y) == table.score.tolist() and list(seconds.y) == [7.0, 5.0]
    assert list(viz.plot_validation_curve(CV, "net__C").data[0].y) == [0.7, 0.85]


DIGITS, DIGIT = load_digits(return_X_y=True)
TREE = DecisionTreeClassifier(random_state=0)


@pytest.mark.parametrize("name", ["criterion", "max_depth"])
def test_with_two_parameters_each_value_has_its_best_candidate(name):
    grid = {"criterion": ["gini", "entropy"], "max_depth": [2, 10]}
    search = GridSearchCV(TREE, grid, cv=3).fit(DIGITS, DIGIT)
    means, _, _ = (figure := viz.plot_validation_curve(search.cv_results_, name)).data
    found = pd.DataFrame(search.cv_results_).groupby(f"param_{name}", sort=False).mean_test_score.max()
    assert dict(zip(means.x, means.y, strict=True)) == {str(value): mean for value, mean in found.items()}
    assert list(means.x) == [str(value) for value in grid[name]], "in the order of the grid"
    assert f"{search.best_params_[name]} has the best mean" in figure.layout.title.text


@pytest.mark.parametrize("grid", [
    {"max_depth": [2, 4, 6, 8, 10, 12]}, {"max_depth": [4, 8, 10], "criterion": ["gini", "entropy"]},
])
def test_of_a_halving_search_the_last_round_counts(grid):
    search = HalvingGridSearchCV(TREE, grid, cv=3, random_state=0, min_resources=60).fit(DIGITS, DIGIT)
    figure = viz.plot_validation_curve(search.cv_results_, "max_depth")
    assert f"{search.best_params_['max_depth']} has the best mean" in figure.layout.title.text
    last = pd.DataFrame(search.cv_results_).query("iter == iter.max()")
    assert set(figure.data[0].x) == set(last.param_max_depth.map(str))
    assert max(figure.data[0].y) == last.mean_test_score.max() == search.best_score_


SCORES = pd.DataFrame(
    [[0.9, 0.8, 0.85, 0.0707], [0.7, 0.7, 0.7, 0.0]],
    columns=["fold 1", "fold 2", "mean", "sd"], index=pd.Index([1, 3], name="trial"),
)


NEST = pd.DataFrame({"inner score": [0.9, 0.8], "outer score": [0.85, 0.81]}, index=[1, 2])


def test_folds_are_long_and_keep_the_trial():
    assert viz.fold_scores_data(SCORES).values.tolist() == [[1, 1, 0.9], [1, 2, 0.8], [3, 1, 0.7], [3, 2, 0.7]]


def test_dots_of_one_trial_lie_side_by_side():
    means, dots = viz.plot_fold_scores(SCORES, "title", "accuracy").data
    assert list(means.x) == [1, 3] and list(means.y) == [0.85, 0.7]
    assert np.allclose(dots.x, [0.94, 1.06, 2.94, 3.06]) and list(dots.text) == [1, 2, 1, 2]


def test_inner_and_outer_end_with_their_mean():
    table = viz.inner_outer_data(NEST)
    assert table.line.tolist() == ["outer fold 1", "outer fold 2", "mean"]
    assert np.allclose(table[["inner", "outer"]], [[0.9, 0.85], [0.8, 0.81], [0.85, 0.83]])
    lines = viz.plot_inner_outer(NEST, "title", "accuracy").data
    assert [list(line.y) for line in lines] == table[["inner", "outer"]].to_numpy().tolist()
    assert [line.name for line in lines if line.showlegend] == ["one outer fold", "mean"]
