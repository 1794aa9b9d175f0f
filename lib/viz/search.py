"""Searches at work: who calls whom, what is stopped and when, and where the points are put."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib.viz.look import BLUE, GREEN, GREY, TIME, drawable, ending, layout, log_ticks, name_once, ticks_at
from lib.viz.parallel import sign

# --- the journey of a trial between Oracle and Tuner


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
    drawable(steps, "there are no steps")
    lanes, table = journey_data(steps)
    figure = go.Figure()
    right = len(lanes) - 1 + 0.35
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
        place = {"x": (row.sender + row.receiver) / 2, "y": row.step - 0.06, "xanchor": "center", "yanchor": "bottom"}
        if to_itself:
            place = {"x": end + 0.02, "y": row.step, "xanchor": "left", "yanchor": "middle"}
        figure.add_annotation(text=f"{row.step}  {row.what}", showarrow=False, **place)
    figure.add_scatter(
        x=[right] * len(table), y=table.step, text=table.status, mode="markers+text", textposition="middle right",
        marker={"size": 12, "color": [ending(status)[1] for status in table.status]},
    )
    figure.add_annotation(x=right, y=0.1, text="<b>status</b>", showarrow=False, yanchor="bottom", xanchor="left")
    figure.update_traces(hoverinfo="skip")
    figure.update_xaxes(visible=False, range=[-0.35, right + 0.55])
    figure.update_yaxes(visible=False, range=[len(table) + 0.7, -0.4])
    said = [f"Step {row.step}: {lanes[row.sender]} to {lanes[row.receiver]}, {row.what}; then {row.status}."
            for row in table.itertuples()]
    return layout(figure, title, 110 + 52 * len(table), said, showlegend=False)


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
    drawable(table, "no trial of these studies has reported a value")
    figure = make_subplots(1, len(studies), shared_yaxes=True, subplot_titles=list(studies), horizontal_spacing=0.03)
    groups = [part for _, part in table.groupby(["study", "trial"], sort=False)]
    for part in sorted(groups, key=lambda part: part.state.iloc[0] == "PRUNED"):  # above the others: they are what it is about
        study, trial = part.study.iloc[0], part.trial.iloc[0]
        name, colour = ending(part.state.iloc[0])
        last = "x" if name == "pruned" else "circle"
        before = len(part) - 1
        figure.add_scatter(
            x=part.step, y=part.value, mode="lines+markers", name=name, line={"color": colour, "width": 1.2},
            marker={"symbol": ["circle"] * before + [last], "size": [3] * before + [8], "line_width": 0, "opacity": 1},
            hovertemplate=f"trial {trial}, step %{{x}}: %{{y:.3f}}<extra></extra>",
            row=1, col=list(studies).index(study) + 1,
        )
    figure.update_xaxes(title_text="epoch", **ticks_at(table.step)).update_yaxes(title_text=y_title, col=1)
    return layout(name_once(figure), title, 380)


# --- where the points are


def proposals_data(frame, x, y, by="oracle"):
    """Order what each oracle proposed.

    Args:
        frame: DataFrame with the columns trial (int from 1), score, and those that `x`, `y` and `by` name.
        x, y: names of two hyperparameters.
        by: name of the column that says which oracle proposed a trial.

    Returns:
        A dict from oracle to its DataFrame of x, y, trial and score in the order of the trials; the oracles stand in the
        order in which the frame has them.
    """
    names = ["x", "y", "trial", "score"]  # only of these columns: another one of the frame may be called "x" too
    parts = frame.groupby(by, sort=False, dropna=False)
    tables = {name: part[[x, y, "trial", "score"]].set_axis(names, axis=1) for name, part in parts}
    return {name: table.sort_values("trial", ignore_index=True) for name, table in tables.items()}


def plot_proposals(frame, x, y, title, by="oracle", log_x=False, log_y=False, peak=None, landscape=None):
    """Draw the points of each oracle in a panel of its own, early ones pale and late ones strong; see `proposals_data`.

    Args:
        frame, x, y, by: as for `proposals_data`; where the frame has a direction, all of one. Without, greater is better.
        title: the figure's title.
        log_x, log_y: whether an axis is logarithmic.
        peak: (x, y) of the best place, marked with a cross where it is known.
        landscape: function of two arrays of equal shape, returning the score there, drawn as contours; or None.
    """
    panels = proposals_data(frame, x, y, by)
    drawable(panels, "the search has no trials yet")
    figure = make_subplots(1, len(panels), subplot_titles=list(panels), shared_yaxes=True, horizontal_spacing=0.03)
    for column, (name, part) in enumerate(panels.items(), start=1):
        here = {"row": 1, "col": column}
        if landscape is not None:
            figure.add_trace(_contours(landscape, frame[x], frame[y]), **here)
        if peak is not None:
            cross = {"symbol": "cross-thin", "size": 24, "line": {"color": GREEN, "width": 4}}
            figure.add_scatter(x=peak[:1], y=peak[1:], mode="markers", name="the peak", marker=cross, hoverinfo="skip", **here)
        figure.add_scatter(
            x=part.x, y=part.y, mode="markers", name=name, customdata=part[["trial", "score"]], **here,
            marker={"size": 9, "color": part.trial, "coloraxis": "coloraxis", "line": {"color": GREY, "width": 1}},
            hovertemplate="trial %{customdata[0]}, score %{customdata[1]:.3f}<br>(%{x:.3g}, %{y:.3g})<extra></extra>",
        )
    room = {"type": "log"} | log_ticks(frame[x], most=0, room=6 / len(panels)) if log_x else {"nticks": 4}
    figure.update_xaxes(title_text=x, matches="x", **room)
    figure.update_yaxes(**({"type": "log"} | log_ticks(frame[y], most=0) if log_y else {"nticks": 6}))
    figure.update_yaxes(title_text=y, col=1)
    scale = {"colorscale": TIME, "cmin": 1, "colorbar": {"title": "trial", "thickness": 14}}
    better = sign(frame)
    said = [_looked(name, part, x, y, better) for name, part in panels.items()]
    return layout(figure, title, 360, said, showlegend=False, coloraxis=scale)


def _looked(name, part, x, y, better):
    """Say in words where an oracle looked first and last, and where its best trial lies; `better`: see `sign`."""
    best = part.loc[(better * part.score).idxmax()] if part.score.notna().any() else part.iloc[-1]
    third = max(1, len(part) // 3)
    words = [f"{name}: {len(part)} trials"]
    for when, some in ((f"the first {third}", part[:third]), (f"the last {third}", part[-third:])):
        spans = [f"{what} {some[axis].min():.3g} to {some[axis].max():.3g}" for what, axis in ((x, "x"), (y, "y"))]
        words.append(f"{when} at {' and '.join(spans)}")
    words.append(f"the best, trial {best.trial:g}, at {x} {best.x:.3g} and {y} {best.y:.3g}, scores {best.score:.4g}.")
    return "; ".join(words)


def _contours(landscape, x, y):
    """Return thin grey contours of a function over the range of the points."""
    across = np.linspace(x.min(), x.max(), 25).round(4)
    upwards = np.linspace(y.min(), y.max(), 25).round(4)
    heights = np.round(landscape(*np.meshgrid(across, upwards)), 3)
    return go.Contour(
        x=across, y=upwards, z=heights, contours={"coloring": "lines"}, ncontours=12, showscale=False, hoverinfo="skip",
        colorscale=[[0, GREY], [1, GREY]], line={"width": 0.7},
    )
