"""Figures of the course, from a trials frame or a training history: `*_data` computes, `plot_*` only draws."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

# Okabe and Ito's colours, which colour-blind readers can tell apart (jfly.uni-koeln.de/color).
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"
GREY = "#7d7d7d"  # readable on white and on near black alike

AXIS = {
    "showgrid": True,
    "gridcolor": "rgba(125,125,125,0.25)",
    "zeroline": False,
    "linecolor": GREY,
    "automargin": True,
    "ticks": "outside",
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"color": GREY, "size": 13},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": [BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY],
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": GREY},
        "colorscale": {"sequential": "Viridis"},
        "xaxis": AXIS,
        "yaxis": AXIS,
        "margin": {"l": 60, "r": 30, "t": 60, "b": 50},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "title": {"x": 0, "xanchor": "left", "xref": "paper", "font": {"size": 15}, "yref": "container", "y": 0.97},
    }
)


def _layout(figure, title, height, **layout):
    return figure.update_layout(template=TEMPLATE, title_text=title, height=height, **layout)


# --- pictures of a data set


def pictures_data(x, y, classes):
    """Find the first picture of each class.

    Args:
        x: float32 pictures in [0, 1], shape (n, height, width).
        y: int labels, shape (n,).
        classes: names of the classes, each with a picture in x.

    Returns:
        A dict from class name to its picture, uint8 in [0, 255], shape (height, width).
    """
    firsts = {name: x[np.flatnonzero(y == label)[0]] for label, name in enumerate(classes)}
    return {name: np.round(picture * 255).astype(np.uint8) for name, picture in firsts.items()}


def plot_pictures(x, y, classes):
    """Draw one picture of each class under its name, in two rows; see `pictures_data`."""
    pictures = pictures_data(x, y, classes)
    columns = -(-len(pictures) // 2)
    figure = make_subplots(2, columns, subplot_titles=list(pictures), horizontal_spacing=0.02, vertical_spacing=0.12)
    for place, picture in enumerate(pictures.values()):
        heat = go.Heatmap(z=picture, colorscale="Greys", showscale=False, hoverinfo="skip")
        figure.add_trace(heat, row=place // columns + 1, col=place % columns + 1)
    for place, axis in enumerate(figure.select_yaxes()):
        axis.update(autorange="reversed", scaleanchor=f"x{place + 1}", constrain="domain")
    figure.update_xaxes(visible=False, constrain="domain").update_yaxes(visible=False)
    return _layout(figure, "One picture of each class", 400, margin={"l": 0, "r": 0, "t": 80, "b": 0})


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
    return _layout(figure, "A tournament in brackets: the area is what it costs", 340, showlegend=False)


# --- where the seconds of a trial go


def plot_parts(parts, title):
    """Draw how the whole of each row divides into parts, as stacked horizontal bars.

    Args:
        parts: DataFrame of seconds, one row a bar (the index names it), one column a part.
        title: the figure's title.
    """
    figure = go.Figure()
    for part in parts.columns:
        figure.add_bar(
            y=parts.index,
            x=parts[part],
            name=part,
            orientation="h",
            hovertemplate="%{x:.2f} s<extra>" + part + "</extra>",
        )
    figure.update_layout(barmode="stack").update_xaxes(title_text="seconds").update_yaxes(autorange="reversed")
    return _layout(figure, title, 170 + 55 * len(parts), legend_traceorder="normal")


# --- all trials of a search


def parallel_data(frame):
    """Turn a trials frame into the axes of a parallel-coordinates picture, the objective last.

    Trials without a score and columns without two different values are left out. Learning rates and other
    positive columns that span a factor of 100 get a logarithmic axis; text and booleans one tick for each value.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.

    Returns:
        A list of dict with label, values (float array, one a trial), ticks (positions) and names (str).
    """
    scored = frame[frame["score"].notna()]
    outcome = {"score", "direction", "seconds", "epochs", "status"}
    columns = [c for c in scored if c not in outcome | {"trial"} and scored[c].nunique() > 1]
    return [_axis(c, scored[c]) for c in [*columns, "score"]]


def _axis(name, column):
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        names = sorted(column.astype(str).unique())
        values = column.astype(str).map(names.index).to_numpy(float)
        return {"label": name, "values": values, "ticks": list(range(len(names))), "names": names}
    values = column.to_numpy(float)
    if np.nanmin(values) > 0 and np.nanmax(values) / np.nanmin(values) >= 100:
        low, high = np.floor(np.log10(np.nanmin(values))), np.ceil(np.log10(np.nanmax(values)))
        ticks = np.arange(low, high + 1)
        return {
            "label": f"{name} (log)",
            "values": np.log10(values),
            "ticks": ticks.tolist(),
            "names": [f"{10**t:g}" for t in ticks],
        }
    unique = np.unique(values[~np.isnan(values)])
    ticks = unique if len(unique) <= 5 and name != "score" else np.linspace(unique[0], unique[-1], 5)
    return {"label": name, "values": values, "ticks": ticks.tolist(), "names": [f"{t:.4g}" for t in ticks]}


def plot_parallel(frame, title):
    """Draw every scored trial as a line across its hyperparameters to its score; see `parallel_data`.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        title: the figure's title.
    """
    axes = parallel_data(frame)
    dimensions = [
        {"label": a["label"], "values": a["values"], "tickvals": a["ticks"], "ticktext": a["names"]} for a in axes
    ]
    line = {
        "color": axes[-1]["values"],
        "colorscale": "Viridis",
        "showscale": True,
        "colorbar": {"title": "score", "thickness": 14},
    }
    quiet = {"color": GREY, "size": 12}
    figure = go.Figure(
        go.Parcoords(
            dimensions=dimensions, line=line, labelfont=quiet, tickfont=quiet, rangefont={"color": "rgba(0,0,0,0)"}
        )
    )
    # Plotly gives the tick labels a halo, white unless the paper has a colour: on a dark page that hides them.
    return _layout(figure, title, 420, margin={"l": 70, "r": 30, "t": 100, "b": 30}, paper_bgcolor="#ffffff")


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
    """Draw a learning curve: each metric over the epochs, on training and on validation data; see `history_data`."""
    table = history_data(history)
    figure = make_subplots(1, len(metrics), subplot_titles=metrics, horizontal_spacing=0.1)
    for column, metric in enumerate(metrics, start=1):
        for part, colour in (("training", BLUE), ("validation", ORANGE)):
            points = table[(table.metric == metric) & (table.part == part)]
            if len(points):
                figure.add_scatter(
                    x=points.epoch, y=points.value, name=part, mode="lines+markers", line_color=colour,
                    legendgroup=part, showlegend=column == 1, row=1, col=column,
                )  # fmt: skip
    figure.update_xaxes(title_text="epoch")
    return _layout(figure, "Learning curve", 380, legend={"x": 1, "xanchor": "right", "y": 1.12})


# --- what a classifier mistakes for what


def confusion_data(y_true, y_pred, classes):
    """Count how often each class was taken for each other.

    Args:
        y_true: int labels, shape (n,).
        y_pred: int labels, shape (n,).
        classes: names of the classes.

    Returns:
        A DataFrame of counts: a row for each true class, a column for each predicted one.
    """
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (np.asarray(y_true), np.asarray(y_pred)), 1)
    return pd.DataFrame(counts, index=classes, columns=classes)


def plot_confusion(counts):
    """Draw a confusion matrix, coloured by the share of each true class; see `confusion_data`."""
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    heat = go.Heatmap(
        z=shares, x=list(counts.columns), y=list(counts.index), text=counts, texttemplate="%{text}",
        colorscale="Blues", zmin=0, zmax=1, colorbar={"title": "share of<br>the class", "thickness": 14, "tickformat": ".0%"},
        hovertemplate="%{text} pictures of %{y} taken for %{x}<extra></extra>",
    )  # fmt: skip
    figure = go.Figure(heat)
    figure.update_xaxes(title_text="predicted class").update_yaxes(title_text="true class", autorange="reversed")
    return _layout(
        figure, "Confusion matrix of the test set, in pictures", 540, margin={"l": 100, "r": 30, "t": 60, "b": 90}
    )
