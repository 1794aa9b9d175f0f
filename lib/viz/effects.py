"""What hyperparameters do to the score: maps of two, slices of one, every pair, and the gates that the best trials pass."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib import arrays
from lib.columns import texts
from lib.viz.look import BLUE, FIELD, GOOD, GREY, drawable, layout
from lib.viz.parallel import drawn_lines, line_colours, parallel_data, sign, stored, way

# --- two hyperparameters: a map of scores, and a path over it


def path_data(table, path):
    """Turn the cells that a search went through into places on the map, each with its number in the path.

    Args:
        table: DataFrame of scores; the index and the columns name the values of the two hyperparameters.
        path: the cells in the order of the search, as (row, column) counted from 0.

    Returns:
        A DataFrame with x and y (str, as the axes name them) and trial (int from 1), one row a cell of the path.
    """
    across, upwards = _labels(table.columns), _labels(table.index)
    rows = [(across[column], upwards[row], n) for n, (row, column) in enumerate(path, start=1)]
    return pd.DataFrame(rows, columns=["x", "y", "trial"])


def _labels(values):
    """Name values briefly, unless two of them would then share a name, and so a place on the axis."""
    brief = [f"{value:.4g}" if isinstance(value, float) else str(value) for value in values]
    return brief if len(set(brief)) == len(brief) else texts(values)


def plot_map(table, title, path=(), digits=2, direction="max"):
    """Draw a table of scores as a map, and the path of a search over it in numbered dots; see `path_data`.

    Args:
        table: DataFrame of scores; index and columns are values of hyperparameters and have names.
        title: the figure's title.
        path: the cells that a search tried, in order, as (row, column); none by default.
        digits: int, of the scores written into the cells where there is no path.
        direction: "max" where a high score is good, "min" for a loss: the strongest field is the best one.

    Raises:
        CourseError: the table is empty, or a direction that is none.
    """
    drawable(table, "the table has no scores")
    better = way(direction)
    heat = go.Heatmap(
        z=table, x=_labels(table.columns), y=_labels(table.index), colorscale=FIELD, reversescale=better < 0, xgap=1,
        ygap=1, colorbar={"thickness": 14, "title": "score"}, texttemplate=None if len(path) else f"%{{z:.{digits}f}}",
        textfont={"color": "#000000", "size": 12},
        hovertemplate=f"{table.index.name} %{{y}}, {table.columns.name} %{{x}}: %{{z:.3f}}<extra></extra>",
    )
    figure = go.Figure(heat)
    if len(path):
        steps = path_data(table, path)
        figure.add_scatter(
            x=steps.x, y=steps.y, text=steps.trial, mode="lines+markers+text", textfont={"color": "#000000", "size": 11},
            marker={"size": 20, "color": "#ffffff", "line": {"color": "#000000", "width": 1}},
            line={"color": "#000000", "width": 2}, hovertemplate="trial %{text}<extra></extra>",
        )
    figure.update_xaxes(title_text=table.columns.name, type="category", showgrid=False)
    figure.update_yaxes(title_text=table.index.name, type="category", showgrid=False)
    return layout(figure, title, 400, _way_said(table, path, better) if len(path) else None)


def _way_said(table, path, better):
    """Say in words where a path begins, and the best score on its way; `better` is 1 where greater is, else -1."""
    scores = [table.iloc[row, column] for row, column in path]
    best = int(np.argmax([-np.inf if np.isnan(score) else better * score for score in scores]))
    row, column = path[best]
    where = f"{table.index.name} {table.index[row]}, {table.columns.name} {table.columns[column]:.4g}"
    on_the_way = f"{len(path)} trials, the first {scores[0]:.4g}, the best, trial {best + 1}, {scores[best]:.4g} at {where}"
    return [f"The path: {on_the_way}; the map spans {np.nanmin(table):.4g} to {np.nanmax(table):.4g}."]


# --- one hyperparameter at a time


def plot_slices(frame, title, scales=None):
    """Draw every trial's score over each of its hyperparameters, a panel each; see `parallel_data`.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        title: the figure's title.
        scales: see `parallel_data`.
    """
    *axes, score = parallel_data(frame, scales=scales)
    columns = min(4, max(1, len(axes)))
    rows = -(-len(axes) // columns)
    figure = make_subplots(rows or 1, columns, shared_yaxes=True, vertical_spacing=0.25)
    for place, axis in enumerate(axes):
        here = {"row": place // columns + 1, "col": place % columns + 1}
        figure.add_scatter(
            x=stored(axis["values"]), y=stored(score["values"]), mode="markers", marker={"size": 9, "color": BLUE},
            hovertemplate=axis["label"] + ": %{x:.4g}, score %{y:.4f}<extra></extra>", **here,
        )
        tried = axis["kind"] != "number" or np.isin(axis["values"], axis["ticks"]).all()
        ticks = _few_ticks(axis) if tried else {"nticks": 4}
        figure.update_xaxes(title_text=axis["label"].removeprefix("param_"), **here, **ticks)
    figure.update_yaxes(title_text=score["label"], col=1)
    if score["kind"] == "log":
        figure.update_yaxes(tickvals=score["ticks"], ticktext=score["names"])
    return layout(figure, title, 120 + 230 * rows, showlegend=False)


def _few_ticks(axis):
    """Return the ticks of an axis as plotly takes them, only every other one of many powers."""
    thin = slice(None, None, 2 if axis["kind"] == "log" and len(axis["ticks"]) > 4 else 1)
    return {"tickvals": axis["ticks"][thin], "ticktext": axis["names"][thin]}


# --- every pair


def plot_matrix(frame, title, objective="score", scales=None, order=None):
    """Draw each pair of axes against each other, a panel a pair, coloured by how good a trial is; see `parallel_data`.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        title: the figure's title.
        objective, scales, order: see `parallel_data`.
    """
    axes = parallel_data(frame, objective, scales=scales, order=order)
    size = len(axes) - 1
    figure = make_subplots(
        size, size, shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.22 / max(size, 3), vertical_spacing=0.02
    )
    colours = line_colours(frame, axes[-1], ranks=True)["color"]
    drawn = np.argsort(colours)  # the best last, above the others
    bar = {"title": "rank", "thickness": 14, "tickvals": [0, 1], "ticktext": ["worst", "best"]}
    marker = {"size": 5, "color": colours[drawn], "cmin": 0, "cmax": 1, "colorscale": GOOD, "colorbar": bar}
    for row, upwards in enumerate(axes):
        for column, across in enumerate(axes[:row]):
            figure.add_scatter(
                x=stored(across["values"])[drawn], y=stored(upwards["values"])[drawn], mode="markers", row=row, col=column + 1,
                marker=marker | {"showscale": row == size and not column},
                hovertemplate=f"{across['label']} %{{x:.4g}}, {upwards['label']} %{{y:.4g}}<extra></extra>",
            )
    for place, axis in enumerate(axes):
        if place < size:
            figure.update_xaxes(**_few_ticks(axis), col=place + 1)
            figure.update_xaxes(title_text=axis["label"], row=size, col=place + 1)
        if place:
            figure.update_yaxes(**_few_ticks(axis), row=place)
            figure.update_yaxes(title_text=axis["label"], row=place, col=1)
    ranks = pd.DataFrame({axis["label"]: axis["values"] for axis in axes}).rank().corr()
    score = axes[-1]["label"]
    said = [f"{score} over {axis['label']}: rank correlation {ranks.loc[score, axis['label']]:.2f}." for axis in axes[:-1]]
    return layout(figure, title, 140 + 130 * size, said, showlegend=False)


# --- the best of many trials


def thinned(frame, best, rest, seed=1):
    """Keep the best trials of a search and a sample of all others, so that many become a readable picture.

    A pruned trial is none of the best, however good it was when it was stopped.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        best, rest: int, how many of the best, and how many of the others.
        seed: int, of the sample.

    Returns:
        A DataFrame, in the frame's order.

    Raises:
        CourseError: less than 0 of either.
    """
    best = arrays.whole("best", best)
    rest = arrays.whole("rest", rest)
    numbered = frame.reset_index(drop=True)  # two searches in one frame may share their index
    ranked = _ranked(numbered)
    others = numbered.drop(ranked.index[:best])
    sample = others.sample(min(rest, len(others)), random_state=seed)
    return frame[numbered.index.isin(ranked.index[:best].union(sample.index))]


def _ranked(frame):
    """Return the trials with a score that went to their end, the best first."""
    stopped = frame["status"] == "PRUNED" if "status" in frame else False
    return frame[frame["score"].notna() & ~stopped].sort_values("score", ascending=sign(frame) < 0, kind="stable")


def gates_data(frame, share=0.01, scales=None):
    """Say where the best trials of a search pass each axis, and how narrow that gate is.

    Only trials that have a finite value there are looked at; see also `thinned`.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        share: of the scored trials, the best ones that are looked at.
        scales: see `parallel_data`.

    Returns:
        A DataFrame, one row a hyperparameter that is a number and that one of the best has, the narrowest gate first:
        column, label, low, high (what eight in ten of the best lie between, as a share of the axis, from 0 to 1), width,
        low_value, high_value, and trials (int, how many of the best have a value).

    Raises:
        CourseError: as `parallel_data`; or a share that is none.
    """
    if arrays.number("share", share, above=0) > 1:
        raise arrays.refused("share", share, "1 at most")
    scored = drawn_lines(frame).reset_index(drop=True)
    axes = parallel_data(scored, scales=scales)[:-1]
    ranked = _ranked(scored).index
    best = ranked[: max(1, round(share * len(ranked)))]
    columns = ["column", "label", "low", "high", "width", "low_value", "high_value", "trials"]
    rows = [_gate(axis, best) for axis in axes if axis["kind"] != "names" and axis["real"][best].any()]
    return pd.DataFrame(rows, columns=columns).sort_values("width", kind="stable", ignore_index=True)


def _gate(axis, best):
    """Return a row of `gates_data`: quantiles over those of the best that have a value, on the axis of all that have one."""
    whole = axis["values"][axis["real"]]
    passed = best[axis["real"][best]]
    ends = np.quantile(axis["values"][passed], [0.1, 0.9])
    low, high = (ends - whole.min()) / (np.ptp(whole) or 1.0)
    values = 10**ends if axis["kind"] == "log" else ends
    return axis["column"], axis["label"], low, high, high - low, *values, len(passed)


def plot_gates(frame, title, share=0.01, scales=None):
    """Draw the part of each axis that eight in ten of the best trials pass, the narrowest first; see `gates_data`."""
    gates = gates_data(frame, share, scales)
    drawable(gates, "none of the best trials has a hyperparameter that is a number")
    figure = go.Figure()
    whole = {"name": "the whole axis", "marker_color": "rgba(125,125,125,0.2)", "hoverinfo": "skip"}
    figure.add_bar(y=gates.label, x=np.ones(len(gates)), orientation="h", **whole)
    words = [_gate_words(gate, gates.trials.max()) for gate in gates.itertuples()]
    figure.add_bar(
        y=gates.label, x=gates.width, base=gates.low, orientation="h", marker_color=BLUE, text=words, textposition="none",
        name=f"eight in ten of the best {share:.0%}", hovertemplate="%{y}: %{text}<extra></extra>",
    )
    for gate, word in zip(gates.itertuples(), words, strict=True):
        figure.add_annotation(
            x=1.01, xref="paper", y=gate.label, text=word, xanchor="left", showarrow=False, font={"color": GREY}
        )
    figure.update_xaxes(
        title_text="share of the axis, from its lowest value to its highest", range=[0, 1], tickformat=".0%"
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    said = [f"{gate.label}: {word}, {gate.width:.0%} of the axis." for gate, word in zip(gates.itertuples(), words, strict=True)]
    return layout(figure, title, 150 + 42 * len(gates), said, barmode="overlay", margin_r=150)


def _gate_words(gate, most):
    """Name the ends of a gate, and how many trials it is of where others have no value."""
    few = f" ({gate.trials} trials)" if gate.trials < most else ""
    return f"{gate.low_value:.3g} to {gate.high_value:.3g}{few}"
