"""Lighter models: what pruning does to weights, and what accuracy costs, family by family."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib.viz.ensembles import price_data
from lib.viz.look import GREY, TEMPLATE, VERMILION, layout

# --- weights before and after


def weights_data(kernels, bins=61):
    """Count the weights of several kernels in bins that they share; zeros are counted apart.

    Args:
        kernels: dict from a name to a float array of any shape.
        bins: int, bins from the smallest weight of all to the largest.

    Returns:
        A DataFrame with the columns kernel, weight (the middle of a bin), count (int, without zeros) and zeros (the
        share of that kernel's weights that are exactly 0).
    """
    flat = {name: np.asarray(kernel, float).ravel() for name, kernel in kernels.items()}
    everything = np.concatenate(list(flat.values()))
    edges = np.linspace(everything.min(), everything.max(), bins + 1)
    parts = []
    for name, weights in flat.items():
        counts, _ = np.histogram(weights[weights != 0], edges)
        columns = {"kernel": name, "weight": (edges[:-1] + edges[1:]) / 2, "count": counts, "zeros": np.mean(weights == 0)}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def plot_weights(kernels, title, bins=61):
    """Draw the weights of several kernels as outlines of histograms, the zeros in the legend; see `weights_data`."""
    figure = go.Figure()
    for number, (name, part) in enumerate(weights_data(kernels, bins).groupby("kernel", sort=False)):
        line = {"shape": "hvh", "color": TEMPLATE.layout.colorway[number % 6], "dash": ("solid", "dash", "dot")[number % 3]}
        figure.add_scatter(
            x=part.weight, y=part["count"], mode="lines", line=line, fill="tozeroy" if number == 0 else None,
            name=f"{name}: {part.zeros.iloc[0]:.0%} are exactly 0",
            hovertemplate="%{x:.3f}: %{y} weights<extra>" + name + "</extra>",
        )
    figure.update_xaxes(title_text="weight (those that are 0 are left out)").update_yaxes(title_text="weights in a bin")
    return layout(figure, title, 380)


# --- what accuracy costs, and who is worth it

PLACES = {  # where a name may stand: how far its middle lies from the point, in its own widths and heights
    "middle right": (0.5, 0.0), "middle left": (-0.5, 0.0), "top center": (0.0, 1.1), "bottom center": (0.0, -1.1),
    "top right": (0.5, 0.9), "bottom right": (0.5, -0.9), "top left": (-0.5, 0.9), "bottom left": (-0.5, -0.9),
}


def places_data(x, y, names, front=(), width=820, height=330):
    """Find for each point a place beside it for its name, so that names cover neither each other nor points.

    Args:
        x, y: float, shape (n,), in units in which the axes are linear.
        names: n str.
        front: numbers of the points that a step line joins, from left to right; names keep off it too.
        width, height: of the drawing in pixels.

    Returns:
        A list of n keys of `PLACES`, as plotly's textposition takes them.
    """
    x, y = (_share(np.asarray(values, float)) * pixels for values, pixels in ((x, width), (y, height)))
    boxes, chosen = [(px, py, 14.0, 14.0) for px, py in zip(x, y, strict=True)], []
    boxes += _steps(x[list(front)], y[list(front)])
    for px, py, name in zip(x, y, names, strict=True):
        wide, high = 7.0 * len(name) + 10, 16.0
        options = {place: (px + dx * (wide + 16), py + dy * high, wide, high) for place, (dx, dy) in PLACES.items()}
        best = min(options, key=lambda place: _covered(options[place], boxes, width))
        chosen.append(best)
        boxes.append(options[best])
    return chosen


def _steps(x, y):
    """Return thin boxes along a line that goes right first and then upwards."""
    flat = [((a + b) / 2, h, b - a, 4.0) for a, b, h in zip(x, x[1:], y, strict=False)]
    steep = [(right, (a + b) / 2, 4.0, abs(b - a)) for right, a, b in zip(x[1:], y, y[1:], strict=False)]
    return flat + steep


def _share(values):
    span = np.ptp(values)
    return (values - values.min()) / span if span else np.zeros(len(values))


def _covered(box, others, width):
    """Add up the area of a box (middle x, middle y, width, height) that others cover, or that leaves the drawing."""
    bx, by, wide, high = box
    area = 0.0
    for ox, oy, other_wide, other_high in others:
        across = min(bx + wide / 2, ox + other_wide / 2) - max(bx - wide / 2, ox - other_wide / 2)
        upwards = min(by + high / 2, oy + other_high / 2) - max(by - high / 2, oy - other_high / 2)
        area += max(0.0, across) * max(0.0, upwards)
    out = max(0.0, -60 - (bx - wide / 2)) + max(0.0, bx + wide / 2 - width - 60)
    return area + out * high


def plot_front(table, cost, gain, kind, title, cost_title, gain_title, budget=None):
    """Draw what each model gives over what it costs, on a logarithmic axis, and a step line along the front.

    Args:
        table: DataFrame, one row a model, its name in the index.
        cost, gain, kind: names of columns: lower is better, higher is better, and what colours the points.
        title, cost_title, gain_title: texts of the figure.
        budget: float, a cost to draw as a line; or None.
    """
    kinds = list(dict.fromkeys(table[kind]))  # before the table is sorted by this cost: a kind keeps its colour
    table = price_data(table, cost, gain)
    places = places_data(np.log10(table[cost]), table[gain], table.index, np.flatnonzero(table.worth))
    table = table.assign(place=places)
    figure, front = go.Figure(), table[table.worth]
    figure.add_scatter(
        x=front[cost], y=front[gain], mode="lines", name="the front", hoverinfo="skip",
        line={"color": GREY, "shape": "hv", "dash": "dot"},
    )
    shapes = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")
    for number, name in enumerate(kinds):
        part = table[table[kind] == name]
        marker = {"size": 11, "symbol": shapes[number % 7], "color": TEMPLATE.layout.colorway[number % 6]}
        figure.add_scatter(
            x=part[cost], y=part[gain], mode="markers+text", text=part.index, textposition=list(part.place), name=str(name),
            marker=marker, hovertemplate="%{text}: %{x:.4g}, %{y:.4f}<extra></extra>",
        )
    if budget is not None:
        figure.add_vline(x=budget, line={"color": VERMILION, "dash": "dash"})
    ends = np.log10([table[cost].min(), table[cost].max()])
    room = max(0.1, 0.08 * np.ptp(ends))  # for the names at both ends
    figure.update_xaxes(title_text=cost_title, type="log", range=[ends[0] - room, ends[1] + room])
    figure.update_yaxes(title_text=gain_title)
    return layout(figure, title, 480)
