"""The full profile, without running it whole: the arithmetic of its sizes, and each lesson with its full values scaled.

The rule of the scaling, so that a run ends in about a minute and what full changes is still there:

- what only multiplies the work (how many pictures a training sees, for how many epochs, how often something is done again
  with another seed) takes its smoke value;
- a count of trials, draws, rounds or members, and the most epochs of a trial, takes one more than at the lesson profile,
  since what a lesson lays out for its own count, such as a grid of 24 points, is too small for any larger one;
- everything else takes its full value, or the lesson's where full does not change it: folds, widths, the sizes that a list
  names, and the most epochs of lesson 03, from which the brackets of its Hyperband follow.
"""

import ast
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
from kit.lessons import LESSONS
from kit.notebooks import NOTEBOOKS, ROOT, code_cells, source

from lib import data
from lib.runner.notebooks import read_notebook
from lib.runner.request import profile_values, read_profiles
from lib.tuning import brackets

PROFILES = read_profiles(ROOT / "notebooks")
AMOUNTS = "pictures|patients|labels|seeds|repeats|splits|teams|orders|replays|searches|steps|rows|minutes"
AMOUNT = re.compile(rf"(?<!max_)epochs|({AMOUNTS})$")
COUNT = re.compile(r"(trials|draws|rounds|members|max_epochs)$")
WHOLE = {("03", "max_epochs")}

# What the sizes of a lesson must be to each other, by its number; true at each profile.
SIZES = {
    "01": ["10 * folds <= few_pictures", "few_batch_size < few_pictures - few_pictures // folds", "width_max >= 16"],
    "02": ["max(batch_sizes) < 426 * (folds - 1) / folds", "epochs_max >= 6"],  # 426 tumours to search with
    "03": ["units_max % 32 == 0", "max_epochs >= factor"],
    "04": ["real_trials <= 5 * 3 * 8 * 2", "map_trials <= 10 * 10"],  # points of the two spaces, ten a Float without a step
    "05": ["10 * inner_folds < patients * (folds - 1) / folds", "batch_size < patients * (folds - 1) / folds / 2",
           "trials <= 2 * 2 * 2 * 3 * 3 * 4", "cost_trials <= 2 * 2 * 19"],  # the points of their spaces
    "06": ["pruner_trials > 5", "main_trials // 2 >= 4", "max_epochs >= 3", "2 < first_trials"],
    "07": ["workers <= trials", "crowd >= 9"],
    "08": ["sum(size <= validation_pictures for size in sizes) >= 2", "sizes == sorted(set(sizes))", "seeds >= 3"],
    "09": ["max(sizes) <= 48000", "sizes == sorted(set(sizes))", "table_sizes == sorted(set(table_sizes))",
           "max(table_sizes) <= 300", "table_members >= 4", "len(table_sizes) >= 1", "bites * bite_pictures <= 48000"],
    # (of 442 people, 300 to draw from)
    "10": ["pictures <= 48000", "rounds >= 2", "10 * 3 <= pictures"],
    "11": ["seeds * pictures <= 48000", "seeds * weak_pictures <= 48000", "max(pixels) <= 196", "10 * folds <= pictures"],
    "12": ["few_labels <= train_pictures", "rank <= min(wide_units, 7 * 7 * 32)", "more_epochs >= 2"],
    "13": ["token_size % 16 == 0", "min(dense_units, channels) // 4 >= 4"],
    "14": ["max(trials, study_trials) <= 100"],  # TensorBoard loads a hundred trials a page
    "15": ["loop_epochs >= 1", "trials >= 3"],
    "16": ["trials <= 100", "many // 100 + 600 <= many"],  # the same
    "17": ["train_pictures >= 64", "validation_pictures >= 200"],  # a batch of them; what is evaluated more cheaply
    "18": ["rows / 5 >= 2 * 10", "trials * minutes >= 1", "weights_left < 1"],  # of each class two rows to choose by
}


def values(info, profile):
    """Return all parameters of a notebook at a profile, a dict."""
    lesson = {parameter.name: parameter.default for parameter in info.parameters}
    return lesson | profile_values(info, PROFILES, profile)


def scaled(info):
    """Return all parameters of a notebook as in its full profile, scaled by the rule above."""
    smoke = values(info, "smoke")
    lesson = values(info, "lesson")
    found = values(info, "full")
    for name, value in found.items():
        if AMOUNT.search(name):
            found[name] = smoke[name]
        elif COUNT.search(name) and (info.number, name) not in WHOLE:
            found[name] = min(value, lesson[name] + 1)
    return found


