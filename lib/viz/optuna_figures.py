"""Optuna: its own figures in the look of the course, where samplers look, what pruners stop, a Gaussian process."""

from datetime import datetime

import numpy as np
import pandas as pd
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from lib.viz.look import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, layout

# From early, or bad, to late, or good: each colour stands out on white and on black.
SCALE = [[0.0, SKY], [0.4, BLUE], [0.7, PURPLE], [1.0, VERMILION]]
STATES = {"COMPLETE": BLUE, "PRUNED": ORANGE, "FAIL": VERMILION, "RUNNING": GREEN, "WAITING": GREY}

# --- Optuna's own figures


def dress(figure, title, height=400, **settings):
    """Give a figure of `optuna.visualization` the look of the course, legible on light and dark pages; return it.

    Args:
        figure: what a function of `optuna.visualization` returned; it is changed in place.
        title: the figure's title.
        height: int, pixels.
        settings: further settings of the layout.
    """
    kind = (figure.layout.title.text or "").split(" ")[0]
    own = {"Timeline": _dress_timeline, "Parallel": _dress_parallel, "Pareto-front": _dress_front, "Rank": lambda _: None}
    own.get(kind, _dress_colours)(figure)
    for part in figure.select_annotations():
        part.font.color = GREY
    powers = {"dtick": 1, "exponentformat": "power"}
    figure.update_xaxes(powers, selector={"type": "log"}).update_yaxes(powers, selector={"type": "log"})
    settings = {"legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}} | settings
    figure.update_layout(title={"text": None, "x": 0, "y": 0.97, "yref": "container", "yanchor": "auto"})
    return layout(figure, title, height, width=None, plot_bgcolor="rgba(0,0,0,0)", **settings)


def _dress_colours(figure):
    for trace in figure.data:
        if trace.type == "contour":
            trace.colorscale = "Viridis"
        elif trace.type == "bar":
            trace.marker.color = BLUE
        elif trace.marker.colorscale:
            trace.marker.colorscale = SCALE


def _dress_front(figure):
    """Tell the front from the other trials by colour; when each ran does not matter here."""
    for trace, colour, size in zip(figure.data, (SKY, VERMILION), (7, 10), strict=False):
        trace.update(marker={"color": colour, "showscale": False, "size": size}, showlegend=True)
        trace.name = "on the front" if colour == VERMILION else "beaten by another trial"
        trace.hovertemplate = "%{x}, %{y}<extra></extra>"
        trace.text = None


def timeline_data(starts):
    """Turn points in time into seconds since the first of them.

    Args:
        starts: list of str, ISO 8601, or datetime.

    Returns:
        A float array, shape (n,).
    """
    times = [datetime.fromisoformat(str(start)) for start in starts]
    return np.array([(time - min(times)).total_seconds() for time in times])


def _dress_timeline(figure):
    """Count seconds from the start of the study instead of naming the day."""
    seconds = timeline_data([start for trace in figure.data for start in trace.base])
    done = 0
    for trace in figure.data:
        here = seconds[done : done + len(trace.base)]
        done += len(trace.base)
        # Bars on a linear axis are long in its own unit: seconds, not milliseconds.
        trace.update(base=here, x=np.array(trace.x, float) / 1000, text=None, marker_color=STATES[trace.name])
        trace.hovertemplate = "trial %{y}<extra>" + trace.name + "</extra>"
    figure.update_xaxes(type="linear", title_text="seconds since the first trial began")


def _dress_parallel(figure):
    """Colour the lines anew: Optuna's best ones are too dark for a dark page."""
    *lines, bar = figure.data
    bar.marker.colorscale = SCALE
    for line in lines:
        if line.mode == "lines" and line.y and line.line.color:
            good = 1 - line.y[0] if bar.marker.reversescale else line.y[0]
            line.line.color = sample_colorscale(SCALE, [min(max(good, 0), 1)])[0]
            line.opacity = 0.8


# --- what pruners stop


def intermediates_data(studies):
    """Put the intermediate values of studies into one long table.

    Args:
        studies: dict from a name to an `optuna.Study`.

    Returns:
        A DataFrame with study, trial (int), step (int), value (float) and state (str, as "PRUNED"), one row a report.
    """
    rows = [
        (name, trial.number, step, value, trial.state.name)
        for name, study in studies.items()
        for trial in study.get_trials(deepcopy=False)
        for step, value in sorted(trial.intermediate_values.items())
    ]
    return pd.DataFrame(rows, columns=["study", "trial", "step", "value", "state"])


def plot_intermediates(studies, title, y_title):
    """Draw the intermediate values of each study, a panel each: pruned trials end in a cross; see `intermediates_data`."""
    table = intermediates_data(studies)
    figure = make_subplots(1, len(studies), shared_yaxes=True, subplot_titles=list(studies), horizontal_spacing=0.03)
    shown = set()
    for (name, trial), part in table.groupby(["study", "trial"], sort=False):
        state = part.state.iloc[0]
        last = ["circle"] * (len(part) - 1) + ["x" if state == "PRUNED" else "circle"]
        figure.add_scatter(
            x=part.step, y=part.value, mode="lines+markers", name=state.lower(), legendgroup=state,
            showlegend=state not in shown, line={"color": STATES[state], "width": 1.5},
            marker={"symbol": last, "size": [3] * (len(part) - 1) + [8], "line_width": 0}, opacity=0.8,
            hovertemplate=f"trial {trial}, step %{{x}}: %{{y:.3f}}<extra></extra>",
            row=1, col=list(studies).index(name) + 1,
        )
        shown.add(state)
    figure.update_xaxes(title_text="epoch").update_yaxes(title_text=y_title, col=1)
    return layout(figure, title, 380, legend_y=1.12, margin_t=100)


# --- where samplers look


def looked_data(study):
    """Return where the trials of a study with two hyperparameters lie, float, shape (n_trials, 2), in their order."""
    names = list(study.get_trials(deepcopy=False)[0].params)
    return np.array([[trial.params[name] for name in names] for trial in study.get_trials(deepcopy=False)], float)


def plot_looked(studies, landscape, extent, title):
    """Draw where each study looked, early trials pale and late ones red, over the contours of what it looked for.

    Args:
        studies: dict from a name to an `optuna.Study` with the same two hyperparameters.
        landscape: function of two arrays of equal shape, returning the objective there.
        extent: (low, high) of both hyperparameters.
        title: the figure's title.
    """
    axis = np.round(np.linspace(*extent, 25), 4)
    heights = np.round(landscape(*np.meshgrid(axis, axis)), 3)
    figure = make_subplots(1, len(studies), shared_yaxes=True, subplot_titles=list(studies), horizontal_spacing=0.02)
    for column, (name, study) in enumerate(studies.items(), start=1):
        figure.add_contour(
            x=axis, y=axis, z=heights, contours={"coloring": "lines"}, ncontours=12, showscale=False, hoverinfo="skip",
            colorscale=[[0, GREY], [1, GREY]], line={"width": 0.7}, row=1, col=column,
        )
        points = looked_data(study)
        figure.add_scatter(
            x=points[:, 0], y=points[:, 1], mode="markers", row=1, col=column, name=name,
            marker={"size": 7, "color": list(range(len(points))), "colorscale": SCALE},
            hovertemplate="trial %{marker.color}: %{x:.2f}, %{y:.2f}<extra></extra>",
        )
    ticks = np.quantile(extent, [0.25, 0.5, 0.75]).tolist()  # at the ends those of two panels would touch
    figure.update_xaxes(title_text="x", range=extent, tickvals=ticks, showgrid=False)
    figure.update_yaxes(range=extent, tickvals=ticks, showgrid=False)
    figure.update_yaxes(title_text="y", col=1)
    return layout(figure, title, 320, showlegend=False, margin_t=80)


# --- a Gaussian process in one dimension


def posterior_data(x, mean, sd, improvement):
    """Put what a Gaussian process expects into a table.

    Args:
        x, mean, sd, improvement: float arrays, shape (n,): where; the expected value there; its standard deviation;
            the improvement to be expected.

    Returns:
        A DataFrame with x, mean, low and high (two standard deviations away) and improvement.
    """
    columns = {"x": x, "mean": mean, "low": mean - 2 * sd, "high": mean + 2 * sd, "improvement": improvement}
    return pd.DataFrame(columns)


def plot_posterior(table, seen, title, x_title, y_title):
    """Draw mean and band of a Gaussian process over the points seen, and below where it would look next.

    Args:
        table: DataFrame of `posterior_data`.
        seen: what was measured, (x, y), two arrays of equal length.
        title, x_title, y_title: str.
    """
    figure = make_subplots(2, 1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06)
    figure.add_scatter(
        x=[*table.x, *table.x[::-1]], y=[*table.high, *table.low[::-1]], fill="toself", mode="lines", line_width=0,
        fillcolor="rgba(86,180,233,0.25)", name="two standard deviations", hoverinfo="skip", row=1, col=1,
    )
    figure.add_scatter(x=table.x, y=table["mean"], mode="lines", name="mean", line_color=BLUE, row=1, col=1)
    figure.add_scatter(
        x=seen[0], y=seen[1], mode="markers", name="measured", marker={"size": 9, "color": VERMILION}, row=1, col=1
    )
    figure.add_scatter(
        x=table.x, y=table.improvement, mode="lines", fill="tozeroy", line_color=GREEN, name="expected improvement",
        row=2, col=1,
    )
    chosen = table.loc[table.improvement.idxmax(), "x"]
    figure.add_vline(x=chosen, line={"color": GREEN, "dash": "dash"})
    figure.update_xaxes(title_text=x_title, row=2).update_yaxes(title_text=y_title, row=1)
    figure.update_yaxes(title_text="expected<br>improvement", rangemode="tozero", row=2)
    return layout(figure, title, 440)
