"""The command that trains the studies of lesson 17: its points, its dials against Keras' own, and that it goes on."""

import hashlib
import importlib.util
import queue
import re

import keras
import numpy as np
import pandas as pd
import pytest
from kit.notebooks import ROOT

FOLDER = ROOT / "data" / "campaign"
spec = importlib.util.spec_from_file_location("campaign", FOLDER / "make.py")
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)

EMPTY = pd.DataFrame(columns=make.TRIALS)
POINTS = {name: study() for name, study in make.STUDIES.items() if name not in make.LATER}
SETTING = make.BASE | {"rate": 3e-3, "epochs": 2}
OUTCOME = {"score": 0.8, "fresh": 0.81, "best_fresh": float("nan"), "seconds": 1.0, "status": "COMPLETED"}


@pytest.fixture
def few(monkeypatch):
    """Train on few pictures."""
    for name, value in (("PICTURES", 320), ("VALIDATION", 200), ("FRESH", 100)):
        monkeypatch.setattr(make, name, value)
    make.pictures.cache_clear()
    yield
    make.pictures.cache_clear()


# --- what ships


@pytest.mark.parametrize("name", ["trials.csv", "curves.csv"])
def test_the_tables_are_those_that_readme_names(name):
    content = (FOLDER / name).read_bytes()
    readme = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    size, digest = re.search(rf"`campaign/{name}` \| ([\d,]+) \| `(\w+)`", readme).groups()
    assert int(size.replace(",", "")) == len(content) and digest == hashlib.sha256(content).hexdigest()


def test_every_training_of_every_study_is_there_and_was_that_of_its_point():
    trials, curves = make.read(FOLDER)
    for name, points in (POINTS | {name: make.STUDIES[name](trials) for name in make.LATER}).items():
        rows = trials[trials.study == name].set_index("trial")
        assert rows.index.tolist() == [*range(1, len(points) + 1)], name
        assert rows[list(make.BASE)].to_dict("records") == [make.BASE | point for point in points], name
    assert (trials.study == "tpe").sum() == 2 * make.CHAIN
    assert curves.groupby(["study", "trial"]).size().shape == (len(trials),), "each with its curves"
    assert (trials.score.isna() == (trials.status == "FAILED")).all() and trials.score.between(0.05, 0.95).sum() > 600


def test_a_training_again_gives_about_what_the_table_says():
    trials, _ = make.read(FOLDER)
    (row,) = trials[(trials.study == "diverge") & (trials.trial == 1)].to_dict("records")
    outcome, found = make.train({name: row[name] for name in make.BASE})
    assert abs(outcome["score"] - row["score"]) < 0.03 and len(found["val_accuracy"]) == row["epochs"]


# --- the points


@pytest.mark.parametrize("name", POINTS)
def test_a_study_changes_settings_that_there_are(name):
    whole = [make.BASE | point for point in POINTS[name]]
    assert all(set(setting) == set(make.BASE) for setting in whole)
    assert len({tuple(setting.values()) for setting in whole}) == len(whole), "no training twice"
    assert {setting["schedule"] for setting in whole} <= set(make.SCHEDULES)


def test_quasi_random_points_lie_evenly():
    points = make.sobol(64, make.SPACE, seed=1)
    for name, (low, high, scale) in make.SPACE.items():
        values = np.array([point[name] for point in points])
        share = np.log(values / low) / np.log(high / low) if scale == "log" else (values - low) / (high - low)
        counts, _ = np.histogram(share, np.linspace(0, 1, 9))
        assert share.min() >= 0 and share.max() <= 1 and np.abs(counts - 8).max() <= 1, "8 in each eighth, up to rounding"


def test_both_networks_of_the_space_get_the_same_points():
    first, second = POINTS["space"][:64], POINTS["space"][64:]
    assert [make.VARIANTS["deeper"] | point for point in first] == second


def network(point):
    """Name the network of a point of `turn`."""
    (name,) = [n for n, change in make.VARIANTS.items() if {**change, "rate": point["rate"], "seed": point["seed"]} == point]
    return name


