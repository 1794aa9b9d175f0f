"""Parallel coordinates: every trial a line across its hyperparameters to its score; brushed, and read back into Python."""

import itertools
import os

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import get_colorscale

from lib.columns import OUTCOME
from lib.viz.look import ENDS, GREY, ending, layout

APART = ("failed", "pruned")  # in colours below those of the scores; other trials without a score look like the worst
BAND = 0.08  # of the colour bar, for each end that has no score to compare
NONE = "(none)"
GAP = 0.12  # of an axis, between its lowest value and the place of trials that have none

# --- from a table to axes


def parallel_data(frame, objective="score", every=False, scales=None, order=None):
    """Turn a trials frame into the axes of a parallel-coordinates picture, the objective last.

    Columns without two different values are left out. Learning rates and other positive columns that span a factor of
    100 get a logarithmic axis; text and booleans one tick for each value. Where a trial has no value, because another
    hyperparameter switched this one off, it has a place of its own below the others, called "(none)".

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        objective: str, what the axis of the score is called.
        every: bool, whether trials without a score are kept: at "(none)" on the score's axis, with an axis for the status.
        scales: dict from a column to "log" or "linear", where the rule for logarithms is not what you want.
        order: names of columns from left to right; those not named are left out. None for the frame's own order.

    Returns:
        A list of dict with column, label, values (float array, one a line), ticks (positions), names (str) and kind
        ("log", "number" or "names").
    """
    lines = drawn_lines(frame, every)
    scales = scales or {}
    if order is None:
        order = [c for c in lines if c not in ("trial", *OUTCOME) and lines[c].nunique(dropna=False) > 1]
    status = ["status"] if every and lines["status"].nunique() > 1 else []
    axes = [_axis(c, lines[c], scales.get(c)) for c in (*order, *status)]
    score = _axis("score", lines["score"], scales.get("score"))
    return [*axes, score | {"label": score["label"].replace("score", objective, 1)}]


def drawn_lines(frame, every=False):
    """Return the trials that have a line: those with a score, or every one."""
    return frame if every else frame[frame["score"].notna()]


def _axis(column, values, scale):
    missing = values.isna().to_numpy(bool)
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        axis = _names(values.dropna().astype(str))
    else:
        axis = _numbers(column, values.dropna().to_numpy(float), scale)
    places = np.empty(len(values))
    places[~missing] = axis["values"]
    if missing.any():
        taken = [*axis["ticks"], *axis["values"]] or [0.0, 1.0]
        span = 0.0 if axis["kind"] == "names" else np.ptp(taken)
        nowhere = min(taken) - (GAP * span or 1.0)
        places[missing] = nowhere
        axis |= {"ticks": [nowhere, *axis["ticks"]], "names": [NONE, *axis["names"]]}
    label = f"{column} (log)" if axis["kind"] == "log" else column
    return {"column": column, "label": label, **axis, "values": places}


def _names(values):
    names = sorted(values.unique())
    return {
        "values": values.map(names.index).to_numpy(float),
        "ticks": list(range(len(names))),
        "names": names,
        "kind": "names",
    }


def _numbers(column, values, scale):
    low, high = (values.min(), values.max()) if len(values) else (0.0, 0.0)
    if low > 0 and scale != "linear" and (scale == "log" or high / low >= 100):
        ticks = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        names = [f"{10**t:g}" for t in ticks]
        return {"values": np.log10(values), "ticks": ticks.tolist(), "names": names, "kind": "log"}
    unique = np.unique(values)
    few = len(unique) <= 5 and column != "score" and np.diff(unique).min(initial=np.inf) >= (high - low) / 20
    ticks = unique if few else _round_ticks(low, high)
    return {"values": values, "ticks": ticks.tolist(), "names": [f"{t:.4g}" for t in ticks], "kind": "number"}


def _round_ticks(low, high):
    """Return three to six round numbers between two ends; if these are equal, that number."""
    if low == high:
        return np.array([low])
    power = 10.0 ** np.floor(np.log10((high - low) / 3))
    step = power * max(digit for digit in (1, 2, 2.5, 5) if digit * power <= (high - low) / 3)
    return np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step + 0.0  # no minus zero


# --- from axes to a picture


