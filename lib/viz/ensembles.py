"""Ensembles: pairs of members, teams as points, bags of rows, what an error is made of, and a sum that grows."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib import arrays
from lib.ensembles import NEARLY
from lib.viz.look import AGAINST, FIELD, GOOD, GREY, drawable, layout, style

# --- pairs of members


def pairs_data(matrix, names):
    """Name the rows and columns of a matrix over pairs of members, and blank its diagonal: it says nothing.

    Args:
        matrix: symmetric, float, shape (n_models, n_models), as of `lib.ensembles.disagreement`.
        names: of the members, n_models different str.

    Returns:
        A DataFrame of float, NaN on the diagonal.

    Raises:
        CourseError: a matrix of another shape, or two members of one name.
    """
    names = arrays.names("names", names, len(names))
    table = pd.DataFrame(arrays.numbers("matrix", matrix, (len(names),) * 2, finite=False), index=names, columns=names)
    return table.mask(np.eye(len(table), dtype=bool))


def plot_pairs(matrix, names, title, unit, low=None, high=None, good=True):
    """Draw a matrix over pairs of members as a heat map; see `pairs_data`.

    Args:
        matrix, names: as in `pairs_data`.
        title: the figure's title.
        unit: what a field says, for the colour bar; "<br>" breaks its lines.
        low, high: ends of the colour scale; the smallest and the largest field where None.
        good: bool, whether one wants much of it; what one does not has another colour.
    """
    drawable(names, "there are no members")
    table = pairs_data(matrix, names)
    texts = [["" if np.isnan(field) else f"{field:.2f}" for field in row] for row in table.to_numpy()]
    few = {"text": texts, "texttemplate": "%{text}"} if len(table) <= 14 else {}
    heat = go.Heatmap(
        z=table, x=list(table.columns), y=list(table.index), colorscale=FIELD if good else AGAINST, zmin=low, zmax=high,
        xgap=1, ygap=1, textfont={"color": "#000000", "size": 12},
        colorbar={"title": unit, "thickness": 14}, hovertemplate="%{y} and %{x}: %{z:.3f}<extra></extra>",
        hoverongaps=False, **few,
    )
    figure = go.Figure(heat)
    figure.update_xaxes(showgrid=False, type="category")
    figure.update_yaxes(showgrid=False, type="category", autorange="reversed")
    return layout(figure, title, 160 + 30 * max(6, len(table)))


# --- many teams as points


def trend_data(x, y):
    """Fit a straight line through points, and say how closely they keep to it.

    Args:
        x, y: float, shape (n,), n of 2 or more.

    Returns:
        A dict with x and y (the two ends of the line, lists of float) and correlation (Pearson's, float).

    Raises:
        CourseError: x and y differ in length, hold what is no finite number, or all of x is one number.
    """
    x = arrays.numbers("x", x)
    y = arrays.numbers("y", y, x.shape)
    if not np.ptp(x):
        raise arrays.refused("x", f"one number, {x[0]:g},", "two or more, or there is no line")
    slope, height = np.polyfit(x, y, 1)
    ends = np.array([x.min(), x.max()])
    return {"x": ends.tolist(), "y": (slope * ends + height).tolist(), "correlation": float(np.corrcoef(x, y)[0, 1])}


def plot_points(frame, x, y, kind, title, x_title, y_title, trend=False, equal=None):
    """Draw every row as a point, coloured and shaped by its kind; with `trend` a line through all; see `trend_data`.

    Args:
        frame: DataFrame with the columns that x, y and kind name.
        x, y, kind: names of columns.
        title, x_title, y_title: texts of the figure.
        trend: whether to draw the line.
        equal: str, what it means that y equals x, for the legend of that line; None for no such line.
    """
    drawable(frame, "the table has no rows")
    figure = go.Figure()
    for number, (name, part) in enumerate(frame.groupby(kind, sort=False, dropna=False)):
        colour, _, symbol = style(number)
        marker = {"size": 8, "symbol": symbol, "color": colour}
        figure.add_scatter(
            x=part[x], y=part[y], mode="markers", name=str(name), marker=marker,
            hovertemplate="%{x:.3f}, %{y:.4f}<extra>" + str(name) + "</extra>",
        )
    if trend:
        line = trend_data(frame[x], frame[y])
        name = f"trend, correlation {line['correlation']:.2f}"
        figure.add_scatter(x=line["x"], y=line["y"], mode="lines", name=name, line={"color": GREY, "dash": "dash"})
    if equal:
        ends = [frame[x].min(), frame[x].max()]
        figure.add_scatter(x=ends, y=ends, mode="lines", name=equal, line={"color": GREY, "dash": "dot"})
    figure.update_xaxes(title_text=x_title).update_yaxes(title_text=y_title)
    return layout(figure, title, 440)


# --- a few measurements of each way


def plot_dots(table, title, x_title):
    """Draw every measurement as a dot and each mean as a bar across them: a panel for each team, a row for each way.

    Args:
        table: DataFrame of float, a column for each way; the first level of the index names the team.
        title, x_title: texts of the figure.
    """
    drawable(table, "nothing was measured")
    teams = list(dict.fromkeys(table.index.get_level_values(0)))
    figure = make_subplots(len(teams), 1, shared_xaxes=True, subplot_titles=teams, vertical_spacing=0.36 / (len(teams) + 1))
    for row, team in enumerate(teams, start=1):
        for number, (way, values) in enumerate(table.loc[[team]].items()):
            colour, _, symbol = style(number)
            mean = {"symbol": "line-ns", "size": 22, "line": {"width": 3, "color": colour}}
            hover = "%{x:.4f}<extra>" + f"{team}: {way}"
            figure.add_scatter(
                x=[values.mean()], y=[way], mode="markers", name=f"{team}: {way}, mean", marker=mean,
                hovertemplate=hover + ", mean</extra>", row=row, col=1,
            )
            figure.add_scatter(
                x=values, y=[way] * len(values), mode="markers", name=f"{team}: {way}", hovertemplate=hover + "</extra>",
                marker={"size": 9, "symbol": f"{symbol}-open", "color": colour, "line_width": 2}, row=row, col=1,
            )
    figure.update_yaxes(autorange="reversed", showgrid=False).update_xaxes(title_text=x_title, row=len(teams), col=1)
    return layout(figure, title, 100 + len(teams) * (60 + 30 * table.shape[1]), showlegend=False)


# --- how sure, and how right


def reliability_data(probabilities, y, bins=10):
    """Compare how sure a classifier is with how often it is right (Guo and others, 2017).

    Args:
        probabilities: of the classes, float, shape (n_samples, n_classes), rows that sum to 1.
        y: the truth, shape (n_samples,): class numbers from 0 on, or names, as in `lib.arrays.class_numbers`.
        bins: into how many equal parts the confidences from 0 to 1 are divided, int of 1 or more.

    Returns:
        A DataFrame with a row for each part that has a sample: confidence (mean highest probability), accuracy, and share
        (of the samples). The sum of share times the distance of the first two is the expected calibration error.

    Raises:
        CourseError: shapes that disagree, what is no probability, a class that has none, or less than one part.
    """
    probabilities = arrays.numbers("probabilities", probabilities)
    if probabilities.ndim != 2 or not len(probabilities) or not np.allclose(probabilities.sum(axis=1), 1, atol=NEARLY):
        raise arrays.refused("probabilities", f"shape {probabilities.shape}", "rows of class probabilities that sum to 1")
    if (probabilities < -NEARLY).any():
        raise arrays.refused("probabilities", f"{probabilities.min():.4g}", "0 to 1: are these logits?")
    y = arrays.class_numbers("y", y, *probabilities.shape)
    bins = arrays.whole("bins", bins, least=1)
    frame = pd.DataFrame({"confidence": probabilities.max(axis=1), "accuracy": probabilities.argmax(axis=1) == y})
    part = np.minimum((frame.confidence * bins).astype(int), bins - 1)
    table = frame.groupby(part).mean()
    return table.assign(share=frame.groupby(part).size() / len(frame)).reset_index(drop=True)


def plot_reliability(tables, title):
    """Draw the accuracy of each part over its confidence; on the grey diagonal a classifier is as often right as it is sure.

    Args:
        tables: dict from a classifier's name to its `reliability_data`.
        title: the figure's title.
    """
    drawable(tables, "there is no classifier")
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name="as sure as right", line={"color": GREY, "dash": "dash"})
    for number, (name, table) in enumerate(tables.items()):
        colour, dash, symbol = style(number)
        figure.add_scatter(
            x=table.confidence, y=table.accuracy, mode="lines+markers", name=str(name), line={"color": colour, "dash": dash},
            marker={"size": 8, "symbol": symbol}, customdata=table.share,
            hovertemplate="sure %{x:.2f}, right %{y:.2f}, %{customdata:.0%} of the pictures<extra>" + str(name) + "</extra>",
        )
    low = min(min(table.confidence.min(), table.accuracy.min()) for table in tables.values())
    figure.update_xaxes(title_text="confidence: the highest probability", range=[max(-0.02, low - 0.05), 1.02])
    figure.update_yaxes(title_text="accuracy: the share that is right", range=[max(-0.02, low - 0.05), 1.02])
    return layout(figure, title, 440)


# --- which rows each member has drawn


def bags_data(rows, n):
    """Count how often each member has drawn each row.

    Args:
        rows: the rows drawn, int in [0, n), shape (n_models, size).
        n: rows there are to draw from.

    Returns:
        Int array, shape (n_models, n); 0 is out of bag.

    Raises:
        CourseError: there are no rows, or one that is not there.
    """
    drawable(rows, "no member has drawn a row")
    return np.stack([np.bincount(arrays.row_numbers("rows", drawn, n), minlength=n) for drawn in rows])


def plot_bags(rows, n, title):
    """Draw a row of fields for each member, coloured by how often a row was drawn; see `bags_data`."""
    counts = bags_data(rows, n)
    names = [f"member {number}" for number in range(1, len(counts) + 1)]
    # What was never drawn is the page itself, light or dark.
    steps = ["rgba(0,0,0,0)", *(colour for _, colour in GOOD)]
    scale = [[end, colour] for place, colour in enumerate(steps) for end in (place / 4, (place + 1) / 4)]
    bar = {"title": "times<br>drawn", "thickness": 14, "tickvals": [0, 1, 2, 3], "ticktext": ["0", "1", "2", "3+"]}
    heat = go.Heatmap(
        z=counts.clip(max=3), x=np.arange(n), y=names, colorscale=scale, zmin=-0.5, zmax=3.5, xgap=1, ygap=2,
        colorbar=bar, customdata=counts, hovertemplate="%{y}, row %{x}: drawn %{customdata} times<extra></extra>",
    )
    figure = go.Figure(heat)
    figure.update_xaxes(title_text="row of the training data", showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return layout(figure, title, 150 + 28 * len(counts))


# --- what an error is made of


def decomposition_data(predictions, y):
    """Split a mean squared error over many training sets into what stays on average, and variance.

    Args:
        predictions: one prediction for each training set, float, shape (n_sets, n_samples); n_sets of 2 or more.
        y: the truth, float, shape (n_samples,). It is noisy, so its noise is part of the first share.

    Returns:
        A dict of floats: "bias² and noise", the squared error of the sets' mean prediction, and "variance", the mean
        squared distance from that mean. They add up to the mean squared error. (Of few sets the mean itself varies:
        the variance is too small by a factor of 1 - 1/n_sets, and the other share too large by as much.)

    Raises:
        CourseError: a y of another length, or what is no finite number.
    """
    predictions = arrays.numbers("predictions", predictions)
    if predictions.ndim != 2 or not predictions.size:
        raise arrays.refused("predictions", f"shape {predictions.shape}", "(n_sets, n_samples)")
    y = arrays.numbers("y", arrays.targets("y", y, predictions.shape[1]))
    centre = predictions.mean(axis=0)
    return {
        "bias² and noise": float(np.mean((centre - y) ** 2)),
        "variance": float(np.mean((predictions - centre) ** 2)),
    }


# --- a prediction that grows


def stages_data(x, staged, rounds):
    """Take the predictions after some of the rounds as curves, from left to right.

    Args:
        x: one number for each sample, shape (n_samples,).
        staged: predictions after 0, 1, ... rounds, float, shape (rounds + 1, n_samples).
        rounds: the rounds to show, int.

    Returns:
        A DataFrame with rounds, x and y, sorted by x within each round.

    Raises:
        CourseError: a round that there is not, or predictions of other samples than x.
    """
    x, staged = arrays.array("x", x), arrays.array("staged", staged)
    if x.ndim != 1 or staged.ndim != 2 or staged.shape[1] != len(x):
        raise arrays.refused("staged", f"shape {staged.shape}, and x of shape {x.shape},", "(rounds + 1, n) and (n,)")
    rounds = arrays.row_numbers("rounds", list(rounds), len(staged))
    order = np.argsort(x, kind="stable")
    parts = [pd.DataFrame({"rounds": r, "x": x[order], "y": staged[r][order]}) for r in rounds]
    return pd.concat(parts, ignore_index=True)


def plot_stages(x, y, staged, rounds, title, x_title, y_title):
    """Draw the samples as points, and the prediction after some of the rounds as curves.

    Args:
        x, staged, rounds: as for `stages_data`.
        y: the truth, shape (n_samples,).
        title, x_title, y_title: texts of the figure.

    Raises:
        CourseError: as `stages_data`, or a truth of other samples.
    """
    table = stages_data(x, staged, rounds)
    y = arrays.targets("y", y, len(x))
    figure = go.Figure()
    figure.add_scatter(
        x=x, y=y, mode="markers", name="data", marker={"color": GREY, "size": 4, "symbol": "circle-open"}, hoverinfo="skip"
    )
    for number, (count, line) in enumerate(table.groupby("rounds", sort=False)):
        colour, dash, _ = style(number)
        name = f"{count} round" if count == 1 else f"{count} rounds"
        figure.add_scatter(
            x=line.x, y=line.y, mode="lines", name=name, line={"color": colour, "dash": dash, "width": 3},
            hovertemplate="%{x:.3g}: %{y:.3g}<extra>" + name + "</extra>",
        )
    figure.update_xaxes(title_text=x_title).update_yaxes(title_text=y_title)
    return layout(figure, title, 420)