def test_each_network_is_taken_at_its_own_best_rate_and_at_that_of_the_baseline():
    rates = {"baseline": 1e-2, "deeper": 1e-3, "wider": 3e-3, "normalized": 3e-2}
    rows = []
    for point in POINTS["turn"]:
        name = network(point)
        gone = name == "wider" and point["rate"] > 1e-2
        score = np.nan if gone else 0.9 - abs(np.log(point["rate"] / rates[name]))
        rows.append({"study": "turn"} | make.BASE | point | {"score": score})
    seeds = make.seeds(pd.DataFrame(rows))
    at_the_baselines = {(name, rates["baseline"]) for name in rates}
    assert {(network(point), point["rate"]) for point in seeds} == at_the_baselines | set(rates.items()) and len(seeds) == 70
    assert not {p["seed"] for p in seeds} & {p["seed"] for p in POINTS["turn"]}, "seeds that chose nothing"
    with pytest.raises(SystemExit, match="needs the whole of turn"):
        make.seeds(pd.DataFrame(rows[1:]))


# --- the dials, against Keras' own


def dials_at(**turned):
    _, dials = make.compiled(8, 0, False, 64, "adam", 0.0)
    for name, value in turned.items():
        dials[name].assign(float(value))
    return dials


@pytest.mark.parametrize("way, own", [
    ("linear", keras.optimizers.schedules.PolynomialDecay(0.2, 100, 0.0)),
    ("cosine", keras.optimizers.schedules.CosineDecay(0.2, 100)),
    ("exponential", keras.optimizers.schedules.ExponentialDecay(0.2, 100, 0.01)),
    ("constant", lambda step: 0.2),
])
def test_a_rate_goes_its_way_as_that_of_keras(way, own):
    rate = make.rate_of(dials_at(peak=0.2, steps=100, warm=0, way=make.SCHEDULES.index(way)))
    steps = [0, 1, 30, 50, 99, 100]
    assert [float(rate(s)) for s in steps] == pytest.approx([float(own(s)) for s in steps], abs=1e-7)


def test_a_warm_up_rises_in_a_straight_line():
    rate = make.rate_of(dials_at(peak=0.2, steps=100, warm=10, way=0))
    assert [float(rate(step)) for step in (0, 4, 9, 10, 50)] == pytest.approx([0.02, 0.1, 0.2, 0.2, 0.2])


def test_an_optimizer_with_dials_is_that_of_keras(few):
    """The same weights, the same pictures in the same order: one step of the command, one of plain Keras."""
    model, dials = make.compiled(8, 0, False, 64, "adam", 0.0)
    setting = SETTING | {"decay": 0.3, "one_minus_beta_1": 0.4, "one_minus_beta_2": 0.02, "epsilon": 1e-3}
    make.begin(model, dials, setting)
    plain = make.make_model(8, 0, False)
    plain.set_weights(model.get_weights())
    adam = keras.optimizers.AdamW(3e-3, weight_decay=0.3, beta_1=0.6, beta_2=0.98, epsilon=1e-3)
    adam.exclude_from_weight_decay(var_names=["bias"])
    plain.compile(adam, keras.losses.CategoricalCrossentropy(from_logits=True))
    (x, y), *_ = make.pictures()
    for each in (model, plain):
        each.fit(x, y, batch_size=64, epochs=1, shuffle=False, verbose=0)
    for ours, theirs in zip(model.get_weights(), plain.get_weights(), strict=True):
        assert np.allclose(ours, theirs, atol=2e-4)


# --- a training


def test_a_model_that_begins_again_has_forgotten_everything(few):
    first = make.train(VARIANT := SETTING | {"norm": True})
    make.train(SETTING | {"norm": True, "rate": 0.1, "seed": 2})
    again = make.train(VARIANT)
    assert first[1] == again[1] and first[0]["score"] == again[0]["score"] == again[1]["val_accuracy"][-1]
    assert {part: len(values) for part, values in first[1].items()} == {"accuracy": 2, "val_accuracy": 2, "val_loss": 2}


def test_a_loss_that_is_no_number_is_a_failure(few):
    outcome, curves = make.train(SETTING | {"optimizer": "sgd", "rate": 1e30})
    assert outcome["status"] == "FAILED" and np.isnan(outcome["score"]) and not np.isfinite(curves["val_loss"][-1])


def test_a_long_training_looks_at_fresh_pictures_after_each_epoch(few, monkeypatch):
    monkeypatch.setitem(make.BASE, "epochs", 1)
    outcome, curves = make.train(SETTING | {"epochs": 4})
    best = int(np.argmax(curves["val_accuracy"]))
    assert outcome["best_fresh"] == curves["fresh_accuracy"][best] and outcome["fresh"] == curves["fresh_accuracy"][-1]


# --- the tables


def with_trials(study, numbers, points):
    tables = [EMPTY, pd.DataFrame(columns=make.CURVES)]
    for number in numbers:
        curves = {"accuracy": [0.5, 0.6], "val_accuracy": [0.5, 0.7]}
        tables = make.add(tables, study, number, make.BASE | points[number - 1], OUTCOME, curves)
    return tables


