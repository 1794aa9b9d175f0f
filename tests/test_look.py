"""The one look by numbers: contrast on white and on black, colours that stay apart, scales, ticks, room for words."""

import json
from itertools import combinations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from plotly.colors import hex_to_rgb
from plotly.subplots import make_subplots

from lib import viz
from lib.runner.page import STATIC, plotly_div
from lib.viz import look

WHITE, DARK, GREY_DARK = (255, 255, 255), (17, 17, 17), (30, 30, 30)  # a page, ours and JupyterLab's dark one, VS Code's
OKABE_ITO = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9")


def linear(colour):
    share = np.asarray(colour, float) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """Return the contrast of two colours, as WCAG 2.2 defines it."""
    high, low = sorted((linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def turned(colour):
    """Return a colour as the style sheet turns it over on a dark page: invert(1) hue-rotate(180deg), as CSS defines them."""
    rotated = [[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]]
    return np.clip(np.array(rotated) @ (255 - np.asarray(colour, float)), 0, 255)


# What people see who lack one kind of cones: Machado, Oliveira and Fernandes, 2009, at full severity, on linear light.
EYES = {
    "all cones": np.eye(3),
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}


def oklab(light):
    """Return colours of linear light in Ottosson's Oklab (2020), in which distances are about as large as they look."""
    cones = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                      [0.0883024619, 0.2817188376, 0.6299787005]])
    opponents = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                          [0.0259040371, 0.7827717662, -0.8086757660]])
    return np.cbrt(np.clip(light, 0, None) @ cones.T) @ opponents.T


def nearest(colours, eyes):
    """Return how far apart the two most alike of some colours are."""
    seen = oklab(np.clip(linear([hex_to_rgb(colour) for colour in colours]) @ np.array(EYES[eyes]).T, 0, 1))
    return min(np.linalg.norm(one - other) for one, other in combinations(seen, 2))


@pytest.mark.parametrize("colour", look.COLOURS)
def test_every_mark_stands_out_on_white_and_on_black(colour):
    assert all(contrast(hex_to_rgb(colour), page) >= 3 for page in (WHITE, DARK, GREY_DARK))


@pytest.mark.parametrize("eyes", ["no green", "no red"])
def test_colours_stay_apart_for_whoever_sees_no_red_or_no_green(eyes):
    assert nearest(look.COLOURS, eyes) >= nearest(OKABE_ITO, eyes)


def test_words_stand_out_on_white_and_lines_to_compare_with_on_black_too():
    grey = hex_to_rgb(look.GREY)
    assert contrast(grey, WHITE) >= 4.5 and contrast(grey, DARK) >= 3 and contrast(grey, GREY_DARK) >= 3


@pytest.mark.parametrize("scale", [look.GOOD, look.TIME])
def test_a_scale_grows_stronger_from_end_to_end_by_day_and_by_night(scale):
    colours = [hex_to_rgb(colour) for _, colour in scale]
    by_day = [contrast(colour, WHITE) for colour in colours]
    by_night = [contrast(turned(colour), DARK) for colour in colours]
    assert by_day == sorted(by_day) and by_night == sorted(by_night)
    assert min(by_day[-1], by_night[-1]) >= 4.5 and max(by_day[0], by_night[0]) < 1.6


@pytest.mark.parametrize("scale", [look.FIELD, look.AGAINST])
def test_numbers_in_black_can_be_read_on_every_field_of_a_map(scale):
    for _, colour in scale:
        assert contrast(hex_to_rgb(colour), (0, 0, 0)) >= 4.5 and contrast(turned(hex_to_rgb(colour)), WHITE) >= 4.5


def test_how_a_trial_ended_is_told_by_strength_and_by_hue():
    completed, pruned, failed = (hex_to_rgb(look.ENDS[end]) for end in ("completed", "pruned", "failed"))
    assert len(set(pruned)) == 1, "grey"
    assert contrast(completed, WHITE) > contrast(pruned, WHITE)
    assert nearest([look.BLUE, look.GREY, look.VERMILION], "no red") > 0.1
    assert failed[0] > failed[2] and completed[2] > completed[0]


# --- words and ticks


