"""A search: Hyperband's tournament, maps of scores, the effect of one hyperparameter."""

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib.viz.look import BLUE, layout
from lib.viz.parallel import parallel_data

# --- Hyperband's tournament


def brackets_data(rows):
    """Turn the rounds of each bracket into the outline of an area: trials that train, over epochs.

    Args:
        rows: list of dict with bracket, round, trials, epochs_from, epochs_to (see `lib.tuning.brackets`).

    Returns:
        A dict from bracket to (epochs, trials), two lists of equal length that a step line joins.
    """
    outlines = {}
    for row in rows:
        epochs, trials = outlines.setdefault(row["bracket"], ([], []))
        epochs += [row["epochs_from"], row["epochs_to"]]
        trials += [row["trials"], row["trials"]]
    return outlines


def plot_brackets(rows):
    """Draw each bracket as an area: its width is epochs, its height the trials still in, its area the cost."""
    outlines = brackets_data(rows)
    figure = make_subplots(1, len(outlines), shared_yaxes=True, subplot_titles=[f"bracket {b}" for b in outlines])
    for column, (bracket, (epochs, trials)) in enumerate(outlines.items(), start=1):
        name = f"bracket {bracket}"
        line = go.Scatter(
            x=epochs,
            y=trials,
            fill="tozeroy",
            mode="lines",
            name=name,
            hovertemplate="%{y} trials at epoch %{x}<extra></extra>",
        )
        figure.add_trace(line, row=1, col=column)
    figure.update_xaxes(title_text="epochs trained", rangemode="tozero").update_yaxes(rangemode="tozero")
    figure.update_yaxes(title_text="trials still in", col=1)
    return layout(figure, "A tournament in brackets: the area is what it costs", 340, showlegend=False)


# --- a map of scores, and a path over it


def path_data(table, path):
    """Turn the cells that a search went through into places on the map, each with its number in the path.

    Args:
        table: DataFrame of scores; the index and the columns name the values of the two hyperparameters.
        path: the cells in the order of the search, as (row, column) counted from 0.

    Returns:
        A DataFrame with x and y (str, as the axes name them) and trial (int from 1), one row a cell of the path.
    """
    rows = [(str(table.columns[c]), str(table.index[r]), n) for n, (r, c) in enumerate(path, start=1)]
    return pd.DataFrame(rows, columns=["x", "y", "trial"])


def plot_map(table, title, path=()):
    """Draw a table of scores as a map, and the path of a search over it in numbered dots; see `path_data`.

    Args:
        table: DataFrame of scores; index and columns are values of hyperparameters and have names.
        title: the figure's title.
        path: the cells that a search tried, in order, as (row, column); none by default.
    """
    x, y = [str(c) for c in table.columns], [str(r) for r in table.index]
    heat = go.Heatmap(
        z=table, x=x, y=y, colorscale="Viridis", colorbar={"thickness": 14}, xgap=1, ygap=1,
        hovertemplate=f"{table.index.name} %{{y}}, {table.columns.name} %{{x}}: %{{z:.3f}}<extra></extra>",
        **({} if len(path) else {"text": table, "texttemplate": "%{text:.2f}"}),
    )
    figure = go.Figure(heat)
    if len(path):
        steps = path_data(table, path)
        figure.add_scatter(
            x=steps.x, y=steps.y, text=steps.trial, mode="lines+markers+text", textfont={"color": "#000000", "size": 11},
            marker={"size": 20, "color": "#ffffff", "line": {"color": "#000000", "width": 1}},
            line={"color": "#ffffff", "width": 2}, hovertemplate="trial %{text}<extra></extra>",
        )
    figure.update_xaxes(title_text=table.columns.name, type="category", showgrid=False)
    figure.update_yaxes(title_text=table.index.name, type="category", showgrid=False)
    return layout(figure, title, 400)


# --- the effect of one hyperparameter


def slices_data(frame, scales=None):
    """Turn a trials frame into one picture a hyperparameter: its values, and the scores they got; see `parallel_data`.

    Returns:
        A list of dict as `parallel_data` returns them, without the score; and the scores, float, shape (n_trials,).
    """
    *axes, score = parallel_data(frame, scales=scales)
    return axes, score["values"]


def plot_slices(frame, title, log=(), scales=None):
    """Draw every trial's score over each of its hyperparameters, a panel each; see `slices_data`.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        title: the figure's title.
        log: names of hyperparameters whose axis is logarithmic.
        scales: see `parallel_data`.
    """
    axes, scores = slices_data(frame, scales)
    columns = min(4, max(1, len(axes)))
    figure = make_subplots(-(-len(axes) // columns) or 1, columns, shared_yaxes=True, vertical_spacing=0.25)
    for place, axis in enumerate(axes):
        row, column = place // columns + 1, place % columns + 1
        figure.add_scatter(
            x=axis["values"], y=scores, mode="markers", marker={"size": 9, "color": BLUE, "opacity": 0.75},
            hovertemplate=axis["label"] + ": %{x:.4g}, score %{y:.4f}<extra></extra>", row=row, col=column,
        )
        named = axis["label"].endswith("(log)") or set(axis["names"]) != {f"{t:.4g}" for t in axis["ticks"]}
        thin = slice(None, None, 2 if axis["kind"] == "log" and len(axis["ticks"]) > 4 else 1)
        ticks = {"tickvals": axis["ticks"][thin], "ticktext": axis["names"][thin]} if named else {"nticks": 4}
        if axis["label"] in log:
            ticks = {"type": "log", "dtick": 1}
        figure.update_xaxes(title_text=axis["label"].removeprefix("param_"), row=row, col=column, **ticks)
    figure.update_yaxes(title_text="score", col=1)
    if (scales or {}).get("score") == "log":
        score = parallel_data(frame, scales=scales)[-1]
        figure.update_yaxes(title_text="score (log)", col=1)
        figure.update_yaxes(tickvals=score["ticks"], ticktext=score["names"])
    return layout(figure, title, 120 + 230 * (-(-len(axes) // columns)), showlegend=False)
