"""Searches on many workers: who ran what when, how many were busy, and what more workers gain."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib.errors import CourseError
from lib.viz.look import GREY, drawable, ending, layout, name_once, style


def shifts_data(rows):
    """Turn a search's log into a table of who ran what, in seconds since the first trial began.

    Args:
        rows: list of dict with worker (int), start, seconds, status, and maybe trial_id and round; as from
            `lib.tuning.search_log` and `study_log`, or from a simulation.

    Returns:
        A DataFrame with worker, start, end, seconds, status, trial (str) and round (int), in the order of their starts.
    """
    drawable(rows, "no trial has run to its end")
    table = pd.DataFrame(rows)
    table["start"] = table.start - table.start.min()
    table["end"] = table.start + table.seconds
    table["trial"] = table.trial_id.astype(str) if "trial_id" in table else ""
    table["round"] = table.get("round", 0)
    columns = ["worker", "start", "end", "seconds", "status", "trial", "round"]
    return table.sort_values(["start", "worker"], ignore_index=True)[columns]


def busy_data(rows, workers):
    """Count how many workers are busy as time goes on, and sum up what that means.

    Args:
        rows: as for `shifts_data`.
        workers: int, how many there are.

    Returns:
        A DataFrame with seconds and busy (int), a row for each moment where the number changes, from 0 on; and a dict of
        makespan (seconds from the first start to the last end) and idle (share of the workers' time in which they had
        nothing to do).
    """
    table = shifts_data(rows)
    # Rounded, so that a trial that begins as another ends leaves no gap of a rounding error between them.
    steps = pd.concat([pd.Series(1, table.start.round(6)), pd.Series(-1, table.end.round(6))]).groupby(level=0).sum().cumsum()
    makespan = float(table.end.max())
    idle = max(0.0, 1 - float(table.seconds.sum()) / (workers * makespan))  # not -0.0
    return pd.DataFrame({"seconds": steps.index, "busy": steps.to_numpy()}), {"makespan": makespan, "idle": idle}


def plot_shifts(searches, title, rounds=False):
    """Draw a bar for each trial, from its start to its end, a line for each worker, a panel for each search.

    Args:
        searches: dict from a name to its rows, as for `shifts_data`.
        title: str.
        rounds: bool, whether the colour is a trial's round instead of how it ended.
    """
    drawable(searches, "there are no searches")
    tables = {name: shifts_data(rows) for name, rows in searches.items()}
    lanes = [table.worker.nunique() for table in tables.values()]
    gap = 0.24 / len(tables) if len(tables) > 1 else 0
    names = list(tables) if len(tables) > 1 else None
    figure = make_subplots(len(tables), 1, shared_xaxes=True, subplot_titles=names, row_heights=lanes, vertical_spacing=gap)
    for row, table in enumerate(tables.values(), start=1):
        groups = table["round"].map(lambda n: (f"round {n + 1}", style(n)[0])) if rounds else table.status.map(ending)
        for (group, colour), part in table.groupby(groups):
            figure.add_bar(
                x=part.seconds, base=part.start, y=part.worker, orientation="h", name=group, width=0.8,
                marker={"color": colour, "line": {"color": "#ffffff", "width": 1}}, customdata=part[["trial", "end"]],
                hovertemplate="trial %{customdata[0]}: %{base:.2f} to %{customdata[1]:.2f} s<extra>worker %{y}</extra>",
                row=row, col=1,
            )
        few = lanes[row - 1] <= 12
        figure.update_yaxes(title_text="worker", autorange="reversed", dtick=1 if few else None, showgrid=False, row=row, col=1)
    figure.update_xaxes(title_text="seconds since the first trial began", row=len(tables), col=1)
    height = 130 + sum(max(70, min(24 * count, 260)) + 50 for count in lanes)
    several = len({bars.name for bars in figure.data}) > 1
    said = [_busy_words(name, searches[name], lane) for name, lane in zip(searches, lanes, strict=True)]
    return layout(name_once(figure), title, height, said, barmode="overlay", showlegend=several)


def _busy_words(name, rows, workers):
    """Say in words how long a search took, and how its trials ended."""
    table = shifts_data(rows)
    ends = ", ".join(f"{count} {end}" for end, count in table.status.map(lambda status: ending(status)[0]).value_counts().items())
    sums = busy_data(rows, workers)[1]
    return f"{name}: {len(table)} trials on {workers} workers in {sums['makespan']:.3g} s, {sums['idle']:.0%} idle; {ends}."


def plot_busy(searches, workers, title):
    """Draw how many of the workers are busy at each moment, a line for each search.

    Args:
        searches: dict from a name to its rows, as for `shifts_data`.
        workers: int, how many there are.
        title: the figure's title.
    """
    drawable(searches, "there are no searches")
    figure = go.Figure()
    for number, (name, rows) in enumerate(searches.items()):
        steps, sums = busy_data(rows, workers)
        figure.add_scatter(
            x=steps.seconds, y=steps.busy, name=f"{name}: {sums['idle']:.0%} idle", mode="lines",
            line={"shape": "hv", "color": style(number)[0], "width": 2},
            hovertemplate="%{x:.1f} s: %{y} busy<extra></extra>",
        )
    figure.update_xaxes(title_text="seconds since the first trial began", rangemode="tozero")
    figure.update_yaxes(title_text=f"busy workers, of {workers}", range=[0, workers * 1.05])
    return layout(figure, title, 360)


def speedup_data(seconds):
    """Turn running times into speed-ups: how many times faster than one worker.

    Args:
        seconds: dict from a number of workers (1 among them) to seconds.

    Returns:
        A DataFrame with workers (int, rising), seconds, speedup, and efficiency (speedup for each worker).
    """
    if 1 not in seconds:
        raise CourseError("seconds: there are none of one worker, and a speed-up is measured against it.")
    table = pd.DataFrame(sorted(seconds.items()), columns=["workers", "seconds"])
    table["speedup"] = seconds[1] / table.seconds
    table["efficiency"] = table.speedup / table.workers
    return table


def plot_speedup(curves, title, points=()):
    """Draw speed-ups over the number of workers, both on a logarithmic axis, beside the line that nobody reaches.

    Args:
        curves: dict from a name to a dict from number of workers to seconds, as for `speedup_data`.
        title: str.
        points: names of the curves that were measured: they are drawn as points.
    """
    drawable(curves, "there are no curves")
    tables = {name: speedup_data(seconds) for name, seconds in curves.items()}
    most = max(table.workers.max() for table in tables.values())
    figure = go.Figure()
    ideal = {"color": GREY, "dash": "dot"}
    figure.add_scatter(x=[1, most], y=[1, most], mode="lines", name="as many times as workers", line=ideal)
    for number, (name, table) in enumerate(tables.items()):
        colour, *_ = style(number)
        figure.add_scatter(
            x=table.workers, y=table.speedup, name=name, mode="markers" if name in points else "lines",
            marker={"size": 13, "color": colour, "symbol": "diamond"}, line={"color": colour, "width": 2},
            hovertemplate="%{x} workers: %{y:.2f} times as fast<extra></extra>",
        )
    ticks = [int(n) for n in 2.0 ** np.arange(0, np.log2(most) + 1)]
    axis = {"type": "log", "tickvals": ticks, "ticktext": [str(n) for n in ticks]}
    figure.update_xaxes(axis, title_text="workers").update_yaxes(axis, title_text="times as fast as one worker")
    figure.update_traces(line_width=3, selector={"name": "as many times as workers"})  # a line that lies on it lets it be seen
    return layout(figure, title, 420)
