"""Columns of a table, folds, and searches of scikit-learn."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib.viz.look import BLUE, ORANGE, PURPLE, SKY, VERMILION, layout

# --- who is in which fold


def division_data(n, splits):
    """Say for each split what each sample is for.

    Args:
        n: samples.
        splits: dict from a split's name to a dict from role, as "train", to the sample numbers that have it.

    Returns:
        A DataFrame of roles (str, "" for none): a row for each split, a column for each sample.
    """
    table = pd.DataFrame("", index=list(splits), columns=range(n))
    for name, roles in splits.items():
        for role, samples in roles.items():
            table.loc[name, list(samples)] = role
    return table


def plot_division(table, roles, title):
    """Draw each split as a row of boxes, coloured by what each sample is for.

    Args:
        table: DataFrame of `division_data`.
        roles: its roles, in the order of the legend; at most four.
        title: the figure's title.
    """
    colours = dict(zip(roles, (SKY, ORANGE, VERMILION, PURPLE), strict=False))
    figure = go.Figure()
    for role, colour in colours.items():
        rows, columns = np.nonzero(table.to_numpy() == role)
        figure.add_scatter(
            x=columns, y=[table.index[r] for r in rows], name=role, mode="markers",
            marker={"symbol": "square", "size": 15, "color": colour}, hovertemplate="sample %{x}: " + role + "<extra></extra>",
        )
    figure.update_xaxes(title_text="sample", showgrid=False, range=[-0.8, table.shape[1] - 0.2])
    figure.update_yaxes(categoryorder="array", categoryarray=list(table.index), autorange="reversed", showgrid=False)
    return layout(figure, title, 170 + 24 * len(table))


# --- columns of a table, and searches of scikit-learn


def spreads_data(x, features):
    """Compute the standard deviation of each column, the largest first; columns that never change are left out.

    Args:
        x: float array, shape (n, n_features).
        features: names of the columns.

    Returns:
        A Series of float, indexed by the names.
    """
    spreads = pd.Series(np.std(x, axis=0), index=list(features)).sort_values(ascending=False, kind="stable")
    return spreads[spreads > 0]


def plot_spreads(x, features):
    """Draw how far the values of each column spread, on a logarithmic axis; see `spreads_data`."""
    spreads = spreads_data(x, features)
    figure = go.Figure(
        go.Scatter(
            x=spreads, y=spreads.index, mode="markers", marker={"size": 9, "color": BLUE},
            hovertemplate="%{y}: %{x:.3g}<extra></extra>",
        )
    )
    figure.update_xaxes(type="log", title_text="standard deviation, in the column's own unit", dtick=1)
    figure.update_yaxes(autorange="reversed", dtick=1)
    return layout(figure, "How far each column spreads", 160 + 18 * len(spreads))


def folds_data(cv_results, name):
    """Put the scores of a scikit-learn search over one parameter into a long table.

    Args:
        cv_results: `cv_results_` of a fitted search.
        name: the parameter, as in its grid.

    Returns:
        A DataFrame with value (str), fold (int from 1), score, and the candidate's mean, std, rank and seconds (of all
        folds together), one row for each value and fold, in the order of the search.
    """
    folds = sum(key.startswith("split") and key.endswith("_test_score") for key in cv_results)
    rows = []
    for place, params in enumerate(cv_results["params"]):
        seconds = folds * (cv_results["mean_fit_time"][place] + cv_results["mean_score_time"][place])
        candidate = {
            "mean": cv_results["mean_test_score"][place],
            "std": cv_results["std_test_score"][place],
            "rank": int(cv_results["rank_test_score"][place]),
            "seconds": seconds,
        }
        for fold in range(folds):
            score = cv_results[f"split{fold}_test_score"][place]
            rows.append({"value": str(params[name]), "fold": fold + 1, "score": score, **candidate})
    return pd.DataFrame(rows)


def plot_folds(cv_results, name):
    """Draw the score of each fold, with mean and deviation, and the seconds, for each value; see `folds_data`."""
    table = folds_data(cv_results, name)
    means = table.drop_duplicates("value")
    label = name.rsplit("__", 1)[-1].replace("_", " ")
    figure = make_subplots(1, 2, subplot_titles=["score", "cost of all folds"], horizontal_spacing=0.12)
    figure.add_scatter(
        x=means.value, y=means["mean"], error_y={"array": means["std"], "thickness": 1.5}, mode="lines+markers",
        name="mean and standard deviation", marker={"size": 9}, line_color=BLUE, row=1, col=1,
    )
    figure.add_scatter(
        x=table.value, y=table.score, mode="markers", name="one fold", text=table.fold, row=1, col=1,
        marker={"symbol": "circle-open", "size": 8, "color": ORANGE, "line": {"width": 2}},
        hovertemplate="fold %{text}: %{y:.4f}<extra></extra>",
    )
    figure.add_bar(x=means.value, y=means.seconds, marker_color=SKY, showlegend=False, row=1, col=2)
    figure.update_xaxes(title_text=label, type="category").update_yaxes(title_text="accuracy", col=1)
    figure.update_yaxes(title_text="seconds", rangemode="tozero", col=2)
    return layout(figure, f"A grid over {label}", 400, legend={"y": 1.12}, margin_t=110)


def coverage_data(draws, rng):
    """Lay as many points in a square by a grid and by chance.

    Args:
        draws: how many, a square number.
        rng: `numpy.random.Generator`.

    Returns:
        A dict from "grid" and "random" to points in [0, 1], shape (draws, 2).
    """
    side = round(draws**0.5)
    ticks = (np.arange(side) + 0.5) / side
    return {"grid": np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2), "random": rng.random((draws, 2))}


def plot_coverage(points):
    """Draw where a grid and random draws look, and how many values of the first axis each tries; see `coverage_data`."""
    values = {kind: len(np.unique(xy[:, 0])) for kind, xy in points.items()}
    titles = [f"{kind}: {len(xy)} trials, {values[kind]} different values" for kind, xy in points.items()]
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.1)
    for column, (xy, colour) in enumerate(zip(points.values(), (ORANGE, BLUE), strict=True), start=1):
        figure.add_scatter(
            x=xy[:, 0],
            y=xy[:, 1],
            mode="markers",
            marker={"size": 11, "color": colour},
            hoverinfo="skip",
            row=1,
            col=column,
        )
        figure.add_scatter(
            x=xy[:, 0], y=np.full(len(xy), -0.06), mode="markers", hoverinfo="skip", row=1, col=column,
            marker={"symbol": "line-ns", "size": 14, "line": {"width": 2, "color": colour}},
        )
    figure.update_xaxes(title_text="a hyperparameter that matters", range=[-0.03, 1.03], showticklabels=False)
    figure.update_yaxes(range=[-0.12, 1.03], showticklabels=False)
    figure.update_yaxes(title_text="one that does not", col=1)
    return layout(figure, "What nine trials see", 380, showlegend=False, margin_t=90)


def grid_data(cv_results, row, column):
    """Put the mean scores of a grid over two parameters into a table, a row and a column a value, both sorted.

    Args:
        cv_results: `cv_results_` of a fitted search.
        row, column: the two parameters, as in its grid.

    Returns:
        A DataFrame of float, indexed by the values.
    """
    values = pd.DataFrame(list(cv_results["params"]))[[row, column]]
    return values.assign(score=cv_results["mean_test_score"]).pivot_table(index=row, columns=column, values="score")


def plot_grid(cv_results, row, column):
    """Draw the mean score of each point of a grid over two parameters; see `grid_data`."""
    table = grid_data(cv_results, row, column)
    heat = go.Heatmap(
        z=table, x=[f"{v:.4g}" for v in table.columns], y=[f"{v:.3g}" for v in table.index], colorscale="Blues",
        texttemplate="%{z:.4f}", colorbar={"title": "mean<br>accuracy", "thickness": 14}, hoverinfo="skip",
    )
    figure = go.Figure(heat)
    names = [name.rsplit("__", 1)[-1].replace("_", " ") for name in (column, row)]
    figure.update_xaxes(title_text=names[0], type="category").update_yaxes(title_text=names[1], type="category")
    return layout(figure, f"The detail: {names[1]} and {names[0]}", 360)
