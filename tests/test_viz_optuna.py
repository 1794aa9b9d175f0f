"""Optuna's own figures can be read on light and dark pages, and what pruners stop is drawn from a study."""

import json

import numpy as np
import optuna
import pytest
from kit.lessons import LESSONS
from kit.notebooks import code_cells, source
from optuna import visualization as figures
from optuna.terminator import BestValueStagnationEvaluator
from optuna.trial import TrialState, create_trial
from plotly.colors import hex_to_rgb, label_rgb

from lib import viz


@pytest.fixture(autouse=True, scope="module")
def quiet():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(before)


def study(direction="maximize"):
    """Six trials: two hyperparameters, three reports each but for the one that was pruned."""
    study = optuna.create_study(direction=direction, study_name="six")
    distributions = {
        "rate": optuna.distributions.FloatDistribution(1e-3, 1, log=True),
        "units": optuna.distributions.IntDistribution(1, 9),
    }
    for number in range(6):
        pruned = number == 4
        reports = {step: number / 10 + step for step in range(1, 2 if pruned else 4)}
        study.add_trial(
            create_trial(
                state=TrialState.PRUNED if pruned else TrialState.COMPLETE,
                value=number / 10,
                params={"rate": 10.0 ** -(number % 4), "units": 1 + number},
                distributions=distributions,
                intermediate_values=reports,
            )
        )
    return study


PLOTS = {
    "history": figures.plot_optimization_history,
    "intermediate": figures.plot_intermediate_values,
    "slice": figures.plot_slice,
    "contour": lambda s: figures.plot_contour(s, params=["rate", "units"]),
    "parallel": figures.plot_parallel_coordinate,
    "importances": figures.plot_param_importances,
    "edf": figures.plot_edf,
    "rank": lambda s: figures.plot_rank(s, params=["rate", "units"]),
    "timeline": figures.plot_timeline,
    "terminator": lambda s: figures.plot_terminator_improvement(
        s, improvement_evaluator=BestValueStagnationEvaluator(), min_n_trials=1
    ),
}


@pytest.mark.lesson("06")
def test_lesson_06_shows_every_figure_of_optuna():
    code = "".join(source(cell) for cell in code_cells(LESSONS["06"]))
    assert [name for name in figures.__all__ if name.startswith("plot_") and f"figures.{name}(" not in code] == []


@pytest.mark.parametrize("name", PLOTS)
def test_a_dressed_figure_shows_the_same_on_any_page(name):
    plain, figure = PLOTS[name](study()), viz.dress(PLOTS[name](study()), "A title", 321)
    assert figure.layout.title.text == "A title" and figure.layout.height == 321
    assert figure.layout.plot_bgcolor == figure.layout.template.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert [trace.type for trace in figure.data] == [trace.type for trace in plain.data]
    for before, after in zip(plain.data, figure.data, strict=True):
        if name != "timeline":
            assert np.array_equal(np.array(before.x), np.array(after.x)) and np.array_equal(np.array(before.y), np.array(after.y))
    assert "white" not in json.dumps(figure.layout.to_plotly_json() | {"template": None}, default=str)
    assert ", 0.25)" not in json.dumps([t.to_plotly_json() for t in figure.data], default=str), "too pale to see"
    assert "247,251,255" not in json.dumps([t.to_plotly_json() for t in figure.data], default=str)


@pytest.mark.parametrize("direction, best", [("maximize", 5), ("minimize", 0)])
def test_in_parallel_coordinates_the_best_line_has_the_last_colour(direction, best):
    figure = viz.dress(figures.plot_parallel_coordinate(study(direction)), "All")
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    strong = [line for line in lines if line.line.color == label_rgb(hex_to_rgb(viz.BLUE))]
    assert len(strong) == 1 and strong[0].line.width == max(line.line.width for line in lines)
    assert strong[0].customdata[0][1] == f"{best / 10:g}"
    assert f"The best: Objective Value {best / 10:g}, " in figure.layout.meta["alt"]


def test_ranks_are_coloured_from_pale_to_strong():
    figure = viz.dress(figures.plot_rank(study(), params=["rate", "units"]), "Ranks")
    seen = dict(zip(figure.data[0].y, figure.data[0].marker.color, strict=True))
    assert seen[6] == label_rgb(hex_to_rgb(viz.BLUE)) and seen[1] == label_rgb(hex_to_rgb(viz.GOOD[0][1]))
    assert figure.data[1].marker.colorscale[-1] == (1.0, viz.BLUE) and figure.data[1].marker.colorbar.title.text == "rank (score)"


def test_seconds_of_a_timeline():
    starts = ["2026-01-02T23:59:59.500000", "2026-01-03T00:00:01", "2026-01-02T23:59:59"]
    assert viz.timeline_data(starts).tolist() == [0.5, 2.0, 0.0]


def test_a_timeline_names_no_day():
    known = study()
    lasting = known.get_trials(deepcopy=False)[0].duration.total_seconds()
    figure = viz.dress(figures.plot_timeline(known), "When")
    assert figure.layout.xaxis.type == "linear" and "second" in figure.layout.xaxis.title.text
    first = figure.data[0]
    assert first.base[0] == 0 and first.x[0] == pytest.approx(lasting, abs=1e-3)
    assert {bar.name: bar.marker.color for bar in figure.data} == {"COMPLETE": viz.BLUE, "PRUNED": viz.GREY}
    assert "202" not in json.dumps([bar.to_plotly_json()["base"].tolist() for bar in figure.data])


def test_the_front_stands_out():
    both = optuna.create_study(directions=["maximize", "minimize"])
    both.add_trials([create_trial(values=pair) for pair in [(0.7, 10), (0.8, 20), (0.6, 30)]])
    figure = viz.dress(figures.plot_pareto_front(both, target_names=["accuracy", "weights"]), "Front")
    shown = {trace.name: (trace.marker.color, sorted(trace.x)) for trace in figure.data}
    assert shown == {"beaten by another trial": (viz.GREY, [0.6]), "on the front": (viz.BLUE, [0.7, 0.8])}
    grown = viz.dress(figures.plot_hypervolume_history(both, reference_point=[0, 100]), "Grown")
    assert list(grown.data[0].y) == pytest.approx([0.7 * 90, 0.7 * 90 + 0.1 * 80, 0.7 * 90 + 0.1 * 80])
    assert grown.layout.title.text == "Grown"


def test_intermediate_values_are_long():
    table = viz.intermediates_data({"a": study()})
    assert len(table) == 5 * 3 + 1
    assert table[table.trial == 4].values.tolist() == [["a", 4, 1, 1.4, "PRUNED"]]
    assert table[table.trial == 0].value.tolist() == [1.0, 2.0, 3.0]


def test_a_pruned_trial_ends_in_a_cross():
    figure = viz.plot_intermediates({"a": study(), "b": study()}, "title", "accuracy")
    ends = [(line.name, line.marker.symbol[-1]) for line in figure.data]
    assert ends == [*[("completed", "circle")] * 10, *[("pruned", "x")] * 2]
    assert sum(line.showlegend for line in figure.data) == 2
