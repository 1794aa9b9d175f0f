"""Many trials: fewer lines, gates instead of lines, and the pairs of axes that parallel coordinates hide."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib.viz.look import BLUE, GREY, layout
from lib.viz.parallel import drawn_lines, line_colours, parallel_data

# --- many lines


def thinned(frame, best, rest, seed=1):
    """Keep the best trials of a search and a sample of all others, so that many become a readable picture.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        best, rest: int, how many of the best, and how many of the others.
        seed: int, of the sample.

    Returns:
        A DataFrame, in the frame's order.
    """
    ranked = _ranked(frame)
    others = frame.drop(ranked.index[:best])
    sample = others.sample(min(rest, len(others)), random_state=seed)
    return frame.loc[frame.index.isin(ranked.index[:best].union(sample.index))]


def _ranked(frame):
    """Return the scored trials, the best first."""
    scored = frame[frame["score"].notna()]
    highest_first = len(scored) > 0 and scored["direction"].iloc[0] == "max"
    return scored.sort_values("score", ascending=not highest_first, kind="stable")


def gates_data(frame, share=0.01, scales=None):
    """Say where the best trials of a search pass each axis, and how narrow that gate is.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        share: of the scored trials, the best ones that are looked at.
        scales: see `parallel_data`.

    Returns:
        A DataFrame, one row a hyperparameter that is a number, the narrowest gate first: column, label, low, high (what
        eight in ten of the best lie between, as a share of the axis, from 0 to 1), width, and low_value and high_value.
    """
    scored = frame[frame["score"].notna()].reset_index(drop=True)
    best = _ranked(scored).index[: max(1, round(share * len(scored)))]
    rows = []
    for axis in parallel_data(scored, scales=scales)[:-1]:
        if axis["kind"] == "names":
            continue
        start, span = axis["values"].min(), np.ptp(axis["values"])
        ends = np.quantile(axis["values"][best], [0.1, 0.9])
        low, high = (ends - start) / span
        values = 10**ends if axis["kind"] == "log" else ends
        rows.append((axis["column"], axis["label"], low, high, high - low, *values))
    columns = ["column", "label", "low", "high", "width", "low_value", "high_value"]
    return pd.DataFrame(rows, columns=columns).sort_values("width", kind="stable", ignore_index=True)


def plot_gates(frame, title, share=0.01, scales=None):
    """Draw the part of each axis that eight in ten of the best trials pass, the narrowest first; see `gates_data`."""
    gates = gates_data(frame, share, scales)
    figure = go.Figure()
    figure.add_bar(
        y=gates.label, x=np.ones(len(gates)), orientation="h", marker_color="rgba(125,125,125,0.2)", name="the whole axis",
        hoverinfo="skip",
    )
    words = [f"{low:.3g} to {high:.3g}" for low, high in zip(gates.low_value, gates.high_value, strict=True)]
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
    return layout(figure, title, 150 + 42 * len(gates), barmode="overlay", margin_r=150)


# --- what parallel coordinates hide


def matrix_data(frame, objective="score", scales=None, order=None):
    """Return the axes of `parallel_data` as one table of positions, a column each: what a scatter matrix draws."""
    axes = parallel_data(frame, objective, scales=scales, order=order)
    return pd.DataFrame({axis["label"]: axis["values"] for axis in axes})


def plot_matrix(frame, title, objective="score", scales=None, order=None):
    """Draw each pair of axes against each other, a panel a pair, coloured by how good a trial is; see `parallel_data`.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        title: the figure's title.
        objective, scales, order: see `parallel_data`.
    """
    axes = parallel_data(frame, objective, scales=scales, order=order)
    table = matrix_data(frame, objective, scales, order)
    labels = list(table)
    size = len(labels) - 1
    figure = make_subplots(
        size, size, shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.02, vertical_spacing=0.02
    )
    line = line_colours(axes[-1], drawn_lines(frame), objective, False, True)
    drawn = np.argsort(line["color"])  # the best last, above the others
    for row in range(1, size + 1):
        for column in range(row):
            figure.add_scatter(
                x=table[labels[column]].iloc[drawn], y=table[labels[row]].iloc[drawn], mode="markers",
                hovertemplate=f"{labels[column]} %{{x:.4g}}, {labels[row]} %{{y:.4g}}<extra></extra>",
                marker={"size": 4, "color": line["color"][drawn], "colorscale": "Viridis"}, row=row, col=column + 1,
            )
    for place, axis in enumerate(axes):
        thin = slice(None, None, 2 if axis["kind"] == "log" and len(axis["ticks"]) > 4 else 1)
        ticks = {"tickvals": axis["ticks"][thin], "ticktext": axis["names"][thin]}
        if place < size:
            figure.update_xaxes(**ticks, col=place + 1)
            figure.update_xaxes(title_text=axis["label"], row=size, col=place + 1)
        if place:
            figure.update_yaxes(**ticks, row=place)
            figure.update_yaxes(title_text=axis["label"], row=place, col=1)
    return layout(figure, title, 140 + 130 * size, showlegend=False)