LONG = "A title that says the finding at such a length that no phone in the world could show it on a line"


def bare(title, **settings):
    return viz.layout(go.Figure(go.Scatter(y=[1, 2])), title, 300, **settings)


def test_a_long_title_has_several_lines_and_room_for_them():
    short, long = bare("Short"), bare(LONG)
    lines = long.layout.title.text.split("<br>")
    assert len(lines) == 2 and all(len(line) * look.LETTER <= look.NARROW for line in lines)
    more = look.LINE
    assert long.layout.height - short.layout.height == more == long.layout.margin.t - short.layout.margin.t
    assert long.layout.meta["alt"].startswith("A title that says the finding at such a length that no phone")


def test_the_legend_stands_between_title_and_drawing_or_below_panels():
    alone = bare("One")
    assert alone.layout.legend.yanchor == "top" and alone.layout.legend.y == pytest.approx(1 - 41 / 300)
    panels = make_subplots(1, 2, subplot_titles=["left", "a name that is too long for its half of a phone"])
    panels.add_scatter(y=[1], row=1, col=1)
    panels = viz.layout(panels, "Two", 300)
    assert panels.layout.legend.y == 0 and panels.layout.legend.yanchor == "bottom"
    assert panels.layout.annotations[1].text.count("<br>") == 1
    assert panels.layout.margin.t == 20 + look.LINE + 2 * look.PANEL[0] + 8


def test_a_figure_that_is_laid_out_again_has_one_title_and_as_much_room():
    figure = bare(LONG)
    again = viz.layout(figure, "Short", 300)
    assert again.layout.height == 300 and again.layout.title.text == "Short"
    assert again.layout.meta["alt"].startswith("Short. ") and "finding" not in again.layout.meta["alt"]


def test_ticks_stand_where_something_was_tried():
    assert look.ticks_at([128, 32, 64, 32])["ticktext"] == ["32", "64", "128"]
    assert look.ticks_at([1, 2, 3, 4])["tickvals"] == [1, 2, 3, 4]
    assert "tickvals" not in look.ticks_at(np.linspace(0, 1, 40)) and "tickvals" not in look.ticks_at([0, 1, 1000])
    assert look.ticks_at([1, 1.5])["ticktext"] == ["1", "1.5"] and look.ticks_at([]) == {"tickformat": ",.6~g"}


def test_a_count_is_written_out_and_a_power_only_where_it_is_needed():
    assert [look.in_words(value) for value in (0.0001, 0.5, 1, 2000, 100_000, 1_000_000)] == [
        "0.0001", "0.5", "1", "2,000", "100,000", "1,000,000"]
    assert look.in_words(1e-7) == "10<sup>−7</sup>" and look.in_words(2e8) == "2 × 10<sup>8</sup>"
    assert look.log_ticks([100, 500, 2500])["ticktext"] == ["100", "500", "2,500"]
    many = look.log_ticks(np.geomspace(1e-12, 1e7, 65))
    assert len(many["tickvals"]) <= 9 and all(value > 0 for value in many["tickvals"])
    assert look.log_ticks([0, -1]) == {}


# --- the pages' part of it


SHEETS = [STATIC / "site.css", STATIC.parent / "labconfig" / "custom" / "custom.css"]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_our_style_sheets_know_the_grey_of_words_and_turn_scales_over_in_the_dark(sheet):
    style = sheet.read_text(encoding="utf-8")
    grey = ", ".join(map(str, hex_to_rgb(look.GREY)))
    assert f'[style*="fill: rgb({grey})"]' in style and "invert(1) hue-rotate(180deg)" in style


def test_a_figure_says_how_wide_it_has_to_be():
    models = pd.DataFrame({"kB": [1.0, 5.0], "accuracy": [0.8, 0.9]}, index=["one", "two"])
    drawn = json.loads(viz.plot_front(models, "kB", "accuracy", "T", "kB", "accuracy").to_json())
    assert f"min-width: {drawn['layout']['meta']['room']}px" in plotly_div(drawn, "figure-1")
    assert "min-width" not in plotly_div({"layout": {"meta": {"room": "1px; color: red"}}}, "figure-1")
