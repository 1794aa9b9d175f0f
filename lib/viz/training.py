"""One training and several: curves, their spread over seeds, where the seconds go."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib.viz.look import BLUE, ORANGE, TEMPLATE, VERMILION, layout

# --- where the seconds of a trial go


def plot_parts(parts, title):
    """Draw how the whole of each row divides into parts, as stacked horizontal bars.

    Args:
        parts: DataFrame of seconds, one row a bar (the index names it), one column a part.
        title: the figure's title.
    """
    figure = go.Figure()
    for part in parts.columns:
        figure.add_bar(
            y=parts.index,
            x=parts[part],
            name=part,
            orientation="h",
            hovertemplate="%{x:.2f} s<extra>" + part + "</extra>",
        )
    figure.update_layout(barmode="stack").update_xaxes(title_text="seconds").update_yaxes(autorange="reversed")
    return layout(figure, title, 170 + 55 * len(parts), legend_traceorder="normal")


# --- one training


def history_data(history):
    """Turn what `fit` returns into one long table.

    Args:
        history: dict from metric to its values, one an epoch, as `History.history`; "val_" marks validation.

    Returns:
        A DataFrame with epoch (int from 1), metric, part ("training" or "validation") and value.
    """
    rows = []
    for name, values in history.items():
        part = "validation" if name.startswith("val_") else "training"
        rows += [(epoch, name.removeprefix("val_"), part, value) for epoch, value in enumerate(values, start=1)]
    return pd.DataFrame(rows, columns=["epoch", "metric", "part", "value"])


def plot_history(history, metrics=("accuracy", "loss")):
    """Draw a learning curve: each metric over the epochs, on training and on validation data; see `history_data`."""
    table = history_data(history)
    figure = make_subplots(1, len(metrics), subplot_titles=metrics, horizontal_spacing=0.1)
    for column, metric in enumerate(metrics, start=1):
        for part, colour in (("training", BLUE), ("validation", ORANGE)):
            points = table[(table.metric == metric) & (table.part == part)]
            if len(points):
                figure.add_scatter(
                    x=points.epoch, y=points.value, name=part, mode="lines+markers", line_color=colour,
                    legendgroup=part, showlegend=column == 1, row=1, col=column,
                )
    figure.update_xaxes(title_text="epoch")
    return layout(figure, "Learning curve", 380, legend={"x": 1, "xanchor": "right", "y": 1.12})


# --- several runs of several kinds


def curves_data(frame, x, y, kind):
    """Summarise the runs of each kind at each point.

    Args:
        frame: DataFrame with the columns named by the other arguments, one row a point of a run.
        x, y, kind: names of columns.

    Returns:
        A DataFrame: kind, x (under their own names), median, low, high (over the runs).
    """
    groups = frame.groupby([kind, x], sort=False)[y]
    return groups.agg(median="median", low="min", high="max").reset_index()


def plot_curves(frame, x, y, kind, title, log_x=False, log_y=False):
    """Draw the median of each kind's runs as a line, in a band from the lowest to the highest; see `curves_data`."""
    table = curves_data(frame, x, y, kind)
    figure = go.Figure()
    for number, (name, part) in enumerate(table.groupby(kind, sort=False)):
        colour = TEMPLATE.layout.colorway[number % 6]
        if (part.high > part.low).any():
            figure.add_scatter(
                x=[*part[x], *part[x][::-1]], y=[*part.high, *part.low[::-1]], fill="toself", fillcolor=colour,
                opacity=0.2, line_width=0, mode="lines", hoverinfo="skip", legendgroup=name, showlegend=False,
            )
        dash = ("solid", "dash", "dot")[number % 3]  # lines that lie on each other stay visible
        line = {"color": colour, "dash": dash}
        figure.add_scatter(x=part[x], y=part["median"], mode="lines", name=name, legendgroup=name, line=line)
    figure.update_xaxes(title_text=x, type="log" if log_x else "linear")
    figure.update_yaxes(title_text=y, type="log" if log_y else "linear")
    figure.update_xaxes(exponentformat="power").update_yaxes(exponentformat="power")
    return layout(figure, title, 380)


# --- curves over many runs


def bands_data(x, curves):
    """Sum up curves of many runs: the mean, and the range that eight in ten of them keep to.

    Args:
        x: where the curves are measured, shape (points,).
        curves: dict from a line's name to its values, shape (runs, points).

    Returns:
        A DataFrame with line, x, mean, low (10th percentile) and high (90th), one row for each line and point.
    """
    tables = []
    for name, values in curves.items():
        low, high = np.quantile(values, [0.1, 0.9], axis=0)
        tables.append(pd.DataFrame({"line": name, "x": x, "mean": np.mean(values, axis=0), "low": low, "high": high}))
    return pd.concat(tables, ignore_index=True)


def plot_bands(table, title, x_title, y_title, log_x=False):
    """Draw the mean of each line, and a pale band for where eight in ten runs lie; see `bands_data`."""
    figure = go.Figure()
    for (name, line), colour in zip(table.groupby("line", sort=False), TEMPLATE.layout.colorway, strict=False):
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        figure.add_scatter(
            x=[*line.x, *line.x[::-1]], y=[*line.high, *line.low[::-1]], fill="toself", mode="lines", line_width=0,
            fillcolor=f"rgba({red},{green},{blue},0.15)", hoverinfo="skip", showlegend=False, legendgroup=name,
        )
        figure.add_scatter(
            x=line.x, y=line["mean"], name=name, mode="lines+markers", line_color=colour, legendgroup=name,
            hovertemplate="%{y:.3f}<extra>" + name + "</extra>",
        )
    figure.update_xaxes(title_text=x_title).update_yaxes(title_text=y_title)
    if log_x:
        ticks = sorted(set(table.x))
        figure.update_xaxes(type="log", tickvals=ticks, ticktext=[f"{x:g}" for x in ticks])
    return layout(figure, title, 420)


# --- the spread of repeated measurements


def spread_data(scores):
    """Sum up repeated measurements of one thing.

    Args:
        scores: dict from a way of measuring to its scores, shape (n,); ways may differ in n.

    Returns:
        A DataFrame, a row for each way: n, mean, sd (with n - 1), lowest and highest.
    """
    rows = {
        name: (len(s), np.mean(s), np.std(s, ddof=1), np.min(s), np.max(s)) for name, s in scores.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["n", "mean", "sd", "lowest", "highest"])


def plot_spread(scores, title, x_title, truth=None):
    """Draw every measurement as a dot beside a box, a row for each way of measuring, and the truth as a line."""
    figure = go.Figure()
    for name, values in scores.items():
        figure.add_box(
            x=values, name=name, boxpoints="all", jitter=0.6, pointpos=0, marker={"size": 6, "opacity": 0.75},
            fillcolor="rgba(125,125,125,0.12)", hovertemplate="%{x:.3f}<extra>" + name + "</extra>",
        )
    if truth is not None:
        figure.add_vline(x=truth, line={"color": VERMILION, "dash": "dash"})
        figure.add_annotation(
            x=truth, y=1, yref="paper", yanchor="bottom", text="measured on 10,000", showarrow=False,
            font={"color": VERMILION},
        )
    figure.update_xaxes(title_text=x_title).update_yaxes(autorange="reversed", showgrid=False)
    return layout(figure, title, 170 + 90 * len(scores), showlegend=False)
