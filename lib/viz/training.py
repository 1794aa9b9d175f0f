"""Training: where the seconds go, curves over epochs and over many runs, the spread of repeated runs, weights."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib import arrays
from lib.viz.look import BLUE, ORANGE, VERMILION, add_band, drawable, layout, name_once, style

# --- wholes and their parts


def plot_parts(parts, title, x_title="seconds"):
    """Draw how the whole of each row divides into parts, as stacked horizontal bars.

    Args:
        parts: DataFrame, one row a bar (the index names it), one column a part, in the unit of x_title.
        title, x_title: texts of the figure.
    """
    drawable(parts, "the table has no rows")
    figure = go.Figure()
    for number, part in enumerate(parts):
        figure.add_bar(
            y=parts.index, x=parts[part], name=part, orientation="h", marker_pattern_shape=("", "/", ".")[number % 3],
            hovertemplate="%{y}: %{x:.4g}<extra>" + part + "</extra>",
        )
    figure.update_layout(barmode="stack").update_xaxes(title_text=x_title)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return layout(figure, title, 160 + 45 * len(parts), legend_traceorder="normal")


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
    """Draw a learning curve: each metric over the epochs, on training and on validation data.

    Args:
        history: as for `history_data`.
        metrics: those to draw, a panel each.
    """
    table = history_data(history)
    there = ", ".join(table.metric.unique())
    drawable(table[table.metric.isin(metrics)], f"the history has none of {', '.join(metrics)}; it has {there}")
    figure = make_subplots(1, len(metrics), subplot_titles=metrics, horizontal_spacing=0.1)
    colours = {"training": BLUE, "validation": ORANGE}
    for (metric, part), points in table[table.metric.isin(metrics)].groupby(["metric", "part"]):
        figure.add_scatter(
            x=points.epoch, y=points.value, name=part, mode="lines+markers", line_color=colours[part],
            row=1, col=list(metrics).index(metric) + 1,
        )
    figure.update_xaxes(title_text="epoch")
    return layout(name_once(figure), "Learning curve", 380, legend={"x": 1, "xanchor": "right", "y": 1.12})


# --- several runs of several kinds


def curves_data(frame, x, y, kind):
    """Summarise the runs of each kind at each point.

    Args:
        frame: DataFrame with the columns named by the other arguments, one row a point of a run.
        x, y, kind: names of columns.

    Returns:
        A DataFrame: kind, x (under their own names), median, low, high (over the runs).
    """
    drawable(frame, "the table has no rows")
    groups = frame.groupby([kind, x], sort=False, dropna=False)[y]
    return groups.agg(median="median", low="min", high="max").reset_index()


def plot_curves(frame, x, y, kind, title, log_x=False, log_y=False):
    """Draw the median of each kind's runs as a line, in a band from the lowest to the highest.

    Args:
        frame, x, y, kind: as for `curves_data`.
        title: the figure's title.
        log_x, log_y: whether an axis is logarithmic.
    """
    table = curves_data(frame, x, y, kind)
    figure = go.Figure()
    for number, (name, part) in enumerate(table.groupby(kind, sort=False, dropna=False)):
        _add_curve(figure, number, name, part[x], part["median"], part.low, part.high, mode="lines")
    figure.update_xaxes(title_text=x, type="log" if log_x else "linear")
    figure.update_yaxes(title_text=y, type="log" if log_y else "linear")
    figure.update_xaxes(exponentformat="power").update_yaxes(exponentformat="power")
    return layout(figure, title, 380)


def bands_data(x, curves):
    """Sum up curves of many runs: the mean, and the range that eight in ten of them keep to.

    Args:
        x: where the curves are measured, shape (points,).
        curves: dict from a line's name to its values, shape (runs, points).

    Returns:
        A DataFrame with line, x, mean, low (10th percentile) and high (90th), one row for each line and point.

    Raises:
        CourseError: there are no curves, or one of another shape, or with what is no number.
    """
    drawable(curves, "there are no curves")
    tables = []
    for name, values in curves.items():
        shape = arrays.numbers(str(name), values, finite=False).shape
        if len(shape) != 2 or shape[1] != len(x) or not shape[0]:
            raise arrays.refused(str(name), f"shape {shape}", f"(runs, {len(x)}), as x has points")
        low, high = np.quantile(values, [0.1, 0.9], axis=0)
        tables.append(pd.DataFrame({"line": name, "x": x, "mean": np.mean(values, axis=0), "low": low, "high": high}))
    return pd.concat(tables, ignore_index=True)


def plot_bands(table, title, x_title, y_title, log_x=False):
    """Draw the mean of each line, and a pale band for where eight in ten runs lie.

    Args:
        table: DataFrame of `bands_data`, or of those of its rows that are worth a look.
        title, x_title, y_title: texts of the figure.
        log_x: bool, whether the lower axis is logarithmic, with a tick at each x.
    """
    figure = go.Figure()
    for number, (name, line) in enumerate(table.groupby("line", sort=False)):
        hover = "%{y:.3f}<extra>" + name + "</extra>"
        _add_curve(
            figure, number, name, line.x, line["mean"], line.low, line.high, mode="lines+markers", hovertemplate=hover
        )
    figure.update_xaxes(title_text=x_title).update_yaxes(title_text=y_title)
    if log_x:
        ticks = sorted(set(table.x))
        figure.update_xaxes(type="log", tickvals=ticks, ticktext=[f"{x:g}" for x in ticks])
    return layout(figure, title, 420)


def _add_curve(figure, number, name, x, middle, low, high, **settings):
    """Add a line of its own colour and dash, since lines may lie on each other, in the band that its runs keep to."""
    colour, dash, _ = style(number)
    if (high > low).any():
        add_band(figure, x, low, high, colour, legendgroup=name)
    figure.add_scatter(x=x, y=middle, name=name, legendgroup=name, line={"color": colour, "dash": dash}, **settings)


# --- the spread of repeated measurements


def spread_data(scores):
    """Sum up repeated measurements of one thing.

    Args:
        scores: dict from a way of measuring to its scores, shape (n,); ways may differ in n.

    Returns:
        A DataFrame, a row for each way: n, mean, sd (with n - 1), lowest and highest.
    """
    rows = {name: (len(s), np.mean(s), np.std(s, ddof=1), np.min(s), np.max(s)) for name, s in scores.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["n", "mean", "sd", "lowest", "highest"])


def plot_spread(scores, title, x_title, truth=None):
    """Draw every measurement as a dot beside a box, a row for each way of measuring, and the truth as a line.

    Args:
        scores: as for `spread_data`.
        title, x_title: texts of the figure.
        truth: float, what is measured, where it is known.
    """
    drawable(scores, "nothing was measured")
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


# --- weights before and after


def weights_data(kernels, bins=61):
    """Count the weights of several kernels in bins that they share; zeros are counted apart.

    Args:
        kernels: dict from a name to a float array of any shape.
        bins: int, bins from the smallest weight of all to the largest.

    Returns:
        A DataFrame with the columns kernel, weight (the middle of a bin), count (int, without zeros) and zeros (the
        share of that kernel's weights that are exactly 0).

    Raises:
        CourseError: there are no kernels, or one that is not of finite numbers.
    """
    drawable(kernels, "there are no kernels")
    flat = {name: arrays.numbers(str(name), kernel).ravel() for name, kernel in kernels.items()}
    everything = np.concatenate(list(flat.values()))
    edges = np.linspace(everything.min(), everything.max(), bins + 1)
    parts = []
    for name, weights in flat.items():
        counts, _ = np.histogram(weights[weights != 0], edges)
        columns = {"kernel": name, "weight": (edges[:-1] + edges[1:]) / 2, "count": counts, "zeros": np.mean(weights == 0)}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def plot_weights(kernels, title, bins=61):
    """Draw the weights of several kernels as outlines of histograms, the zeros in the legend.

    Args:
        kernels, bins: as for `weights_data`.
        title: the figure's title.
    """
    figure = go.Figure()
    for number, (name, part) in enumerate(weights_data(kernels, bins).groupby("kernel", sort=False)):
        colour, dash, _ = style(number)
        line = {"shape": "hvh", "color": colour, "dash": dash}
        figure.add_scatter(
            x=part.weight, y=part["count"], mode="lines", line=line, fill="tozeroy" if number == 0 else None,
            name=f"{name}: {part.zeros.iloc[0]:.0%} are exactly 0",
            hovertemplate="%{x:.3f}: %{y} weights<extra>" + name + "</extra>",
        )
    figure.update_xaxes(title_text="weight (those that are 0 are left out)").update_yaxes(title_text="weights in a bin")
    return layout(figure, title, 380)
