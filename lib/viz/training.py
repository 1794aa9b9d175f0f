"""Training: where the seconds go, curves over epochs and over many runs, the spread of repeated runs, weights."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib import arrays
from lib.columns import is_gap
from lib.viz.look import BLUE, COLOURS, DASHES, GREY, ORANGE, add_band, drawable, layout, log_ticks, name_once, style, ticks_at
from lib.viz.parallel import NONE

MANY = 10  # measurements, and more, have a box; the quartiles of fewer would be made up

# What the names of metrics have of which less is better: some part of the name, or a whole word of it.
LOSSES = ("loss", "error", "entropy", "divergence", "hinge", "poisson", "huber", "cosh", "false_")
SHORT_LOSSES = {"mse", "mae", "rmse", "mape", "msle", "ce", "bce", "kld", "nll"}

# --- wholes and their parts


def plot_parts(parts, title, x_title="seconds"):
    """Draw how the whole of each row divides into parts, as stacked horizontal bars.

    Args:
        parts: DataFrame, one row a bar (the index names it), one column a part, in the unit of x_title. Where the index has
            two levels, the rows of each value of the first have a panel of their own.
        title, x_title: texts of the figure.
    """
    drawable(parts, "the table has no rows")
    if parts.index.nlevels == 1:
        figure = _add_parts(go.Figure(), parts)
    else:
        panels = {name: part.droplevel(0) for name, part in parts.groupby(level=0, sort=False)}
        spacing = 0.36 / (len(panels) + 1)
        figure = make_subplots(len(panels), 1, shared_xaxes=True, subplot_titles=list(panels), vertical_spacing=spacing)
        for row, part in enumerate(panels.values(), start=1):
            _add_parts(figure, part, row=row, col=1)
        name_once(figure).for_each_trace(lambda bar: bar.update(marker_color=style(list(parts).index(bar.name))[0]))
    figure.update_layout(barmode="stack").update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title_text=x_title, selector=-1)
    return layout(figure, title, 160 + 45 * len(parts), legend_traceorder="normal")


def _add_parts(figure, parts, **place):
    """Add a stacked bar for each row of a table to a panel of a figure; return the figure."""
    for number, part in enumerate(parts):
        figure.add_bar(
            y=parts.index, x=parts[part], name=part, orientation="h", marker_pattern_shape=("", "/", ".")[number % 3],
            hovertemplate="%{y}: %{x:.4g}<extra>" + part + "</extra>", **place,
        )
    return figure


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


def plot_history(history, metrics=("accuracy", "loss"), title=None):
    """Draw a learning curve: each metric over the epochs, on training and on validation data, and where validation is best.

    Args:
        history: as for `history_data`.
        metrics: those to draw, a panel each.
        title: the figure's title; None for one that says where validation is best.
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
        if part == "validation":
            best = points.value.idxmin() if is_loss(metric) else points.value.idxmax()
            figure.add_scatter(
                x=points.epoch[[best]], y=points.value[[best]], name="best on validation", mode="markers", row=1,
                col=list(metrics).index(metric) + 1, marker={"symbol": "circle-open", "size": 15, "color": GREY, "line_width": 2},
            )
    figure.update_xaxes(title_text="epoch", **ticks_at(table.epoch))
    return layout(name_once(figure), title or _finding(table, metrics[0]), 380)


def _finding(table, metric):
    """Say in which epoch a metric is best on validation data."""
    points = table[(table.metric == metric) & (table.part == "validation")]
    if not len(points):
        return "Learning curve"
    best = points.value.idxmin() if is_loss(metric) else points.value.idxmax()
    return f"The {metric} on validation data is best in epoch {points.epoch[best]} of {points.epoch.max()}"


def is_loss(metric):
    """Say whether less of a metric is better, by its name in a history.

    So it says of each metric of Keras what Keras itself does; KerasTuner takes `f1_score` and `r2_score` for losses.
    """
    name = metric.lower()
    return any(part in name for part in LOSSES) or not SHORT_LOSSES.isdisjoint(name.split("_"))


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


