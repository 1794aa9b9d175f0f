"""Text alternatives say what a figure shows: of figures of each kind whose finding is known."""

import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import pytest

from lib import viz
from lib.viz import look
from lib.viz.findings import course


def told(figure):
    """Return what an alternative says beyond its title."""
    alt = figure.layout.meta["alt"] if figure.layout.meta else look.describe(figure)
    assert alt == look.describe(figure), "nothing was drawn after it was described, and the same figure says the same"
    return alt


@pytest.mark.parametrize("y, said", [
    ([1, 2, 3, 4], "rises from 1 to 4"),
    ([4, 3, 2, 1], "falls from 4 to 1"),
    ([1, 5, 9, 2], "rises from 1 to 9 at 30, then falls to 2"),
    ([9, 5, 1, 8], "falls from 9 to 1 at 30, then rises to 8"),
    ([2, 2, 2, 2], "stays at about 2"),
    ([0, 10, 9.5, 9], "rises from 0 to 9"),
    ([0, 1, 0.9, 0.88], "rises from 0 to 0.88"),
])
def test_how_a_line_goes(y, said):
    assert course(np.array([10.0, 20, 30, 40]), np.array(y, float)) == said


def test_a_line_that_moves_little_beside_others_stays_and_on_a_logarithmic_axis_it_does_not():
    y = np.array([0.001, 0.01])
    assert course(np.array([1.0, 2]), y, span=5.0) == "stays at about 0.0055"
    assert course(np.array([1.0, 2]), y, span=2.0, scale=np.log10) == "rises from 0.001 to 0.01"


def lines(**named):
    figure = go.Figure()
    for name, y in named.items():
        figure.add_scatter(x=[1, 2, 3, 4], y=y, name=name, mode="lines")
    return figure.update_layout(title_text="T", xaxis_title_text="epoch", yaxis_title_text="loss")


def test_lines_say_who_leads_from_where():
    said = told(lines(one=[5, 3, 2, 1], other=[4, 3.5, 3, 2.5]))
    assert said.startswith("T. A figure of lines. Across, epoch, from 1 to 4. Upwards, loss, from 1 to 5. one: falls from 5 to 1")
    assert said.endswith("The highest: one from 1, then other from 2, 2.5 at the end; the lowest there: one, 1.")
    said = told(lines(up=[2, 3, 4, 5], low=[1, 1, 1, 1]))
    assert said.endswith("The highest: up throughout, 5 at the end; the lowest there: low, 1.")


def test_many_lines_are_summed_up():
    figure = go.Figure([go.Scatter(x=[0, 1], y=[0, n], name=f"trial {n}", mode="lines") for n in range(20)])
    assert "20 lines: they end at 0 to 19, the highest trial 19, the lowest trial 0." in told(figure)
    for trace in figure.data:
        trace.name = "pruned" if trace.y[1] < 5 else "completed"
    assert "pruned: 5 lines, which end at 0 to 4. completed: 15 lines, which end at 5 to 19." in told(figure)


def test_panels_are_told_by_their_titles():
    said = told(viz.plot_history({"accuracy": [0.5, 0.9, 0.95], "val_accuracy": [0.5, 0.8, 0.7], "loss": [1, 0.6, 0.3]}))
    assert said.startswith("The accuracy on validation data is best in epoch 2 of 3. ")
    assert "accuracy, validation: rises from 0.5 to 0.8 at 2, then falls to 0.7." in said
    assert "accuracy, best on validation: one point at 2, 0.8." in said and "loss, training: falls from 1 to 0.3." in said


def test_rows_of_dots_say_their_means_and_who_is_best():
    said = told(viz.plot_spread({"low": [1, 2, 3], "high": [4, 4, 7]}, "T", "x", truth=4))
    assert "means: low 2 (1 to 3), high 5 (4 to 7); the highest is high, the lowest low." in said
    assert said.endswith("measured on 10,000: a line at 4.")


def test_boxes_say_their_middles():
    said = told(viz.plot_spread({"a": np.arange(11), "b": np.arange(20, 31)}, "T", "x"))
    assert "a: 11 values, 0 to 10, the middle one 5." in said
    assert "By their middles: b is the highest, 25, a the lowest, 5." in said


def test_points_say_whether_they_rise_and_how_many_lie_above_a_line():
    frame = pd.DataFrame({"x": [0.1, 0.2, 0.3, 0.4, 0.5], "y": [0.2, 0.25, 0.45, 0.41, 0.4], "kind": "a"})
    said = told(viz.plot_points(frame, "x", "y", "kind", "T", "across", "upwards", equal="as good"))
    assert "a: 5 points, 0.2 to 0.45, the highest at 0.3 across, rising with what stands across, rank correlation 0.6." in said
    assert said.endswith("as good: of 5 points 4 lie above that line.")