def test_a_study_goes_on_where_it_was_stopped(tmp_path):
    make.write(tmp_path, with_trials("batch", [40, 2, 7], POINTS["batch"]))
    trials, curves = make.read(tmp_path)
    assert trials.trial.tolist() == [2, 7, 40] and list(trials) == make.TRIALS
    assert trials.batch.tolist() == [POINTS["batch"][n - 1]["batch"] for n in (2, 7, 40)]
    assert curves[["trial", "part"]].values.tolist() == [[n, p] for n in (2, 7, 40) for p in ("accuracy", "val_accuracy")]
    assert curves.epoch_2.tolist() == [0.6, 0.7] * 3 and curves.epoch_3.isna().all()
    left = [point for line in make.lines("batch", trials) for point in line.points]
    assert sorted(number for number, _ in left) == sorted({*range(1, 41)} - {2, 7, 40})
    assert all(POINTS["batch"][number - 1] == point for number, point in left)


def test_a_line_needs_one_program():
    for name in POINTS:
        for line in make.lines(name, EMPTY):
            whole = [make.BASE | point for _, point in line.points]
            assert len({tuple(setting[key] for key in make.COMPILED) for setting in whole}) == 1


def test_the_tables_stand_in_the_order_of_the_studies():
    tables = with_trials("batch", [3, 1], POINTS["batch"])
    tables = make.add(tables, "turn", 5, make.BASE | POINTS["turn"][4], OUTCOME, {"accuracy": [0.5]})
    assert tables[0][["study", "trial"]].values.tolist() == [["turn", 5], ["batch", 1], ["batch", 3]]


def test_more_points_are_those_that_follow():
    longer = make.sobol(128, make.SPACE, seed=1)
    assert longer[:64] == POINTS["space"][:64] and longer[64:96] == POINTS["more"]


def test_finals_take_the_best_point_of_each_network():
    rows = [make.BASE | point | {"study": "space", "trial": n, "score": np.nan if n == 9 else n * (n != 100) / 200}
            for n, point in enumerate(POINTS["space"], start=1)]
    finals = make.finals(pd.DataFrame(rows))
    best = {(point.get("extra", 0), point["rate"]) for point in finals}
    assert best == {(0, POINTS["space"][63]["rate"]), (2, POINTS["space"][127]["rate"])} and len(finals) == 40
    assert {point["schedule"] for point in finals} == {"constant", "cosine"} and len({point["seed"] for point in finals}) == 10
    with pytest.raises(SystemExit, match="needs the whole of space"):
        make.finals(pd.DataFrame(rows[:100]))


def test_the_second_search_knows_the_points_of_the_space():
    tables = with_trials("space", range(1, 65), POINTS["space"])
    (first, second) = make.lines("tpe", tables[0])
    assert first.points == (*range(1, 33),) and second.points == (*range(33, 65),)
    assert first.done == () and [row["rate"] for row in second.done] == [point["rate"] for point in POINTS["space"][:64]]
    with pytest.raises(SystemExit, match="needs the whole of space"):
        make.lines("tpe", tables[0][1:])


def test_a_search_that_learns_goes_on_as_if_never_stopped(few):
    tables = with_trials("space", range(1, 65), POINTS["space"])
    (first, _) = make.lines("tpe", tables[0])
    results = queue.SimpleQueue()
    make.run(make.Line("tpe", first.points[:3], 1), results)
    trained = [results.get() for _ in range(3)]
    for each in trained[:2]:
        tables = make.add(tables, *each)
    (line, _) = make.lines("tpe", tables[0])
    assert line.points == (*range(3, 33),) and len(line.done) == 2
    again = make.proposed(1, list(line.done))
    assert again == {name: trained[2][2][name] for name in again}
    assert all(low <= trained[2][2][name] <= high for name, (low, high, _) in make.SPACE.items())


def test_the_plan_says_what_there_is_to_do(tmp_path, capsys):
    make.write(tmp_path, with_trials("batch", [1, 2], POINTS["batch"]))
    make.plan(["batch", "tpe", "seeds"], tmp_path)
    said = [re.findall(r"[\w.]+", line)[:5] for line in capsys.readouterr().out.splitlines()]
    assert said == [["batch", "40", "trainings", "38", "left"], ["tpe", "64", "trainings", "64", "left"],
                    ["seeds", "70", "trainings", "70", "left"]]