def plot_curves(frame, x, y, kind, title, log_x=False, log_y=False, level=None, each=None):
    """Draw the median of each kind's runs as a line, and how far they reach, from the lowest to the highest.

    Args:
        frame, x, y, kind: as for `curves_data`; runs that have no kind are drawn as "(none)".
        title: the figure's title.
        log_x, log_y: whether an axis is logarithmic.
        level: a pair of a name and a value of y to compare with, drawn as a line; or None.
        each: name of a column that tells runs apart: then each run is drawn, in the look of its kind; or None.
    """
    table = curves_data(frame, x, y, kind)
    figure, curves = go.Figure(), []
    for number, (name, part) in enumerate(table.groupby(kind, sort=False, dropna=False)):
        runs = frame[frame[kind].isna() if is_gap(name) else frame[kind] == name]
        name = NONE if is_gap(name) else name
        mode = "lines+markers" if len(part) <= 12 else "lines"  # with few points they are seen, so a line promises no more
        if each is None:
            line = part.set_axis(["name", "x", "middle", "low", "high"], axis=1)
            curves.append((name, style(number)[:2], line, {"mode": mode}))
            continue
        for run, line in runs.groupby(each, sort=False, dropna=False):
            one = pd.DataFrame({"x": line[x], "middle": line[y], "low": line[y], "high": line[y]})
            hover = f"{NONE if is_gap(run) else run}: %{{y:.3f}}<extra>{name}</extra>"
            curves.append((name, style(number)[:2], one, {"mode": mode, "hovertemplate": hover}))
    _add_curves(figure, curves, "all runs, lowest to highest", log_x)
    if level:
        figure.add_hline(y=level[1], line={"color": GREY, "dash": "dash", "width": 2}, name=level[0], showlegend=True)
    figure.update_xaxes(title_text=x, **_axis(table[x], log_x))
    figure.update_yaxes(title_text=y, **({"type": "log"} | log_ticks(table[["low", "high"]], most=0) if log_y else {}))
    figure.update_layout(showlegend=table[kind].nunique(dropna=False) > 1 or level is not None)
    return layout(name_once(figure) if each else figure, title, 380)


def _axis(values, log):
    """Return the scale of an axis and its ticks, as plotly takes them."""
    numbers = values.dtype.kind in "iuf"
    return ({"type": "log"} | log_ticks(values, most=12)) if log else ticks_at(values, most=12) if numbers else {}


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


def plot_bands(table, title, x_title, y_title, log_x=False, colour_by=None, reach="eight in ten runs"):
    """Draw the mean of each line, and how far its runs reach: those of `bands_data` lie there eight times in ten.

    Args:
        table: DataFrame of `bands_data`, or of those of its rows that are worth a look.
        title, x_title, y_title: texts of the figure.
        log_x: bool, whether the lower axis is logarithmic, with a tick at each x.
        colour_by: int, which part of names as "boosted, test" the colour stands for; the rest of the name has the dash.
            None gives each line a colour and a dash of its own.
        reach: str, what lies between low and high, in words.
    """
    names = list(dict.fromkeys(table.line))
    looks = [style(number)[:2] for number in range(len(names))] if colour_by is None else _paired(names, colour_by)
    figure = go.Figure()
    curves = [(name, look, line.rename(columns={"mean": "middle"}),
               {"mode": "lines+markers", "hovertemplate": "%{y:.3f}<extra>" + name + "</extra>"})
              for look, (name, line) in zip(looks, table.groupby("line", sort=False), strict=True)]
    _add_curves(figure, curves, reach, log_x)
    figure.update_xaxes(title_text=x_title, **_axis(table.x, log_x)).update_yaxes(title_text=y_title)
    return layout(figure, title, 420)


def _paired(names, place):
    """Return the colour and the dash of each name that has two parts, a comma between: one part says the one, one the other."""
    parts = [name.split(", ") for name in names]
    firsts, seconds = (list(dict.fromkeys(part[at] for part in parts)) for at in (place, 1 - place))
    return [(COLOURS[firsts.index(part[place])], DASHES[seconds.index(part[1 - place])]) for part in parts]


def _add_curves(figure, curves, reach, log_x):
    """Add lines, and how far the runs of each reach: a pale band under one or two, bars at some places of more.

    Three bands over each other are one, in which nobody sees whose edge is whose.

    Args:
        figure: a `plotly.graph_objects.Figure`.
        curves: list of (name, (colour, dash), DataFrame with x, middle, low and high, further settings of the line).
        reach: str, what lies between low and high, for the legend.
        log_x: bool, whether the lower axis is logarithmic.
    """
    apart = [place for place, (_, _, line, _) in enumerate(curves) if (line.high > line.low).any()]
    bars = len(apart) > 2 and all(_has_places(line.x, log_x) for _, _, line, _ in curves)
    for place, (name, (colour, dash), line, settings) in enumerate(curves):
        if place in apart and not bars:
            add_band(figure, line.x, line.low, line.high, colour, legendgroup=name)
        line_look = {"color": colour, "dash": dash}  # both, since lines may lie on each other
        figure.add_scatter(x=line.x, y=line.middle, name=name, legendgroup=name, line=line_look, **settings)
    if bars:
        _add_bars(figure, [curves[place] for place in apart], reach, log_x)


