"""Pictures that move: what a frame shows is read back from the figure, and the claim of the lesson computed from it."""

import json
import re
from itertools import pairwise

import nbformat
import numpy as np
import pandas as pd
import pytest
from kit.browser import needs_browser, watched
from kit.figures import PLOTLY
from kit.legible import write_slice
from kit.searches import DATA, X, Y, hyperband
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import BaggingRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern, WhiteKernel
from sklearn.tree import DecisionTreeClassifier

from lib import ensembles, viz
from lib.errors import CourseError
from lib.runner.page import plotly_div
from lib.trials import curves_frame, trials_frame
from lib.tuning import brackets, search
from lib.viz.living import animate, short

DIGITS, DIGIT = load_digits(return_X_y=True)


def states(figure):
    """Return what each frame shows: a dict from its name to the dicts of all traces, with the frame's changes in them."""
    opening = [trace.to_plotly_json() for trace in figure.data]
    shown = {}
    for frame in figure.frames:
        changes = dict(zip(frame.traces, (trace.to_plotly_json() for trace in frame.data), strict=True))
        shown[frame.name] = [trace | changes.get(number, {}) for number, trace in enumerate(opening)]
    return shown


def lines(trace):
    """Return the lines of a trace, which gaps part, as lists of (x, y)."""
    parts = [[]]
    for x, y in zip(trace["x"], trace["y"], strict=True):
        if x is None:
            parts.append([])
        else:
            parts[-1].append((x, y))
    return [part for part in parts if part]


def named(traces, name):
    return [trace for trace in traces if trace.get("name") == name]


def check_controls(figure):
    """Hold that slider, button and frames belong together, and that the figure opens with what the slider says."""
    (slider,) = figure.layout.sliders
    names = [frame.name for frame in figure.frames]
    assert [list(step.args[0]) for step in slider.steps] == [[name] for name in names]
    assert len(set(names)) == len(names)
    opening = states(figure)[names[slider.active]]
    for shown, trace in zip(opening, figure.data, strict=True):
        there = trace.to_plotly_json()
        assert all(np.array_equal(shown[key], there[key]) for key in ("x", "y", "text") if key in there), trace.name
    assert figure.layout.updatemenus[0].buttons[0].args[0] is None  # all frames
    assert "A slider goes through" in figure.layout.meta["alt"]


# --- Hyperband's tournament


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    tuner = hyperband(tmp_path_factory.mktemp("search"), max_epochs=4)
    return search(tuner, X, Y, workers=1, verbose=0, **DATA)


def test_curves_are_those_of_the_trials(played):
    curves, table = curves_frame(played), trials_frame(played)
    assert curves.groupby("trial").score.max().tolist() == pytest.approx(table.score.tolist(), abs=1e-5)
    assert curves.groupby("trial").size().tolist() == table.epochs.tolist()
    plan = pd.DataFrame(brackets(4, 2))
    assert curves.model.nunique() == plan.trials[plan["round"] == 0].sum()
    for _, part in curves.groupby("model"):
        assert part.epoch.tolist() == [*range(1, len(part) + 1)], "a model that goes on trains no epoch twice"


def test_a_tournament_keeps_the_best_of_each_round_and_counts_every_epoch(played):
    curves = curves_frame(played)
    figure = viz.plot_tournament(curves)
    check_controls(figure)
    rounds = pd.DataFrame(brackets(4, 2))
    paid = [shown[-1]["x"][0] for shown in states(figure).values()]
    assert paid == sorted(paid) and paid[-1] == rounds.epochs.sum() == len(curves)
    compared = 0
    for name, shown in states(figure).items():
        bracket, epoch = map(int, re.findall(r"\d+", name))
        place = next(n for n, note in enumerate(figure.layout.annotations) if note.text.startswith(f"bracket {bracket}:"))
        on, out = (lines(shown[3 * place + part]) for part in (0, 1))
        assert sum(map(len, on + out)) == len(curves[(curves.bracket == bracket) & (curves.epoch <= epoch)])
        ended = [line for line in out if line[-1][0] == epoch]
        if ended:  # a round ends here: whoever goes on scored best in it
            began = rounds[(rounds.bracket == bracket) & (rounds.epochs_to == epoch)].epochs_from.iloc[0]
            scores = [[max(y for x, y in line if x > began) for line in part] for part in (on, ended)]
            assert min(scores[0]) >= max(scores[1])
            compared += 1
    assert compared == (rounds.groupby("bracket")["round"].max()).sum()
    assert f"{len(curves)} epochs are paid for" in figure.layout.meta["alt"]


