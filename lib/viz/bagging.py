"""Bagging: which rows each member has drawn, and what an error is made of."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib.viz.look import BLUE, ORANGE, SKY, VERMILION, layout

# --- which rows each member has drawn


def bags_data(rows, n):
    """Count how often each member has drawn each row.

    Args:
        rows: the rows drawn, int in [0, n), shape (n_models, size).
        n: rows there are to draw from.

    Returns:
        Int array, shape (n_models, n); 0 is out of bag.
    """
    return np.stack([np.bincount(drawn, minlength=n) for drawn in np.asarray(rows)])


def plot_bags(rows, n, title):
    """Draw a row of fields for each member, coloured by how often a row was drawn; see `bags_data`."""
    counts = bags_data(rows, n)
    names = [f"member {number}" for number in range(1, len(counts) + 1)]
    # What was never drawn is the page itself, light or dark.
    steps = ["rgba(0,0,0,0)", SKY, BLUE, VERMILION]
    scale = [[end, colour] for place, colour in enumerate(steps) for end in (place / 4, (place + 1) / 4)]
    bar = {"title": "times<br>drawn", "thickness": 14, "tickvals": [0, 1, 2, 3], "ticktext": ["0", "1", "2", "3+"]}
    heat = go.Heatmap(
        z=counts.clip(max=3), x=np.arange(n), y=names, colorscale=scale, zmin=-0.5, zmax=3.5, xgap=1, ygap=2,
        colorbar=bar, customdata=counts, hovertemplate="%{y}, row %{x}: drawn %{customdata} times<extra></extra>",
    )
    figure = go.Figure(heat)
    figure.update_xaxes(title_text="row of the training data", showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return layout(figure, title, 150 + 28 * len(counts))


# --- what an error is made of


def decomposition_data(predictions, y):
    """Split a mean squared error over many training sets into what stays on average, and variance.

    Args:
        predictions: one prediction for each training set, float, shape (n_sets, n_samples); n_sets of 2 or more.
        y: the truth, float, shape (n_samples,). It is noisy, so its noise is part of the first share.

    Returns:
        A dict of floats: "bias² and noise", the squared error of the sets' mean prediction, and "variance", the mean
        squared distance from that mean. They add up to the mean squared error. (Of few sets the mean itself varies:
        the variance is too small by a factor of 1 - 1/n_sets, and the other share too large by as much.)
    """
    predictions = np.asarray(predictions, float)
    centre = predictions.mean(axis=0)
    return {
        "bias² and noise": float(np.mean((centre - np.asarray(y, float)) ** 2)),
        "variance": float(np.mean((predictions - centre) ** 2)),
    }


def plot_decomposition(parts, title, x_title):
    """Draw a stacked bar for each line-up.

    Args:
        parts: dict from a line-up's name to its shares, as of `decomposition_data`.
        title, x_title: texts of the figure.
    """
    table = pd.DataFrame(parts).T
    figure = go.Figure()
    for share, colour, shape in zip(table, (BLUE, ORANGE), ("", "/"), strict=False):
        figure.add_bar(
            y=table.index, x=table[share], name=share, orientation="h", hovertemplate="%{y}: %{x:.4g}<extra>" + share + "</extra>",
            marker={"color": colour, "pattern_shape": shape},
        )
    figure.update_xaxes(title_text=x_title).update_yaxes(autorange="reversed", showgrid=False)
    look = {"legend": {"y": 1, "traceorder": "normal"}, "margin": {"t": 80}}
    return layout(figure, title, 150 + 42 * len(table), barmode="stack", **look)