def plot_parallel(frame, title, objective="score", every=False, scales=None, order=None, brush=None, ranks=False):
    """Draw every scored trial as a line across its hyperparameters to its score; see `parallel_data`.

    The better a trial, the brighter its line, and the higher it lies above the others.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        title: the figure's title.
        objective, every, scales, order: see `parallel_data`; with `every`, failed and pruned trials have their own colours.
        brush: dict from a column to what stays selected on its axis, in the column's own values: a pair (low, high), a
            list of such pairs, or a list of names.
        ranks: bool, whether colours follow the rank of a trial instead of its score; for many trials, or for a few
            scores that lie far out.
    """
    axes = parallel_data(frame, objective, every, scales, order)
    dimensions = [_dimension(axis, (brush or {}).get(axis["column"])) for axis in axes]
    quiet = {"color": GREY, "size": 12}
    rows = np.arange(len(frame)) if every else np.flatnonzero(frame["score"].notna())
    faint = {"line": {"color": GREY, "opacity": float(np.clip(60 / max(1, len(rows)), 0.02, 0.3))}}
    lines = go.Parcoords(
        dimensions=dimensions, line=line_colours(frame, axes[-1], every, ranks), unselected=faint, labelfont=quiet,
        tickfont=quiet, rangefont={"color": "rgba(0,0,0,0)"}, customdata=rows.astype("int32"),
    )
    # Plotly gives the tick labels a halo, white unless the paper has a colour: on a dark page that hides them.
    margin = {"l": 70, "r": 30, "t": 100, "b": 30}
    return layout(go.Figure(lines), title, 420, margin=margin, paper_bgcolor="#ffffff")


def _dimension(axis, brush):
    """Return one axis as plotly takes it: single precision is enough for a picture, and half the bytes."""
    dimension = {"label": axis["label"], "values": axis["values"].astype("float32")}
    ranges = axis_ranges(axis, brush)
    if brush is not None:
        dimension["constraintrange"] = ranges[0] if len(ranges) == 1 else ranges
    if axis["kind"] != "number" or axis["names"][0] == NONE or np.isin(axis["values"], axis["ticks"]).all():
        ticks, names = _ruler(axis, [end for pair in ranges for end in pair])
        dimension |= {"tickvals": ticks, "ticktext": names}
    return dimension  # without ticks of its own, plotly finds round ones, and a brush ends wherever it is let go


def _ruler(axis, brushed):
    """Add nameless marks between ticks: plotly lets a brush end near ticks only, and would round it to whole powers."""
    named = [*zip(axis["ticks"], axis["names"], strict=True)]
    values = np.unique(axis["values"])
    if np.isin(values, axis["ticks"]).all():  # a brush shall hold on to them
        return zip(*[(t, name) for t, name in named if values[0] <= t <= values[-1]], strict=True)
    own = [t for t, name in named if name != NONE]
    tenths = np.log10(np.arange(2, 10)) if axis["kind"] == "log" else np.arange(1, 10) / 10
    marks = [low + share * (high - low) for low, high in itertools.pairwise(own) for share in tenths]
    # Two marks close together where a brush ends hold it there.
    marks += [end + step * np.ptp(values) for end in brushed for step in (-1e-5, 0, 1e-5)]
    marks = np.setdiff1d([*marks, values[0], values[-1]], axis["ticks"]).tolist()
    # Plotly takes two marks of one name for one: so each gets another number of blanks, which nobody sees.
    every = [*named, *((mark, " " * n) for n, mark in enumerate(marks, start=1))]
    inside = [(t, name) for t, name in every if values[0] <= t <= values[-1]]  # others would stick out of the axis
    if axis["kind"] == "log" and sum(bool(name.strip()) for _, name in inside) <= 2:
        digits = {f"{10 ** (power + np.log10(digit)):g}" for power in own for digit in (2, 5)}
        inside = [(t, word if (word := f"{10**t:g}") in digits and not name.strip() else name) for t, name in inside]
    return zip(*inside, strict=True)


def axis_ranges(axis, brush):
    """Turn ranges or names, in the column's own values, into ranges of positions along its axis; none for None."""
    if brush is None:
        return []
    known = dict(zip(axis["names"], axis["ticks"], strict=True))
    ranges = []
    for part in [brush] if isinstance(brush, tuple) else brush:
        if isinstance(part, tuple):
            ends = np.asarray(np.log10(part) if axis["kind"] == "log" else part, "float32")
            # One step further, since the values on the axis have been rounded to single precision.
            ranges.append(np.nextafter(ends, np.float32([-np.inf, np.inf])).tolist())
        elif str(part) in known:
            place = known[str(part)]
            near = 0.25 * min((abs(other - place) for other in axis["ticks"] if other != place), default=1)
            ranges.append([place - near, place + near])
        else:
            raise ValueError(f"{axis['column']} has no {part!r}; it has {', '.join(known)}.")
    return ranges