def test_a_search_that_noted_nothing_is_told(tmp_path):
    with pytest.raises(CourseError, match="noted no scores"):
        curves_frame(hyperband(tmp_path))


# --- a sampler that thinks


@pytest.fixture(scope="module")
def thoughts():
    """Three looks at the accuracy of a tree on digits over the power of two of its leaves, each followed by a training."""

    def score(power):
        tree = DecisionTreeClassifier(max_leaf_nodes=round(2.0**power), random_state=1).fit(DIGITS[:900], DIGIT[:900])
        return tree.score(DIGITS[900:], DIGIT[900:])

    def look():
        kernel = Matern(0.3, (0.05, 10), nu=2.5) + WhiteKernel(0.01, (1e-4, 1))
        process = GaussianProcessRegressor(kernel, normalize_y=True).fit(np.array(x)[:, None] / 10, y)
        mean, sd = process.predict(grid[:, None] / 10, return_std=True)
        return pd.DataFrame({"x": grid, "mean": mean, "sd": sd, "improvement": np.maximum(mean + sd - max(y), 0)})

    grid = np.linspace(1, 9, 41)
    x = [1.0, 2.0, 9.0]
    y = [score(power) for power in x]
    looks = [look()]
    for _ in range(3):
        x.append(float(looks[-1].x[looks[-1].improvement.idxmax()]))
        y.append(score(x[-1]))
        looks.append(look())
    return looks, x, y


@pytest.mark.filterwarnings("ignore:The optimal value")
def test_a_sampler_trains_where_its_expected_improvement_was_highest(thoughts):
    looks, x, y = thoughts
    figure = viz.plot_thinking(looks, (x, y), "power of two", "accuracy")
    check_controls(figure)
    frames = list(states(figure).values())
    for before, after in pairwise(frames):
        (improvement,), marks = named(before, "expected improvement"), named(before, "next")
        highest = improvement["x"][int(np.argmax(improvement["y"]))]
        assert len(marks) == 2 and all(np.allclose(mark["x"], highest) for mark in marks)
        (measured,) = named(after, "measured, in this order")
        assert measured["x"][-1] == pytest.approx(highest, abs=1e-3) and measured["text"][-1] == str(len(measured["x"]))
    for shown in frames:
        (band,), (measured,) = named(shown, "two standard deviations"), named(shown, "measured, in this order")
        half = len(band["y"]) // 2
        wide = np.array(band["y"][:half]) - np.array(band["y"][half:][::-1])
        near = [wide[np.argmin(np.abs(np.array(band["x"][:half]) - place))] for place in measured["x"]]
        assert np.mean(near) < np.mean(wide), "the band is narrow where something was measured"


# --- a grid beside random draws


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_grid_has_seen_all_after_its_first_row_and_random_draws_go_on(seed):
    figure = viz.plot_margins(9, np.random.default_rng(seed))
    check_controls(figure)
    hill = viz.margins_data(9, np.random.default_rng(seed))["hill"]
    frames = list(states(figure).values())
    best = {}
    for n, shown in enumerate(frames, start=1):
        for name, distinct in (("grid", min(n, 3)), ("random", n)):
            points, seen, idle, so_far = named(shown, name)
            assert len(points["x"]) == n and len(set(points["x"])) == distinct
            assert seen["x"] == points["x"] and idle["y"] == points["y"]
            assert np.allclose(seen["y"], np.exp(-(((np.array(points["x"]) - hill) / 0.12) ** 2)), atol=2e-3)
            assert np.ptp(idle["x"]) <= 0.02, "what is idle moves the score by a fiftieth at most"
            best[name] = so_far["y"]
    assert np.ptp(best["grid"][2:]) < 0.01 < best["random"][-1] - best["random"][2]
    assert best["grid"][2] > best["random"][2] and best["random"][-1] > best["grid"][-1]


def test_a_grid_of_unequal_sides_is_refused():
    with pytest.raises(CourseError, match="draws: 8 found; expected a square number"):
        viz.margins_data(8, np.random.default_rng(1))


# --- searches on a map


