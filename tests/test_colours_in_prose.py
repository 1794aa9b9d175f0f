"""What prose calls red, green, blue, orange or grey in a picture has that colour in a figure near by."""

import colorsys
import json
import re

import pytest
from kit.figures import PLOTLY, figures
from kit.notebooks import read, source
from plotly.colors import hex_to_rgb

NAMED = re.compile(r"\b(red|green|blue|orange|gr[ea]y)\b(?! pictures?\b)", re.I)  # those of Fashion-MNIST are grey themselves
DRAWN = re.compile(r"#[0-9a-fA-F]{6}\b|rgba?\([\d., ]+\)")
HUES = {"red": (340, 15), "orange": (15, 45), "green": (90, 175), "blue": (195, 250)}  # degrees on the wheel of colours
BEFORE, AFTER = 1, 2  # figures that a sentence may speak of
OTHERS = {"14_tensorboard_hparams page-picture"}  # pictures that are no figures: what is seen there is looked at by eye


def name_of(colour):
    """Return what one calls a colour, "" for others than `NAMED` knows."""
    rgb = hex_to_rgb(colour) if colour.startswith("#") else [float(part) for part in re.findall(r"[\d.]+", colour)[:3]]
    hue, _, strength = colorsys.rgb_to_hsv(*(part / 255 for part in rgb))
    if colorsys.rgb_to_hsv(*rgb)[1] < 0.1:
        return "grey" if 0.2 < strength < 0.9 else ""
    hue *= 360
    return next((name for name, (low, high) in HUES.items() if (hue - low) % 360 < (high - low) % 360), "")


def colours(figure):
    """Return the names of the colours that a figure's traces, frames, shapes and notes have; its grid and axes do not count."""
    marks = [figure["data"], figure.get("frames", []), *(figure["layout"].get(part, []) for part in ("shapes", "annotations"))]
    scale = figure["layout"].get("coloraxis", {})
    return {name_of(colour) for colour in DRAWN.findall(json.dumps([marks, scale]))}


def unseen(document, name=""):
    """List the words for colours, with their cells, that no figure near by has."""
    drawn = [(place, colours(each)) for place, cell in enumerate(document["cells"]) for each in figures(cell.get("outputs", []))]
    wrong = []
    for place, cell in enumerate(document["cells"]):
        if cell["cell_type"] != "markdown" or f"{name} {cell['id']}" in OTHERS:
            continue
        before = [found for at, found in drawn if at < place][-BEFORE:]
        near = set().union(*before, *[found for at, found in drawn if at > place][:AFTER])
        words = {word.lower().replace("gray", "grey") for word in NAMED.findall(source(cell))}
        wrong += [f"{cell['id']}: {word}" for word in sorted(words - near)]
    return wrong


def test_every_colour_in_prose_is_drawn(notebook):
    assert not unseen(read(notebook), notebook.stem)


@pytest.mark.parametrize(("prose", "colour", "seen"), [
    ("The red line stays.", "#d31a3b", True), ("The red line stays.", "#00a67d", False),
    ("Grey lines end.", "#767676", True), ("The grey lines end.", "#205bf1", False),
    ("The orange part.", "#f46600", True), ("The blue part.", "rgb(32, 91, 241)", True),
    ("The green curve.", "#00a67d", True), ("A grey picture.", "#205bf1", True), ("It is reduced.", "#205bf1", True),
])
def test_a_colour_that_is_not_drawn_is_seen(prose, colour, seen):
    figure = {"data": [{"line": {"color": colour}}], "layout": {"xaxis": {"linecolor": "#767676"}}}
    cells = [{"cell_type": "code", "id": "a", "source": "", "outputs": [{"data": {PLOTLY: figure}}]},
             {"cell_type": "markdown", "id": "b", "source": prose}]
    assert bool(unseen({"cells": cells})) != seen