def line_colours(frame, score, every=False, ranks=False):
    """Colour lines by how good they are: plotly draws one with a higher number above the others, so the best has 1.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        score: the last axis that `parallel_data` made of it.
        every, ranks: see `plot_parallel`.

    Returns:
        Plotly's settings of a line, a dict: color (float32 array in [0, 1], one a line), its scale and its bar.
    """
    lines = drawn_lines(frame, every)
    ends = np.array([ending(status)[0] for status in lines["status"]] if every else [""] * len(lines))
    bands = [end for end in APART if end in ends]
    first = BAND * len(bands)
    good, marks = _goodness(lines, score, ~np.isin(ends, bands), ranks)
    colours = first + (1 - first) * (np.maximum(good, 0.01) if bands else good)  # the worst is not on a band's border
    for place, end in enumerate(bands):
        colours[ends == end] = BAND * (place + 0.5)
    bar = _colour_bar(bands, marks, score["label"])
    return {"color": colours.astype("float32"), "cmin": 0, "cmax": 1, "showscale": True, **bar}


def _colour_bar(bands, marks, title):
    """Return plotly's scale and its bar: a band of one colour for each end that has no score to compare, then the scores."""
    first = BAND * len(bands)
    scale = [[BAND * place + far, ENDS[end]] for place, end in enumerate(bands) for far in (0, BAND - 1e-6)]
    scale += [[first + (1 - first) * at, colour] for at, colour in get_colorscale("Viridis")]
    ticks = {end: BAND * (place + 0.5) for place, end in enumerate(bands)}
    ticks |= {name: first + (1 - first) * at for name, at in marks.items()}
    bar = {"title": title, "thickness": 14, "tickvals": [*ticks.values()], "ticktext": [*ticks]}
    return {"colorscale": scale, "colorbar": bar}


def _goodness(lines, score, compared, ranks):
    """Return how good each line is, from 0 to 1 (the best), and where on that scale some of the scores lie, a dict."""
    compared = compared & lines["score"].notna().to_numpy()
    values = sign(lines) * score["values"]
    good = np.zeros(len(values))
    if ranks:
        good[compared] = pd.Series(values[compared]).rank(pct=True)
        return good, {"worst": 0.0, "median": 0.5, "best": 1.0}
    low = min(values[compared], default=0.0)
    span = max(values[compared], default=0.0) - low or 1.0
    good[compared] = (values[compared] - low) / span
    named = zip(score["names"], score["ticks"], strict=True)
    marks = {name: (sign(lines) * tick - low) / span for name, tick in named if name != NONE}
    return good, {name: at for name, at in marks.items() if -1e-9 <= at <= 1 + 1e-9}


def sign(frame):
    """Return -1 where the lowest score of a trials frame is the best, else 1."""
    return -1 if "direction" in frame and (frame["direction"] == "min").any() else 1


# --- brushing, and reading it back


def brushable(figure):
    """Return the figure as a living widget, where one can live: what is brushed in it comes back to Python.

    That is in JupyterLab, whose server names the notebook to the kernel that it starts. Elsewhere, in a page, in a run
    by papermill or by a test, nobody answers a widget, and the figure is returned as it is.

    Args:
        figure: `plotly.graph_objects.Figure`.

    Returns:
        A `plotly.graph_objects.FigureWidget`, or the figure.
    """
    return go.FigureWidget(figure) if os.environ.get("JPY_SESSION_NAME") else figure


def selected(figure, frame):
    """Return the rows of a frame whose lines pass through everything that is brushed in its picture.

    A line passes an axis with nothing brushed, or if it is in one of the ranges there. The comparison is made on the
    axes' own positions, so logarithms and names need no care.

    Args:
        figure: of `plot_parallel` or `plotly.express.parallel_coordinates`, or what `brushable` made of it.
        frame: the DataFrame that it was made from.

    Returns:
        A DataFrame: these rows, with all their columns, in the frame's order.

    Raises:
        ValueError: the figure was made from another frame.
    """
    trace = figure.data[0]
    n = len(trace.dimensions[0].values)
    rows = np.arange(n) if trace.customdata is None else np.asarray(trace.customdata, int)
    if len(rows) != n or (n and rows.max() >= len(frame)) or (trace.customdata is None and n != len(frame)):
        raise ValueError(
            f"The picture has {n} lines, and the frame {len(frame)} rows: give the frame that it was made from."
        )
    kept = np.full(n, True)
    for dimension in trace.dimensions:
        ranges = dimension.constraintrange
        kept &= passes(np.asarray(dimension.values, float), [] if ranges is None else ranges)
    return frame.iloc[rows[kept]]


def passes(values, ranges):
    """Say which values lie in one of the ranges, ends included; all of them, if there are no ranges."""
    if not len(ranges):
        return np.full(len(values), True)
    ranges = np.atleast_2d(np.asarray(ranges, float))
    return ((ranges[:, :1] <= values) & (values <= ranges[:, 1:])).any(axis=0)
