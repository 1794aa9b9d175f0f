"""Boosting: the pictures that weigh most and least, and a prediction that grows round by round."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib.viz.look import GREY, TEMPLATE, layout
from lib.viz.pictures import two_rows

# --- pictures and their weights


def heavy_data(weights, n):
    """Find the samples of the largest and of the smallest weight.

    Args:
        weights: of the samples, float, shape (n_samples,).
        n: how many of either; at most half of the samples.

    Returns:
        A DataFrame with 2n rows: row (of the samples), end ("heavy" or "light"), and times (float, the weight as a
        multiple of the mean weight); the heaviest first, then the lightest, lightest first.
    """
    weights = np.asarray(weights, float)
    order = np.argsort(weights, kind="stable")
    rows = np.concatenate([order[::-1][:n], order[:n]])
    ends = ["heavy"] * n + ["light"] * n
    return pd.DataFrame({"row": rows, "end": ends, "times": weights[rows] / weights.mean()})


def plot_heavy(x, weights, names, n=8, title="The heaviest pictures, and below them the lightest"):
    """Draw the n heaviest pictures above the n lightest, under their names and weights; see `heavy_data`.

    Args:
        x: pictures in [0, 1], shape (n_samples, height, width).
        weights: of the pictures, float, shape (n_samples,).
        names: of the pictures, n_samples str.
        n: how many of either.
        title: the figure's title.
    """
    table = heavy_data(weights, n)
    texts = [f"{names[row]}<br>weight × {times:.3g}" for row, times in zip(table.row, table.times, strict=True)]
    dots = np.round(255 * x[table.row]).astype(np.uint8)
    figure = two_rows(dots, texts, horizontal_spacing=0.012, vertical_spacing=0.2).update_annotations(font_size=10)
    return layout(figure, title, 380, margin={"l": 0, "r": 0, "t": 90, "b": 0})


# --- a prediction that grows


def stages_data(x, staged, rounds):
    """Take the predictions after some of the rounds as curves, from left to right.

    Args:
        x: one number for each sample, shape (n_samples,).
        staged: predictions after 0, 1, ... rounds, float, shape (rounds + 1, n_samples).
        rounds: the rounds to show, int.

    Returns:
        A DataFrame with rounds, x and y, sorted by x within each round.
    """
    order = np.argsort(x, kind="stable")
    parts = [pd.DataFrame({"rounds": r, "x": np.asarray(x)[order], "y": np.asarray(staged[r])[order]}) for r in rounds]
    return pd.concat(parts, ignore_index=True)


def plot_stages(x, y, staged, rounds, title, x_title, y_title):
    """Draw the samples as points, and the prediction after some of the rounds as curves; see `stages_data`."""
    figure = go.Figure()
    figure.add_scatter(
        x=x, y=y, mode="markers", name="data", marker={"color": GREY, "size": 5, "opacity": 0.4}, hoverinfo="skip"
    )
    dashes = ("dot", "dash", "dashdot", "solid", "longdash", "solid")
    for number, (count, line) in enumerate(stages_data(x, staged, rounds).groupby("rounds", sort=False)):
        look = {"color": TEMPLATE.layout.colorway[number % 6], "dash": dashes[number % 6], "width": 3}
        name = f"{count} round" if count == 1 else f"{count} rounds"
        figure.add_scatter(
            x=line.x, y=line.y, mode="lines", name=name, line=look, hovertemplate="%{x:.3g}: %{y:.3g}<extra>" + name + "</extra>"
        )
    figure.update_xaxes(title_text=x_title).update_yaxes(title_text=y_title)
    return layout(figure, title, 420)