@pytest.fixture(scope="module")
def trees():
    leaves, features = [2, 8, 32, 128], [1, 4, 16, 64]
    scores = [
        [
            DecisionTreeClassifier(max_leaf_nodes=n, max_features=m, random_state=1).fit(DIGITS[:900], DIGIT[:900])
            .score(DIGITS[900:], DIGIT[900:])
            for m in features
        ]
        for n in leaves
    ]
    return pd.DataFrame(scores, pd.Index(leaves, name="leaves"), pd.Index(features, name="features"))


def test_a_climber_and_chance_are_followed_over_the_same_map(trees):
    rng = np.random.default_rng(1)
    cells = [(row, column) for row in range(4) for column in range(4)]
    paths = {name: [cells[n] for n in rng.permutation(16)[:6]] for name in ("climbing", "random")}
    figure = viz.plot_climb(trees, paths)
    check_controls(figure)
    by_label = {(str(m), str(n)): trees.loc[n, m] for n in trees.index for m in trees.columns}
    for n, shown in enumerate(states(figure).values(), start=1):
        for name, path in paths.items():
            steps, best = named(shown, name)
            found = [by_label[place] for place in zip(steps["x"], steps["y"], strict=True)]
            assert found == [trees.to_numpy()[cell] for cell in path[:n]]
            assert np.allclose(best["y"], np.maximum.accumulate(found), atol=1e-4)


# --- numbers and gradients


@pytest.mark.parametrize("number", [0.1, -3.0, 1e-8, 70000.0])
def test_a_flipped_bit_is_one_bit_and_the_number_beside_it_is_what_the_bits_say(number):
    figure = viz.plot_flips(number)
    check_controls(figure)

    def bits(shown, row):
        dots = [dot for t in shown[:3] for dot in zip(t["x"], t["y"], t["text"], strict=True) if dot[1] == row]
        return "".join(text for _, _, text in sorted(dots))

    shown = states(figure)
    for row, (name, (exponent_bits, _)) in enumerate(viz.FORMATS.items()):
        before = bits(shown["none"], row)
        for flipped, state in shown.items():
            now = bits(state, row)
            differ = [place for place, (a, b) in enumerate(zip(before, now, strict=True), start=1) if a != b]
            assert differ == ([] if flipped == "none" or int(flipped) > len(now) else [int(flipped)])
            power, mantissa = int(now[1 : 1 + exponent_bits], 2), now[1 + exponent_bits :]
            if power == 2**exponent_bits - 1:
                continue  # infinities and what is no number
            fraction, bias = int(mantissa, 2) / 2 ** len(mantissa), 2 ** (exponent_bits - 1) - 1
            size = (1 + fraction) * 2.0 ** (power - bias) if power else fraction * 2.0 ** (1 - bias)
            said = float(state[4]["text"][row].removeprefix("= "))
            assert said == pytest.approx(-size if now[0] == "1" else size, rel=1e-6), (name, flipped)


@pytest.fixture(scope="module")
def gradients():
    """Gradients of the outputs of a softmax regression on digits, as small as a mean over many pixels makes them."""
    weights = np.random.default_rng(1).normal(0, 0.05, (64, 10))
    raised = np.exp(DIGITS / 16 @ weights)
    return (raised / raised.sum(axis=1, keepdims=True) - np.eye(10)[DIGIT]) / (784 * len(DIGIT)) * 0.01


def test_a_loss_scale_moves_the_whole_hill_and_takes_it_out_on_the_other_side(gradients):
    figure = viz.plot_scaling(gradients, powers=range(0, 49, 4), opens=12)
    check_controls(figure)
    fates = list(dict.fromkeys(trace.name for trace in figure.data if trace.type == "bar"))
    middles, shares = [], {fate: [] for fate in fates}
    for shown in states(figure).values():
        bars = [trace for trace in shown if trace["type"] == "bar"]
        assert sum(sum(bar["y"]) for bar in bars) == pytest.approx(1, abs=0.01)
        middles.append(sum(x * y for bar in bars for x, y in zip(bar["x"], bar["y"], strict=True)))
        for bar in bars:
            shares[bar["name"]].append(sum(bar["y"]))
    assert np.allclose(np.diff(middles), 4, atol=0.2), "sixteen times as large is four powers of two to the right"
    lost, infinite = shares[fates[0]], shares[fates[-1]]
    assert (np.diff(lost) <= 1e-3).all() and (np.diff(infinite) >= -1e-3).all()
    assert lost[0] > 0.5 and max(shares["kept"]) > 0.95 and infinite[-1] > 0.5
    tiny = np.abs(gradients.ravel()).astype("float16")
    assert lost[0] == pytest.approx(np.mean(tiny == 0), abs=2e-3), "as NumPy's own float16 rounds them"


