"""Folds: who is in which one, and how far the scores of one candidate lie apart."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib import arrays
from lib.columns import texts
from lib.errors import CourseError
from lib.viz.look import BLUE, GREY, ORANGE, PURPLE, SKY, VERMILION, drawable, layout

# --- who is in which fold


def division_data(n, splits):
    """Say for each split what each sample is for.

    Args:
        n: samples.
        splits: dict from a split's name to a dict from role, as "train", to the sample numbers that have it.

    Returns:
        A DataFrame of roles (str, "" for none): a row for each split, a column for each sample.

    Raises:
        CourseError: a sample that is not there, or that has two roles in one split.
    """
    table = pd.DataFrame("", index=list(splits), columns=range(n))
    for name, roles in splits.items():
        for role, samples in roles.items():
            rows = arrays.row_numbers(role, list(samples), n)
            if table.loc[name, rows].any():
                raise arrays.refused(f"{name}, {role}", "a sample that has a role", "one role for each")
            table.loc[name, rows] = role
    return table


def plot_division(n, splits, title):
    """Draw each split as a row of boxes, coloured by what each sample is for; see `division_data`.

    Args:
        n, splits: as for `division_data`, with four roles at most; the legend has them in the order of the splits.
        title: the figure's title.
    """
    table = division_data(n, splits)
    roles = dict.fromkeys(role for split in splits.values() for role in split)
    colours = dict(zip(roles, (SKY, ORANGE, VERMILION, PURPLE), strict=False))
    figure = go.Figure()
    for role, colour in colours.items():
        rows, columns = np.nonzero(table.to_numpy() == role)
        figure.add_scatter(
            x=columns, y=[table.index[r] for r in rows], name=role, mode="markers",
            marker={"symbol": "square", "size": 15, "color": colour}, hovertemplate="sample %{x}: " + role + "<extra></extra>",
        )
    figure.update_xaxes(title_text="sample", showgrid=False, range=[-0.8, n - 0.2])
    figure.update_yaxes(categoryorder="array", categoryarray=list(table.index), autorange="reversed", showgrid=False)
    said = [f"{name}: {', '.join(f'{len(list(samples))} samples are {role}' for role, samples in split.items())}."
            for name, split in splits.items()]
    return layout(figure, title, 150 + 24 * len(table), said)


# --- a search of scikit-learn over one parameter


def validation_curve_data(cv_results, name):
    """Put the scores of a scikit-learn search over one parameter into a long table.

    Where the grid has other parameters too, each value has its best candidate. Of a halving search only the last round
    counts: the scores of earlier ones are of fewer resources, and not to be compared with it.

    Args:
        cv_results: `cv_results_` of a fitted search.
        name: the parameter, as in its grid.

    Returns:
        A DataFrame with value (str), fold (int from 1), score, and the candidate's mean, std, rank and seconds (of all
        folds together), one row for each value and fold, in the order of the search.

    Raises:
        CourseError: the search has no such parameter.
    """
    known = dict.fromkeys(key for params in cv_results["params"] for key in params)
    if name not in known:
        raise CourseError(f"name: the search has no parameter {name!r}; it has {', '.join(known)}.")
    values = texts([params.get(name, "(none)") for params in cv_results["params"]])
    folds = sum(key.startswith("split") and key.endswith("_test_score") for key in cv_results)
    rounds = np.asarray(cv_results.get("iter", np.zeros(len(values))))  # of a halving search
    last = np.flatnonzero(rounds == rounds.max())
    best = {}
    for place in sorted(last, key=lambda place: cv_results["rank_test_score"][place]):
        best.setdefault(values[place], place)
    rows = []
    for value in sorted(best, key=values.index):
        place = best[value]
        seconds = folds * (cv_results["mean_fit_time"][place] + cv_results["mean_score_time"][place])
        candidate = {
            "mean": cv_results["mean_test_score"][place],
            "std": cv_results["std_test_score"][place],
            "rank": int(cv_results["rank_test_score"][place]),
            "seconds": seconds,
        }
        for fold in range(folds):
            score = cv_results[f"split{fold}_test_score"][place]
            rows.append({"value": value, "fold": fold + 1, "score": score, **candidate})
    return pd.DataFrame(rows)


def plot_validation_curve(cv_results, name):
    """Draw the score of each fold, with mean and deviation, and the seconds, for each value; see `validation_curve_data`."""
    drawable(cv_results["params"], "the search has no candidates")
    table = validation_curve_data(cv_results, name)
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
    best = means.loc[means["rank"].idxmin(), "value"]
    return layout(figure, f"A grid over {label}: {best} has the best mean", 400)


# --- the folds of every trial


def fold_scores_data(scores):
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
    """Draw each fold's score as a dot, and each trial's mean as a bar across them; see `fold_scores_data`.

    Args:
        scores: as for `fold_scores_data`.
        title: the figure's title.
        y_title: what a score is, with its unit.
    """
    drawable(scores, "no trial has scores of folds")
    points = fold_scores_data(scores)
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
    return layout(figure, title, 400)


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
    drawable(nest, "there are no outer folds")
    table = inner_outer_data(nest)
    figure = go.Figure()
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
    return layout(figure, title, 420)
