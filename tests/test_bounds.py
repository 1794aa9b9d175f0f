"""Every bound of a metric can fail, and a further seed does not make it: held against tests/bounds.csv, without a kernel."""


import math

import pytest
from bounds import MACHINE, SEEDS, bounds_of, chance, kind, read_table
from kit.fresh import bounds, faults
from kit.notebooks import read

from lib.metric import collect_metrics

TABLE = read_table()

# Bounds that a broken lesson may pass, and why they stand so.
FREE = {
    ("lesson", "best_units"): "a search's choice out of a list: any of them may win",
    ("smoke", "best_units"): "the same",
    ("lesson", "postgres_trials"): "none where the machine has no PostgreSQL",
    ("smoke", "postgres_trials"): "the same",
    ("smoke", "mse_gain_few"): "a difference of squared errors, hundreds of them: of two seeds it has either sign",
    ("smoke", "mse_gain_many"): "the same",
    ("smoke", "ends_below"): "of two trials none, one or both may end below their best",
}


def each(notebook):
    """Yield the bounds of a notebook's metrics: profile, name, lowest, highest."""
    for profile, metrics in bounds()[notebook.stem].items():
        for name, (low, high) in metrics.items():
            yield profile, name, low, high


def each_run(notebook):
    """Yield them together with the lowest and the highest of the runs, where there are any."""
    for profile, name, low, high in each(notebook):
        if (notebook.stem, profile, name) in TABLE:
            yield profile, name, low, high, *TABLE[notebook.stem, profile, name][1:]


@pytest.mark.parametrize("profile", SEEDS)
def test_every_recorded_metric_has_been_run_with_all_seeds(notebook, profile):
    runs = {key[2]: values[0] for key, values in TABLE.items() if key[:2] == (notebook.stem, profile)}
    assert set(runs) == set(bounds()[notebook.stem][profile]) == set(collect_metrics(read(notebook)))
    assert set(runs.values()) <= {SEEDS[profile]}


def test_bounds_hold_what_the_seeds_gave(notebook):
    for profile, name, low, high, lowest, highest in each_run(notebook):
        assert low <= lowest <= highest <= high, f"{profile}: {name} was {lowest} to {highest}, the bounds are {low} to {high}"


def test_bounds_are_no_wider_than_the_rule_makes_them(notebook):
    for profile, name, low, high, lowest, highest in each_run(notebook):
        if (profile, name) not in FREE:
            lower, upper = bounds_of(notebook.stem, profile, name, lowest, highest)
            assert lower <= low and high <= upper, f"{profile}: {name} may be {low} to {high}, by its runs {lower} to {upper}"


def test_chance_passes_no_bound_of_an_accuracy(notebook):
    for profile, name, low, _ in each(notebook):
        least = chance(notebook.stem, name)
        if kind(name) == "accuracy" and least is not None:
            assert low >= least, f"{profile}: {name} may be {low}, and chance gets {least}"


def test_nothing_takes_no_time(notebook):
    assert not [name for _, name, low, _ in each(notebook) if kind(name) in MACHINE and low <= 0]


def test_a_whole_number_that_never_changes_is_held_to_it(notebook):
    for profile, name, low, high, lowest, highest in each_run(notebook):
        if lowest == highest and isinstance(lowest, int) and (profile, name) not in FREE:
            assert low == high, f"{profile}: {name} is {lowest} in every run"


def test_no_bound_is_all_that_its_kind_can_be(notebook):
    for profile, name, low, high in each(notebook):
        if (profile, name) not in FREE:
            assert not low <= 0 <= 1 <= high, f"{profile}: {name} may be {low} to {high}"


@pytest.mark.lesson
def test_free_bounds_are_there():
    names = {(profile, name) for path in bounds().values() for profile, metrics in path.items() for name in metrics}
    assert set(FREE) <= names


# --- the rule itself


def test_accuracies_are_widened_by_their_spread_and_stay_above_chance():
    assert bounds_of("08_voting", "smoke", "three_accuracy", 0.6, 0.65) == [0.55, 0.7]
    assert bounds_of("08_voting", "lesson", "three_accuracy", 0.86, 0.864) == [0.85, 0.874]  # by a point at least
    assert bounds_of("08_voting", "smoke", "three_accuracy", 0.25, 0.45) == [0.2, 0.65]
    assert bounds_of("02_grid_and_random_search", "smoke", "test_accuracy", 0.8, 0.99) == [0.7, 1]
    assert bounds_of("10_boosting", "smoke", "rounds_harm", 0.0, 0.0) == [-0.01, 0.01]
    assert bounds_of("01_tuning_loop", "smoke", "coin_outer", 0.5, 0.52) == [0.48, 0.54]
    assert bounds_of("08_voting", "smoke", "gain_correlation", -0.9, -0.6) == [-1, -0.3]


def test_what_has_one_sign_in_every_run_keeps_it():
    assert bounds_of("08_voting", "lesson", "small_validation_gain", 0.02, 0.06) == [0.005, 0.12]
    assert bounds_of("08_voting", "lesson", "small_test_gain", -0.06, -0.02) == [-0.12, -0.005]
    assert bounds_of("08_voting", "lesson", "large_test_gain", 0.01, 0.06)[0] < 0, "its lowest is near 0"
    assert bounds_of("08_voting", "lesson", "large_test_gain", -0.01, 0.03) == [-0.07, 0.09]


def test_another_machine_may_be_much_slower_and_nothing_takes_no_time():
    assert bounds_of("01_tuning_loop", "lesson", "map_seconds", 8.0, 12.0) == [0.4, 240]
    assert bounds_of("07_search_at_scale", "lesson", "strong_speedup", 0.8, 1.8) == [0.1, 15]
    assert bounds_of("07_search_at_scale", "lesson", "serial_share", 0.08, 0.3) == [0.01, 1]
    assert bounds_of("07_search_at_scale", "lesson", "simulated_over_real", 0.9, 1.0) == [0.22, 4]
    assert bounds_of("07_search_at_scale", "lesson", "idle_share_synchronous", 0.5, 0.6) == [0.33, 0.9]


def test_whole_numbers_are_held_if_they_never_change():
    assert bounds_of("02_grid_and_random_search", "lesson", "trials", 20, 20) == [20, 20]
    assert bounds_of("14_tensorboard_hparams", "lesson", "ends_below", 4, 8) == [1, 14]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_figure_is_outside_of_every_bound(notebook, value):
    for profile, metrics in bounds()[notebook.stem].items():
        assert len(faults(dict.fromkeys(metrics, value), metrics, profile)) == len(metrics)


def test_a_model_of_chance_is_outside(notebook):
    for profile, metrics in bounds()[notebook.stem].items():
        guessed = {name: 0.1 for name in metrics if kind(name) == "accuracy"}
        assert len(faults(guessed, metrics, profile)) == len(guessed)