# --- weights, teams, budgets


def test_pictures_grow_as_their_weights_do():
    pictures, y = DIGITS[:300].reshape(-1, 8, 8) / 16, DIGIT[:300]
    said, weights, rate = [], np.full(300, 1 / 300), 0.5
    for _ in range(6):
        stump = DecisionTreeClassifier(max_leaf_nodes=6, random_state=1).fit(DIGITS[:300], y, weights)
        said.append(stump.predict_proba(DIGITS[:300]))
        weights, _ = ensembles.reweight(weights, stump.predict(DIGITS[:300]) != y, 10, rate)
    history = viz.weights_by_round(np.array(said), y, rate)
    assert np.allclose(history[-1], 300 * weights) and np.allclose(history.mean(axis=1), 1)
    figure = viz.plot_gaining(pictures, history, [str(digit) for digit in y], n=8)
    check_controls(figure)
    frames = list(states(figure).values())
    areas = np.array([[(8 * trace["dx"]) * (8 * trace["dy"]) for trace in shown[:8]] for shown in frames])
    assert np.allclose(areas[0], areas[0, 0]), "all begin alike"
    assert (areas[-1, :4] > areas[0, :4]).all() and (areas[-1, 4:] < areas[0, 4:]).all()
    order = np.argsort(history[-1], kind="stable")
    rows = [*order[::-1][:4], *order[:4]]
    assert np.allclose((areas / areas[0, 0]) ** 2, history[:, rows], rtol=0.03)