def _has_places(x, log):
    """Say whether values have places on an axis, with room beside them: finite numbers, above 0 on a logarithmic one."""
    return x.dtype.kind in "iuf" and np.isfinite(x).all() and (not log or (x > 0).all())


def _add_bars(figure, curves, reach, log_x):
    """Add a bar from low to high at each of a few places, or at six of many, the lines' bars side by side."""
    there, back = (np.log10, lambda along: 10.0**along) if log_x else (np.asarray, np.asarray)
    every = there(np.unique(np.concatenate([line.x for _, _, line, _ in curves])).astype(float))
    wanted = np.linspace(every[0], every[-1], 6) if len(every) > 8 else every
    shown = np.unique([every[np.abs(every - place).argmin()] for place in wanted])
    step = min(0.015 * np.ptp(every), np.diff(shown).min(initial=np.inf) / (len(curves) + 1))
    for number, (name, (colour, _), line, _) in enumerate(curves):
        part = line[np.isin(there(line.x.astype(float)), shown) & (line.high > line.low)]
        hover = f"{reach}<br>%{{customdata[1]:.3f}} to %{{customdata[2]:.3f}} at %{{customdata[0]:,.4~g}}<extra>{name}</extra>"
        figure.add_scatter(
            x=back(there(part.x.astype(float)) + step * (number - (len(curves) - 1) / 2)), y=part.middle, mode="markers",
            error_y={"array": part.high - part.middle, "arrayminus": part.middle - part.low, "thickness": 2, "width": 3},
            marker={"size": 2, "color": colour},
            customdata=np.stack([part.x, part.low, part.high], axis=1), name=name, legendgroup=name, showlegend=False,
            hovertemplate=hover,
        )
    sample = {"symbol": "line-ns", "size": 14, "line": {"width": 2, "color": GREY}}
    figure.add_scatter(x=[None], y=[None], name=reach, mode="markers", marker=sample, hoverinfo="skip")


# --- the spread of repeated measurements


def spread_data(scores):
    """Sum up repeated measurements of one thing.

    Args:
        scores: dict from a way of measuring to its scores, shape (n,); ways may differ in n.

    Returns:
        A DataFrame, a row for each way: n, mean, sd (with n - 1), lowest and highest, in float64 whatever the scores are in.

    Raises:
        CourseError: a score that is no number.
    """
    scores = {name: arrays.numbers(str(name), values, finite=False) for name, values in scores.items()}
    rows = {name: (len(s), np.mean(s), np.std(s, ddof=1), np.min(s), np.max(s)) for name, s in scores.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["n", "mean", "sd", "lowest", "highest"])


def plot_spread(scores, title, x_title, truth=None, truth_name="measured on 10,000"):
    """Draw every measurement as a dot, a row for each way of measuring, with its mean; and a box where there are ten or more.

    Args:
        scores: as for `spread_data`.
        title, x_title: texts of the figure.
        truth: float, what is measured, where it is known, or another value to compare with; drawn as a line.
        truth_name: what that is, in words.
    """
    drawable(scores, "nothing was measured")
    figure = go.Figure()
    for name, values in scores.items():
        if len(values) >= MANY:
            figure.add_box(
                x=values, name=name, boxpoints="all", jitter=0.6, pointpos=0, marker={"size": 6, "color": BLUE},
                fillcolor="rgba(125,125,125,0.12)", showlegend=False, hovertemplate="%{x:.3f}<extra>" + name + "</extra>",
            )
            continue
        dot = {"symbol": "circle-open", "size": 10, "color": BLUE, "line_width": 2}
        mean = {"symbol": "line-ns", "size": 24, "line": {"width": 4, "color": ORANGE}}
        hover = "%{x:.4f}<extra>" + name + "</extra>"
        figure.add_scatter(x=values, y=[name] * len(values), name="one of them", mode="markers", marker=dot, hovertemplate=hover)
        figure.add_scatter(x=[np.mean(values)], y=[name], name="their mean", mode="markers", marker=mean, hovertemplate=hover)
    if truth is not None:
        figure.add_vline(x=truth, line={"color": GREY, "dash": "dash", "width": 2}, name=truth_name, showlegend=True)
    figure.update_xaxes(title_text=x_title).update_yaxes(autorange="reversed", showgrid=False)
    name_once(figure).update_traces(showlegend=False, selector={"type": "box"})
    rows = [70 if len(values) >= MANY else 36 for values in scores.values()]
    return layout(figure, title, 150 + sum(rows))


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
