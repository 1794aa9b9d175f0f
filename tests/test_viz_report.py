"""The report of a study, on studies of which the truth is known: landscapes with a peak, curves with a slope and a noise."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import qmc

from lib import viz
from lib.errors import CourseError


def study(points=256, peak=-2.0, seed=1, direction="max", low=-5.0, high=0.0):
    """Return a trials frame over a Sobol sequence: the rate has a peak, the width helps as long as the rate is small."""
    rate, width, free = qmc.Sobol(3, rng=seed).random(points).T
    power = low + (high - low) * rate
    score = 0.9 - 0.05 * (power - peak) ** 2 + 0.1 * width - 0.15 * width * (power > peak + 1)
    frame = pd.DataFrame({"trial": range(1, points + 1), "rate": 10**power, "width": 8 + 56 * width, "free": free})
    score = score if direction == "max" else -score
    return frame.assign(score=score, direction=direction, seconds=1.0, epochs=1, status="COMPLETED")


# --- the space


@pytest.mark.parametrize("direction", ["max", "min"])
@pytest.mark.parametrize("peak, crowded", [(-2.5, []), (0.5, ["high"]), (-5.5, ["low"])])
def test_the_best_crowd_the_edge_that_the_peak_lies_beyond(direction, peak, crowded):
    table = viz.edges_data(study(peak=peak, direction=direction))
    rate = table[table.column == "rate"]
    assert rate.side[rate.crowded].tolist() == crowded
    assert not table.crowded[table.column == "free"].any(), "this one does nothing"


def test_what_is_counted_at_an_edge():
    frame = study(peak=0.5)
    table = viz.edges_data(frame, share=0.125, edge=0.25).set_index(["column", "side"])
    place = np.log10(frame.rate)
    place = (place - place.min()) / np.ptp(place)
    best = frame.score.nlargest(32).index
    assert table.best["rate", "high"] == (place[best] >= 0.75).sum()
    assert table.trials["rate", "high"] == (place >= 0.75).sum()
    assert table.expected["rate", "high"] == pytest.approx(32 * (place >= 0.75).mean())
    assert table.end["rate", "high"] == frame.rate.max() and table.end["width", "low"] == frame.width.min()


def test_an_edge_seems_crowded_by_chance_as_seldom_as_promised():
    rng, crowded = np.random.default_rng(1), 0
    frame = study(64)
    for _ in range(300):
        crowded += viz.edges_data(frame.assign(score=rng.random(64))).crowded.sum()
    assert 0 < crowded < 300 * 6 * 0.01 * 1.5


def test_where_trials_fail():
    frame = study()
    frame.loc[frame.rate > 0.09, ["score", "status"]] = [np.nan, "FAILED"]
    table = viz.edges_data(frame, scales={"free": "linear"}).set_index(["column", "side"])
    assert table.failed["rate", "high"] == 1 and table.failed["rate", "low"] == 0 and table.trials["rate", "high"] == 0
    assert table.failed["free", "low"] == pytest.approx(0.2, abs=0.05)
    drawn = viz.plot_edges(frame, "Edges")
    assert {trace.name for trace in drawn.data} == {"the best 10%", "other trials", "without a score"}
    assert sum(len(trace.x) for trace in drawn.data) == 3 * len(frame)


def test_the_picture_names_the_edge_that_is_crowded():
    words = [note.text for note in viz.plot_edges(study(peak=0.5), "Edges").layout.annotations]
    (crowded,) = [text for text in words if "crowded<br>" in text]
    assert len(words) == 6 and float(crowded.split(" ")[0]) > 0.9


@pytest.mark.parametrize("share, edge, wrong", [(0, 0.2, "share"), (1.5, 0.2, "share"), (0.1, 0.6, "edge"), (0.1, 0, "edge")])
def test_shares_that_are_none(share, edge, wrong):
    with pytest.raises(CourseError, match=f"^{wrong}: "):
        viz.edges_data(study(), share, edge)


def test_no_edges_where_nothing_is_a_number():
    with pytest.raises(CourseError, match="no hyperparameter of these trials is a number"):
        viz.edges_data(study()[["trial", "score", "direction", "status"]].assign(kind=["a", "b"] * 128))


# --- enough points


@pytest.mark.parametrize("direction", ["max", "min"])
def test_the_best_of_k_is_that_of_all_draws(direction):
    frame = study(4, direction=direction)
    table = viz.best_of_data({"study": frame})
    best = max if direction == "max" else min
    for k in (1, 2, 3, 4):
        draws = [best(draw) for draw in itertools.product(frame.score, repeat=k)]
        row = table[table.x == k].iloc[0]
        assert row["mean"] == pytest.approx(np.mean(draws))
        assert np.mean(np.array(draws) <= row.low) >= 0.1 and np.mean(np.array(draws) >= row.high) >= 0.1
        assert row.low <= row["mean"] <= row.high


def test_a_wide_space_needs_more_points_than_a_narrow_one():
    table = viz.best_of_data({"wide": study(64, low=-9, high=3), "narrow": study(64, low=-3, high=-1)})
    at_eight = table[table.x == 8].set_index("line")["mean"]
    assert at_eight["narrow"] > at_eight["wide"]
    assert len(viz.plot_bands(table, "Best of k", "trials", "score").data) == 4


def test_a_trial_without_a_score_counts_as_the_worst():
    frame = study(8)
    failed = frame.assign(score=frame.score.where(frame.score > frame.score.min()))
    worst = failed.score.min()
    table = viz.best_of_data({"study": failed})
    assert table["mean"][0] == pytest.approx(np.mean([*failed.score.dropna(), worst]))
    assert table["mean"].is_monotonic_increasing
    with pytest.raises(CourseError, match="none of the 8 trials has a score"):
        viz.best_of_data({"study": frame.assign(score=np.nan)})


def test_each_half_has_a_winner_of_its_own():
    frame = study(64)
    frame.loc[3, "score"] = np.nan
    table = viz.halves_data(frame.sample(frac=1, random_state=1))
    for name, half in (("first half", frame[:32]), ("second half", frame[32:])):
        winner = frame.loc[half.score.idxmax()]
        assert table.loc[name, ["trials", "trial", "score", "rate"]].tolist() == [32, winner.trial, winner.score, winner.rate]
    assert set(table) == {"trials", "trial", "rate", "width", "free", "score"}
    with pytest.raises(CourseError, match="The second half of these trials has no score"):
        viz.halves_data(frame.assign(score=frame.score.where(frame.trial < 20)))


# --- isolation


def test_an_isolation_plot_tells_what_a_slice_hides():
    """Most trials are worse for a greater width, since most rates are too high for it; at its own rate it is better."""
    frame = study(512, peak=-4.0)
    table = viz.isolation_data(frame, "width", parts=4)
    assert table.average.iloc[0] > table.average.iloc[-1] and table.best.iloc[0] < table.best.iloc[-1] - 0.05
    assert table.trials.tolist() == [128] * 4 and (table.of == 128).all()
    assert (table.low <= table.best).all() and (table.best <= table.high).all()
    assert table.low_value.tolist() == sorted(table.low_value) and table.low_value.iloc[0] == frame.width.min()


def test_parts_are_compared_at_the_same_number_of_trials():
    """The scores have nothing to do with the kind, of which one is nine times as frequent."""
    rng, gains = np.random.default_rng(1), []
    for _ in range(100):
        frame = study(128)[:100].assign(kind=["often"] * 90 + ["seldom"] * 10, score=rng.normal(size=100))
        table = viz.isolation_data(frame, "kind").set_index("name")
        assert table.trials.to_dict() == {"often": 90, "seldom": 10} and (table.of == 10).all()
        gains.append(table.best["often"] - table.best["seldom"])
    # Drawing with replacement sees fewer different ones of ten than of ninety; plain maxima differ by 0.95.
    assert abs(np.mean(gains)) < 0.3


@pytest.mark.parametrize("direction", ["max", "min"])
def test_where_the_peak_lies(direction):
    frame = study(peak=-2.5, direction=direction)
    frame.loc[::9, "score"] = np.nan
    table = viz.isolation_data(frame, "rate", parts=5)
    winner = table.loc[table.best.idxmax() if direction == "max" else table.best.idxmin()]
    assert winner.low_value < 10**-2.5 < winner.high_value
    figure = viz.plot_isolation(frame, "rate", "Isolated")
    trials, middle, best = figure.data
    assert len(trials.x) == len(frame) and len(middle.x) == len(best.x) == 6
    assert figure.layout.xaxis.title.text == "rate (log)" and best.text[0].startswith("1e-05 to ")


def test_values_that_are_few_have_a_part_each():
    frame = study(64).assign(depth=[2, 3] * 32)
    table = viz.isolation_data(frame, "depth")
    assert table.name.tolist() == ["2", "3"] and table.trials.tolist() == [32, 32]
    with pytest.raises(CourseError, match="'deep' has no axis"):
        viz.isolation_data(frame, "deep")


# --- curves


def curve(slope=0.0, noise=0.0, fall=0.0, epochs=400, seed=1):
    """Return a history: validation rises by `slope` an epoch, in the last quarter falls by `fall`, with a noise."""
    rng, epoch = np.random.default_rng(seed), np.arange(epochs)
    late = np.clip(epoch - 3 * epochs // 4, 0, None) / (epochs // 4)
    check = 0.5 + slope * epoch - fall * late + noise * rng.normal(size=epochs)
    return {"accuracy": 0.6 + slope * epoch, "val_accuracy": check}


def test_each_number_finds_what_was_put_in():
    table = viz.diagnosis_data({
        "rising": curve(slope=1e-4), "noisy": curve(noise=0.02), "falling": curve(slope=1e-5, fall=0.2, noise=0.01),
    })
    assert table.noise.to_dict() == {
        "rising": pytest.approx(0, abs=1e-9), "noisy": pytest.approx(0.02, rel=0.15), "falling": pytest.approx(0.01, rel=0.15)}
    assert table.improving["rising"] == pytest.approx(199e-4) and abs(table.improving["noisy"]) < 0.01
    assert table.overfitting["falling"] == pytest.approx(0.2, abs=0.03) and table.overfitting["rising"] == 0
    assert table.gap["rising"] == pytest.approx(0.1)
    assert table.says.to_dict() == {"rising": "still improving", "noisy": "settled", "falling": "overfits"}


def test_a_loss_is_read_the_other_way_round():
    there = viz.diagnosis_data({"a": curve(slope=1e-4, noise=0.001)})
    loss = {name.replace("accuracy", "loss"): -values for name, values in curve(slope=1e-4, noise=0.001).items()}
    back = viz.diagnosis_data({"a": loss}, "loss", "min")
    assert back.says.tolist() == there.says.tolist()
    assert np.allclose(back.drop(columns="says").astype(float), there.drop(columns="says").astype(float))


@pytest.mark.parametrize("settings, says", [
    ({}, "settled"), ({"slope": 0.004}, "still improving"), ({"fall": 0.06}, "overfits"),
])
def test_a_curve_of_ten_epochs_is_mostly_diagnosed_right(settings, says):
    curves = {seed: curve(**settings, noise=0.002, epochs=12, seed=seed) for seed in range(200)}
    assert (viz.diagnosis_data(curves).says == says).mean() > 0.7


def test_curves_that_are_none():
    with pytest.raises(CourseError, match="5 epochs are too few"):
        viz.diagnosis_data({"a": {"accuracy": range(5), "val_accuracy": range(5)}})
    with pytest.raises(CourseError, match="its history has no 'val_accuracy'; it has accuracy"):
        viz.diagnosis_data({"a": {"accuracy": range(9)}})
    with pytest.raises(CourseError, match="it can be 'max' or 'min'"):
        viz.diagnosis_data({"a": curve()}, direction="up")


def test_a_diagnosis_takes_its_direction_from_the_name_where_none_is_given():
    falls = {part: 2 - np.asarray(values) for part, values in curve(slope=1e-3, epochs=20).items()}
    losses = {"a": {"crossentropy": falls["accuracy"], "val_crossentropy": falls["val_accuracy"]}}
    found = viz.diagnosis_data(losses, "crossentropy")
    assert found.says["a"] == "still improving" and found.equals(viz.diagnosis_data(losses, "crossentropy", "min"))
    assert viz.diagnosis_data(losses, "crossentropy", "max").improving["a"] < 0, "what is said counts"


def test_studies_of_both_directions_have_no_common_best():
    with pytest.raises(CourseError, match=r"^direction: some of these studies have 'max' and some 'min'"):
        viz.best_of_data({"up": study(4), "down": study(4, direction="min")})


def test_a_panel_for_each_curve_says_its_diagnosis():
    figure = viz.plot_diagnosis({"trial 3": curve(slope=1e-3, epochs=8), "trial 5": curve(fall=0.1, epochs=8)}, "Curves")
    assert [note.text for note in figure.layout.annotations] == ["trial 3: still improving", "trial 5: overfits"]
    assert len(figure.data) == 4 and sum(trace.showlegend for trace in figure.data) == 2