SAID = np.array([[[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]])  # one round, whose third answer is wrong


@pytest.mark.parametrize("y", [[0, 1, 1], [[0], [1], [1]], ["a", "b", "b"], [False, True, True], [[1, 0], [0, 1], [0, 1]]])
def test_the_weights_of_a_round_do_not_depend_on_how_the_truth_is_told(y):
    assert np.allclose(viz.weights_by_round(SAID, y), [[1, 1, 1], [0.75, 0.75, 1.5]])


@pytest.mark.parametrize("y, message", [
    ([1, 2, 2], "class 2 found; expected 0 to 1"), ([0, 1, -1], "class -1 found"), ([0.0, 1.0, 1.0], "float64 found"),
    (["a", "a", "a"], "1 names of classes found; expected 2"), ([0, 1], "shape"),
])
def test_labels_without_a_probability_have_no_weights(y, message):
    with pytest.raises(CourseError, match=f"^y: .*{message}"):
        viz.weights_by_round(SAID, y)


def test_hills_stand_for_all_weights_and_their_foot_grows_wider():
    rng = np.random.default_rng(1)
    by_epoch = {}
    weights = rng.normal(0, 0.05, 4000)
    for epoch in range(5):
        counts, edges = np.histogram(weights, 30)
        by_epoch[epoch] = np.stack([edges[:-1], edges[1:], counts], axis=1)
        weights = weights + rng.normal(0, 0.01, 4000) * np.abs(weights) * 40
    middles, shares = viz.ridges_data(by_epoch)
    assert np.allclose(shares.sum(axis=1), 1)
    for buckets, share in zip(by_epoch.values(), shares, strict=True):
        mean = np.average(buckets[:, :2].mean(axis=1), weights=buckets[:, 2])
        assert middles @ share == pytest.approx(mean, abs=middles[1] - middles[0])
    figure = viz.plot_ridges(by_epoch, "T")
    check_controls(figure)
    wide = []
    for epoch, shown in states(figure).items():
        hill, first, now = shown[5:8]
        assert hill["y"] == shown[int(epoch)]["y"], "the strong outline is that of its epoch"
        assert [height is None for height in now["y"]] == [share == 0 for share in shares[int(epoch)]]
        wide.append(sum(height is not None for height in now["y"]))
        assert first["y"] == short([share or np.nan for share in shares[0]])
    assert wide == sorted(wide) and wide[-1] > wide[0]


def test_buckets_of_another_shape_are_refused():
    with pytest.raises(CourseError, match=r"epoch 0: shape \(2, 2\) found; expected \(buckets, 3\)"):
        viz.ridges_data({0: [[0, 1], [1, 2]]})


def test_teams_come_to_agree_and_what_all_of_them_say_stays():
    x, y = load_diabetes(return_X_y=True)
    rng = np.random.default_rng(1)
    said = []
    for _ in range(6):
        rows = rng.choice(300, 60, replace=False)
        team = BaggingRegressor(n_estimators=8, random_state=1).fit(x[rows], y[rows])
        said.append([member.predict(x[300:]) for member in team.estimators_])
    said = np.array(said)
    variances = {"60 people": np.array([said[:, :k].mean(axis=1).var(axis=0, ddof=1).mean() for k in range(1, 9)])}
    figure = viz.plot_joining(said, variances, "T", "progress")
    check_controls(figure)
    frames = list(states(figure).values())
    teams = np.array([[[y for _, y in line] for line in lines(named(shown, "6 teams")[0])] for shown in frames])
    between = teams.var(axis=1, ddof=1).mean(axis=1)
    assert between[-1] < 0.7 * between[0] and between[0] - between[3] > 0.5 * (between[0] - between[-1])
    (centre,) = named(frames[-1], "all of them together")
    assert np.allclose(teams[-1].mean(axis=0), centre["y"], rtol=1e-3) and list(centre["y"]) == sorted(centre["y"])
    assert [shown[4]["y"][0] for shown in frames] == short(variances["60 people"])


BOARD = pd.DataFrame(
    {
        "kB": [1503.0, 192.0, 36.0, 105.0, 12.0], "ms": [0.2, 0.19, 0.011, 0.02, pd.NA],
        "accuracy": [0.859, 0.85, 0.865, 0.8598, 0.8],
    },
    index=["heavy", "units out", "low rank", "int8", "unknown"],
)


def test_budgets_leave_bare_what_fits_and_the_most_accurate_of_that_is_the_choice():
    figure = viz.plot_budgets(BOARD, ("kB", "ms"), "accuracy", "T", ("kB", "milliseconds"), "accuracy")
    points, right, above = figure.data
    places = dict(zip(points.text, zip(points.x, points.y, strict=True), strict=True))
    assert "unknown" not in places
    for kB in figure.layout.sliders[0].steps:
        for ms in figure.layout.sliders[1].steps:
            assert (tuple(kB.args[1]), tuple(ms.args[1])) == ((1,), (2,)), "each slider moves a cover of its own"
            left, low = min(kB.args[0]["x"][0]), min(ms.args[0]["y"][0])
            bare = [name for name, (x, y) in places.items() if x <= left and y <= low]
            within, best = viz.budgets_data(BOARD, ("kB", "ms"), "accuracy", (float(kB.label), float(ms.label)))
            assert sorted(bare) == sorted(BOARD.index[within])
            assert best == (max(bare, key=lambda name: BOARD.accuracy[name]) if bare else None)
    assert min(right.x) > 1503 and min(above.y) > 0.2, "it opens with nothing covered"


def test_costs_of_nothing_have_no_place_on_a_logarithmic_axis():
    with pytest.raises(CourseError, match="0 or less"):
        viz.plot_budgets(BOARD.assign(kB=0.0), ("kB", "ms"), "accuracy", "T", ("kB", "ms"), "accuracy")


# --- a brush that moves


@pytest.mark.parametrize("direction", ["max", "min"])
def test_what_a_slider_keeps_is_the_same_in_lines_points_and_table(direction):
    rng = np.random.default_rng(1)
    rates, n = 10.0 ** rng.uniform(-4, 0, 24), 24
    trees = [DecisionTreeClassifier(ccp_alpha=rate / 10, random_state=1).fit(DIGITS[:400], DIGIT[:400]) for rate in rates]
    scores = [tree.score(DIGITS[900:], DIGIT[900:]) for tree in trees]
    frame = pd.DataFrame({"trial": range(1, n + 1), "rate": rates, "kind": rng.choice(["a", "b"], n), "score": scores})
    frame = frame.assign(direction=direction, seconds=1.0, epochs=1, status="COMPLETED")
    frame.loc[3, ["score", "status"]] = [np.nan, "FAILED"]
    figure = viz.plot_narrowed(frame, "rate", "T")
    check_controls(figure)
    by_score = frame.dropna(subset="score").sort_values("score", ascending=direction == "min", kind="stable")
    for name, (others, other_points, kept, points, table) in ((name, shown[:5]) for name, shown in states(figure).items()):
        best = by_score.head(int(name))
        assert len(lines(kept)) == len(points["x"]) == int(name) and len(lines(others)) + int(name) == n - 1
        assert sorted(10.0 ** np.array(points["x"])) == pytest.approx(sorted(best.rate), rel=2e-3)
        assert sorted(points["y"]) == pytest.approx(sorted(best.score), rel=1e-3)
        assert len(other_points["x"]) == n - 1 - int(name)
        said = dict(zip(*table["cells"]["values"], strict=True))
        ends = [float(end) for end in said["rate (log)"].split(" to ")]
        assert ends == pytest.approx([best.rate.min(), best.rate.max()], rel=5e-3)
        assert said["kind"] == ", ".join(sorted(set(best.kind)))


def test_points_over_what_has_no_axis_are_refused():
    frame = pd.DataFrame({"trial": [1, 2], "rate": [1, 2], "score": [0.1, 0.2], "status": "COMPLETED"})
    with pytest.raises(CourseError, match="across: 'speed' has no axis in this picture; there are rate, score"):
        viz.plot_narrowed(frame, "speed", "T")


# --- in a page


def moving():
    return viz.plot_margins(4, np.random.default_rng(1))


def test_frames_reach_the_page_and_words_stand_where_no_script_runs():
    figure = moving()
    html = plotly_div(figure.to_plotly_json() | {"frames": [frame.to_plotly_json() for frame in figure.frames]}, "one")
    assert "Plotly.addFrames" in html and "<noscript><p>" in html
    assert "addFrames" not in plotly_div({"data": [], "layout": {}}, "two")


def test_parallel_coordinates_wait_for_the_rest_of_a_page():
    lines, dots = {"data": [{"type": "parcoords"}]}, {"data": [{"type": "scatter"}]}
    assert "addEventListener('load', () => Plotly.newPlot(" in plotly_div(lines, "one", late=True)
    assert "load" not in plotly_div(lines, "one") + plotly_div(dots, "two", late=True)


def opened(browser, folder, figures, width=1280):
    """Return a page of the site that shows some figures, once their sliders can be seen."""
    outputs = [nbformat.v4.new_output("display_data", {PLOTLY: json.loads(figure.to_json())}) for figure in figures]
    page = watched(browser, width, 900)
    page.goto(write_slice(outputs, folder / "slice").as_uri())
    page.locator(".slider-group").last.wait_for(state="visible")
    return page


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_living_picture_plays_in_a_page_without_a_kernel(browser, tmp_path, width):
    page = opened(browser, tmp_path, [moving()], width)
    shown = "document.querySelector('.js-plotly-plot').data[4].x.length"
    assert page.evaluate(shown) == 4
    rail = page.locator(".slider-rail-touch-rect").bounding_box()
    page.mouse.click(rail["x"] + 2, rail["y"] + rail["height"] / 2)
    page.wait_for_function(f"{shown} === 1")
    page.locator(".updatemenu-button").click()
    page.wait_for_function(f"{shown} === 4")
    assert page.errors == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in page.asked), page.asked
    page.close()