def test_named_points_say_which_is_best():
    models = pd.DataFrame({"kB": [1.0, 5.0, 9.0], "accuracy": [0.8, 0.9, 0.7]}, index=["small", "large", "odd"])
    said = told(viz.plot_front(models, "kB", "accuracy", "T", "kB", "accuracy", budget=6))
    assert "worth its price: 2 points, 0.8 to 0.9, large the highest, small the lowest." in said
    assert "costs more, no better: odd at 9, 0.7." in said and said.endswith("the budget: a line at 6.")


def test_bars_in_parts_say_which_whole_is_longest():
    said = told(viz.plot_parts(pd.DataFrame({"compute": [1.0, 1.0], "wait": [3.0, 0.5]}, index=["plain", "fast"]), "T"))
    assert "compute: plain 1, fast 1. wait: plain 3, fast 0.5." in said
    assert said.endswith("All parts together: the most is plain, 4, the least fast, 1.5.")


def test_a_map_says_where_it_is_highest_and_lowest():
    table = pd.DataFrame([[0.1, 0.9], [0.4, 0.2]], pd.Index([8, 16], name="units"), pd.Index([1, 2], name="rate"))
    said = told(viz.plot_map(table, "T"))
    assert said.endswith("Colours, score: the highest is 0.9 at 2 across, 8 upwards, the lowest 0.1 at 1 across, 8 upwards.")


def test_a_confusion_matrix_says_which_class_is_hardest_and_the_commonest_mistake():
    said = told(viz.plot_confusion([0, 0, 1, 1, 2, 2, 2, 2], [0, 0, 1, 0, 2, 2, 2, 0], ["bag", "coat", "shirt"]))
    assert said.startswith("75.0% of the test pictures are right: those on the diagonal. ")
    assert "On the diagonal: the highest is bag, 1, the lowest coat, 0.5." in said
    assert said.endswith("Beside it: the highest is 0.5 at bag across, coat upwards.")


TRIALS = pd.DataFrame({
    "trial": [1, 2, 3], "rate": [1e-4, 1e-2, 1e-1], "kind": ["a", "b", "a"], "score": [0.7, 0.9, 0.8], "direction": "max",
    "status": "COMPLETED"})


@pytest.mark.parametrize("draw", [viz.plot_parallel, viz.plot_still])
def test_parallel_coordinates_say_where_the_best_line_goes_and_the_worst(draw):
    said = told(draw(TRIALS, "T"))
    assert "3 lines. The best: score 0.9, kind b, rate 0.01. The worst: score 0.7, kind a, rate 0.0001." in said
    assert "The best: score 0.7," in told(draw(TRIALS.assign(direction="min"), "T"))


def test_colours_that_mean_groups_say_which_axis_tells_them_apart():
    said = told(px.parallel_coordinates(px.data.iris(), color="species_id"))
    assert "150 lines across 5 axes: sepal_length 4.3 to 7.9," in said
    assert "petal_length tells the 3 colours apart best: 1 to 1.9, 3 to 5.1, 4.5 to 6.9." in said


def test_the_commonest_path_through_categories():
    frame = pd.DataFrame({"kind": ["a", "b", "a", "a"], "size": [1, 2, 1, 3]})
    assert told(px.parallel_categories(frame)).endswith("4 lines across the axes kind, size: most, 2, go through a, 1.")


def test_pictures_are_told_by_what_is_written_above_them():
    said = told(viz.plot_pictures(np.zeros((2, 4, 4)), [0, 1], ["shirt", "bag"]))
    assert said == "One picture of each class. A figure of a map of colours. Written in it, shirt; bag."


def test_what_only_a_function_knows_it_says_itself():
    assert "With the first bit of the exponent flipped, float16 1 becomes inf." in told(viz.plot_flips(1.0, ["float16"]))
    folds = viz.plot_division(5, {"fold 1": {"train": [0, 1, 2], "measure": [3, 4]}}, "T")
    assert told(folds).endswith("fold 1: 3 samples are train, 2 samples are measure.")


def test_no_alternative_ends_where_it_has_said_nothing():
    assert look.describe(go.Figure()) == "An empty figure."
    for figure in (viz.plot_still(TRIALS, "T"), viz.plot_slices(TRIALS, "T"), viz.plot_matrix(TRIALS, "T")):
        assert not told(figure).endswith("A figure of lines or points.") and told(figure)[-1] == "." and ": " in told(figure)