# --- arithmetic


@cache
def lengths():
    """Return how many pictures or labels each array of the shipped data has, a dict."""
    return {name: len(array) for name, array in vars(data.load("fashion_mnist")).items() if isinstance(array, np.ndarray)}


def cuts(notebook):
    """List what a notebook cuts off the data: pairs of an array's name and the code of the end, `split.x_val[:end]`."""
    found = []
    for cell in code_cells(notebook):
        for node in ast.walk(ast.parse(source(cell))):
            if isinstance(node, ast.Subscript) and ast.unparse(node.value).startswith("split."):
                first = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
                if isinstance(first, ast.Slice) and first.upper is not None:
                    found.append((ast.unparse(node.value).removeprefix("split."), ast.unparse(first.upper)))
    return found


@pytest.mark.parametrize("profile", ["smoke", "lesson", "full"])
def test_no_profile_asks_for_more_pictures_than_there_are(notebook, profile):
    given = values(read_notebook(notebook), profile)
    for array, end in cuts(notebook):
        assert eval(end, dict(given)) <= lengths()[array], f"split.{array}[:{end}] would be shorter than asked"


def test_no_range_allows_more_pictures_than_there_are(notebook):
    info = read_notebook(notebook)
    for array, end in cuts(notebook):
        if parameter := info.parameter(end):
            assert parameter.high <= lengths()[array], f"{end} may be more than split.{array} has"


def test_full_is_more_than_the_lesson_and_that_no_less_than_smoke(notebook):
    info = read_notebook(notebook)
    smoke = values(info, "smoke")
    lesson = values(info, "lesson")
    for name, value in PROFILES[notebook.stem].get("full", {}).items():
        size = len if isinstance(value, list) else float
        assert size(smoke[name]) <= size(lesson[name]) < size(value), name


@pytest.mark.parametrize("profile", ["smoke", "lesson", "full"])
def test_the_sizes_of_a_lesson_fit_each_other(notebook, profile):
    given = values(read_notebook(notebook), profile)
    wrong = [law for law in SIZES.get(notebook.name[:2], ()) if not eval(law, dict(given))]
    assert not wrong, f"{notebook.stem}, {profile}: {wrong}"


@pytest.mark.lesson
def test_every_full_profile_has_its_sizes_looked_at():
    assert {path.name[:2] for path in NOTEBOOKS if PROFILES[path.stem].get("full")} <= set(SIZES)


@pytest.mark.lesson("04")
def test_the_stored_searches_of_lesson_04_are_long_enough():
    curves, stored = (pd.read_csv(data.FOLDER / "learning-curves" / f"{name}.csv") for name in ("fashion_mnist", "bayesian"))
    epochs = sum(name.startswith("epoch") for name in curves.columns)
    most = read_notebook(LESSONS["04"]).parameter("iterations").high
    trials = most * sum(row["epochs"] for row in brackets(epochs)) // epochs
    assert sum(name.startswith("trial") for name in stored.columns) >= trials


@pytest.mark.lesson("06")
@pytest.mark.parametrize("trials", [7, 8, 9, 24, 25, 100, 500])
def test_the_grid_of_lesson_06_has_a_point_for_each_trial(trials):
    cells = {cell["id"]: source(cell) for cell in code_cells(LESSONS["06"])}
    room = {"np": np, "optuna": optuna, "sampler_trials": trials}
    for name in ("positions", "positions-back", "even-grid", "grid"):
        exec(cells[name], room)
    study = optuna.create_study(sampler=optuna.samplers.GridSampler(room["grid"], 1))
    study.optimize(lambda trial: sum(trial.suggest_float(name, -9, 99) for name in room["grid"]), n_trials=trials)
    assert len(study.trials) == trials


# --- the scaled runs


@pytest.mark.long("full profiles, scaled")
def test_runs_with_its_full_values_scaled(notebook, tmp_path):
    info = read_notebook(notebook)
    lesson = values(info, "lesson")
    call = [Path(sys.executable).with_name("course"), "run", info.name, "--out", tmp_path / "out"]
    for name, value in scaled(info).items():
        if value != lesson[name]:
            call += ["-p", name, value if isinstance(value, str) else json.dumps(value)]
    done = subprocess.run(call, capture_output=True, text=True, env=os.environ | {"COURSE_PROGRESS": str(tmp_path / "progress")})
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2500:]