@needs_browser
def test_keys_move_the_sliders_and_on_paper_there_is_no_button(browser, tmp_path):
    budgets = viz.plot_budgets(BOARD, ("kB", "ms"), "accuracy", "T", ("kB", "milliseconds"), "accuracy")
    page = opened(browser, tmp_path, [moving(), budgets])
    first, second = page.locator(".js-plotly-plot").all()
    active = "figure => figure.layout.sliders.map(slider => slider.active)"
    stood = second.evaluate(active)
    first.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("document.querySelector('.js-plotly-plot').data[4].x.length === 3")
    assert first.evaluate(active) == [2] and second.evaluate(active) == stood
    second.focus()
    for key in ("ArrowLeft", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert second.evaluate(active) == [stood[0], stood[1] - 1], "at its end a slider stays where it is"
    assert page.locator(".updatemenu-button").is_visible()
    page.emulate_media(media="print")
    assert not page.locator(".updatemenu-button").is_visible() and page.locator(".slider-group").first.is_visible()
    assert page.errors == []
    page.close()


def test_numbers_of_frames_are_short():
    assert short([0.123456, None, np.nan, 12345.6]) == [0.1235, None, None, 12350.0]


def test_nothing_to_go_through_is_a_sentence():
    with pytest.raises(CourseError, match="there are no states"):
        animate(moving(), {}, "Trials:", "Nothing.")
