"""Changed copies of pictures, the folds of every trial, and inner against outer scores."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib.viz.look import BLUE, GREY, ORANGE, SKY, layout

# --- pictures, and what augmentation makes of them


def variants_data(kinds):
    """Turn rows of grey pictures into bytes.

    Args:
        kinds: dict from what was done to its pictures, float32 in [0, 1], shape (n, height, width); the same n.

    Returns:
        A dict from the same names to uint8 in [0, 255], of the same shape; what lies outside [0, 1] is cut off.
    """
    return {name: np.round(np.clip(x, 0, 1) * 255).astype(np.uint8) for name, x in kinds.items()}


def plot_variants(kinds, title):
    """Draw a row of pictures for each thing that was done to them; see `variants_data`."""
    rows = variants_data(kinds)
    columns = max(len(pictures) for pictures in rows.values())
    figure = make_subplots(
        len(rows), columns, row_titles=list(rows), horizontal_spacing=0.01, vertical_spacing=0.03
    )
    for row, pictures in enumerate(rows.values(), start=1):
        for column, picture in enumerate(pictures, start=1):
            heat = go.Heatmap(z=picture, colorscale="Greys", zmin=0, zmax=255, showscale=False, hoverinfo="skip")
            figure.add_trace(heat, row=row, col=column)
    for place, axis in enumerate(figure.select_yaxes()):
        axis.update(autorange="reversed", scaleanchor=f"x{place + 1}", constrain="domain")
    figure.update_xaxes(visible=False, constrain="domain").update_yaxes(visible=False)
    return layout(figure, title, 60 + 110 * len(rows), margin={"l": 0, "r": 40, "t": 50, "b": 0})


# --- the folds of every trial


def fold_points_data(scores):
    """Turn the scores of a cross-validated search into one long table.

    Args:
        scores: DataFrame of `lib.tuning.cross_validation.fold_scores`: a row for each trial, the columns fold 1, fold
            2, …, mean and sd.

    Returns:
        A DataFrame with trial (int), fold (int from 1) and score, trial by trial.
    """
    folds = [name for name in scores if name.startswith("fold ")]
    rows = [
        (trial, int(name.removeprefix("fold ")), score)
        for trial, row in scores[folds].iterrows()
        for name, score in row.items()
    ]
    return pd.DataFrame(rows, columns=["trial", "fold", "score"])


def plot_fold_scores(scores, title, y_title):
    """Draw each fold's score as a dot, and each trial's mean as a bar across them; see `fold_points_data`.

    Args:
        scores: as for `fold_points_data`.
        title: the figure's title.
        y_title: what a score is, with its unit.
    """
    points = fold_points_data(scores)
    count = points.fold.max()
    aside = (points.fold - (count + 1) / 2) * 0.12  # side by side, so that equal scores stay visible
    figure = go.Figure()
    figure.add_scatter(
        x=scores.index, y=scores["mean"], mode="markers", name="mean of the folds: the trial's score",
        marker={"symbol": "line-ew", "size": 46, "line": {"width": 4, "color": BLUE}},
        customdata=scores["sd"], hovertemplate="trial %{x}: %{y:.4f}, sd %{customdata:.4f}<extra></extra>",
    )
    figure.add_scatter(
        x=points.trial + aside, y=points.score, text=points.fold, mode="markers", name="one fold",
        marker={"symbol": "circle-open", "size": 9, "color": ORANGE, "line": {"width": 2}},
        hovertemplate="fold %{text}: %{y:.4f}<extra></extra>",
    )
    figure.update_xaxes(title_text="trial", dtick=1 if len(scores) <= 20 else None, showgrid=False)
    figure.update_yaxes(title_text=y_title)
    return layout(figure, title, 400, legend={"y": 1.0}, margin_t=90)


# --- nested cross-validation


def inner_outer_data(nest):
    """Turn the folds of a nested cross-validation, and their mean, into the ends of lines.

    Args:
        nest: DataFrame with the columns inner score and outer score, a row for each outer fold (the index).

    Returns:
        A DataFrame with line (str), inner and outer (float): one row for each outer fold, then the mean.
    """
    table = pd.DataFrame({
        "line": [f"outer fold {number}" for number in nest.index],
        "inner": nest["inner score"].to_numpy(float), "outer": nest["outer score"].to_numpy(float),
    })
    table.loc[len(table)] = ["mean", table.inner.mean(), table.outer.mean()]
    return table


def plot_inner_outer(nest, title, y_title):
    """Draw a line from the inner to the outer score of each outer fold, and of their mean; see `inner_outer_data`.

    Args:
        nest: as for `inner_outer_data`.
        title: the figure's title.
        y_title: what a score is, with its unit.
    """
    table, figure = inner_outer_data(nest), go.Figure()
    ends = ["inner score: chose the winner", "outer score: measured the winner"]
    for row in table.itertuples():
        mean = row.line == "mean"
        line = {"color": ORANGE, "width": 5} if mean else {"color": SKY, "width": 2}
        figure.add_scatter(
            x=ends, y=[row.inner, row.outer], mode="lines+markers", line=line, marker_size=11 if mean else 8,
            name="mean" if mean else "one outer fold", legendgroup=mean, showlegend=bool(mean or row.Index == 0),
            hovertemplate=row.line + ": %{y:.4f}<extra></extra>",
        )
    figure.update_xaxes(range=[-0.35, 1.35], showgrid=False, tickcolor=GREY).update_yaxes(title_text=y_title)
    return layout(figure, title, 420, legend={"y": 1.0}, margin_t=90)
