"""Oracles at work: where they put their points, and the journey of a trial between Oracle and Tuner."""

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib.viz.look import BLUE, GREEN, GREY, ORANGE, VERMILION, layout

# --- the journey of a trial

STATUS_COLOURS = {"RUNNING": ORANGE, "COMPLETED": GREEN, "INVALID": VERMILION, "FAILED": VERMILION}


def journey_data(steps):
    """Turn the steps of a trial into places on a sequence diagram: a column for each that takes part, a row for each step.

    Args:
        steps: list of (sender, receiver, what, status): who calls or tells whom, in words, and the trial's status then.

    Returns:
        The columns' names (list of str, in order of appearance), and a DataFrame with step (int from 1), sender and
        receiver (int, positions of columns), what and status, one row a step.
    """
    lanes = list(dict.fromkeys(name for sender, receiver, *_ in steps for name in (sender, receiver)))
    rows = [(n, lanes.index(s), lanes.index(r), what, status) for n, (s, r, what, status) in enumerate(steps, start=1)]
    return lanes, pd.DataFrame(rows, columns=["step", "sender", "receiver", "what", "status"])


def plot_journey(steps, title):
    """Draw who calls whom during a trial, from top to bottom, and the trial's status after each step; see `journey_data`."""
    lanes, table = journey_data(steps)
    figure, right = go.Figure(), len(lanes) - 1 + 0.35
    for column, name in enumerate(lanes):
        figure.add_scatter(x=[column, column], y=[0.3, len(table) + 0.6], mode="lines", line={"color": GREY, "dash": "dot"})
        figure.add_annotation(x=column, y=0.1, text=f"<b>{name}</b>", showarrow=False, yanchor="bottom")
    for row in table.itertuples():
        to_itself = row.sender == row.receiver
        end = row.receiver + (0.12 if to_itself else 0)
        figure.add_annotation(
            x=end, y=row.step, ax=row.sender, ay=row.step, axref="x", ayref="y", showarrow=True, arrowhead=2,
            arrowwidth=2, arrowcolor=BLUE, text="",
        )
        middle, anchor = ((row.sender + row.receiver) / 2, "center") if not to_itself else (end + 0.02, "left")
        figure.add_annotation(
            x=middle, y=row.step - (0 if to_itself else 0.06), text=f"{row.step}  {row.what}", showarrow=False,
            xanchor=anchor, yanchor="middle" if to_itself else "bottom",
        )
    figure.add_scatter(
        x=[right] * len(table), y=table.step, text=table.status, mode="markers+text", textposition="middle right",
        marker={"size": 12, "color": [STATUS_COLOURS.get(status, GREY) for status in table.status]},
    )
    figure.add_annotation(x=right, y=0.1, text="<b>status</b>", showarrow=False, yanchor="bottom", xanchor="left")
    figure.update_traces(hoverinfo="skip")
    figure.update_xaxes(visible=False, range=[-0.35, right + 0.55])
    figure.update_yaxes(visible=False, range=[len(table) + 0.7, -0.4])
    return layout(figure, title, 110 + 52 * len(table), showlegend=False)


# --- where the points are


def proposals_data(frame, x, y):
    """Order what each oracle proposed.

    Args:
        frame: DataFrame with the columns oracle, trial (int from 1), score, and those that `x` and `y` name.
        x, y: names of two hyperparameters.

    Returns:
        A dict from oracle to its DataFrame of x, y, trial and score in the order of the trials; the oracles stand in the
        order in which the frame has them.
    """
    names = {x: "x", y: "y"}
    parts = frame.rename(columns=names).groupby("oracle", sort=False)
    return {name: part[["x", "y", "trial", "score"]].sort_values("trial", ignore_index=True) for name, part in parts}


def plot_proposals(frame, x, y, title, log_x=False, log_y=False, peak=None):
    """Draw the points of each oracle in a panel of its own, early ones dark and late ones bright; see `proposals_data`.

    Args:
        frame, x, y: as for `proposals_data`.
        title: the figure's title.
        log_x, log_y: whether an axis is logarithmic.
        peak: (x, y) of the best place, marked with a cross where it is known.
    """
    panels = proposals_data(frame, x, y)
    figure = make_subplots(1, len(panels), subplot_titles=list(panels), shared_yaxes=True, horizontal_spacing=0.03)
    for column, part in enumerate(panels.values(), start=1):
        if peak is not None:
            cross = {"symbol": "cross-thin", "size": 22, "line": {"color": VERMILION, "width": 3}}
            figure.add_scatter(x=peak[:1], y=peak[1:], mode="markers", marker=cross, hoverinfo="skip", row=1, col=column)
        last = column == len(panels)
        bar = {"title": "trial", "thickness": 14} if last else None
        marker = {"size": 11, "color": part.trial, "colorscale": "Viridis", "cmin": 1, "cmax": frame.trial.max()}
        marker |= {"line": {"color": GREY, "width": 1}, "showscale": last, "colorbar": bar}
        figure.add_scatter(
            x=part.x, y=part.y, mode="markers", marker=marker, customdata=part[["trial", "score"]], row=1, col=column,
            hovertemplate="trial %{customdata[0]}, score %{customdata[1]:.3f}<br>(%{x:.3g}, %{y:.3g})<extra></extra>",
        )
    ends = {axis: _ends(frame[name], log) for axis, name, log in (("x", x, log_x), ("y", y, log_y))}
    figure.update_xaxes(title_text=x, range=ends["x"], **({"type": "log", "dtick": 1} if log_x else {"nticks": 4}))
    figure.update_yaxes(range=ends["y"], **({"type": "log", "dtick": 1} if log_y else {}))
    figure.update_yaxes(title_text=y, col=1).update_xaxes(exponentformat="power").update_yaxes(exponentformat="power")
    return layout(figure, title, 330, showlegend=False)


def _ends(values, log):
    """Return the ends of an axis, with some room; in powers of ten where it is logarithmic."""
    low, high = pd.Series(values).transform("log10" if log else lambda v: v).agg(["min", "max"])
    room = 0.06 * (high - low or 1)
    return [low - room, high + room]
