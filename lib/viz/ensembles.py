"""Ensembles: pairs of members as a heat map, teams as points, what accuracy costs."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib.viz.look import BLUE, GREY, ORANGE, TEMPLATE, layout

# --- pairs of members


def pairs_data(matrix, names):
    """Name the rows and columns of a matrix over pairs of members, and blank its diagonal: it says nothing.

    Args:
        matrix: symmetric, float, shape (n_models, n_models), as of `lib.ensembles.disagreement`.
        names: of the members, n_models different str.

    Returns:
        A DataFrame of float, NaN on the diagonal.
    """
    table = pd.DataFrame(np.array(matrix, float), index=list(names), columns=list(names))
    return table.mask(np.eye(len(table), dtype=bool))


def plot_pairs(matrix, names, title, unit, low=None, high=None):
    """Draw a matrix over pairs of members as a heat map; see `pairs_data`.

    Args:
        matrix, names: as in `pairs_data`.
        title: the figure's title.
        unit: what a field says, for the colour bar; "<br>" breaks its lines.
        low, high: ends of the colour scale; the smallest and the largest field where None.
    """
    table = pairs_data(matrix, names)
    texts = [["" if np.isnan(field) else f"{field:.2f}" for field in row] for row in table.to_numpy()]
    few = {"text": texts, "texttemplate": "%{text}"} if len(table) <= 14 else {}
    heat = go.Heatmap(
        z=table, x=list(table.columns), y=list(table.index), colorscale="Blues", zmin=low, zmax=high, xgap=1, ygap=1,
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
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    slope, height = np.polyfit(x, y, 1)
    ends = np.array([x.min(), x.max()])
    return {"x": ends.tolist(), "y": (slope * ends + height).tolist(), "correlation": float(np.corrcoef(x, y)[0, 1])}


def plot_points(frame, x, y, kind, title, x_title, y_title, trend=False):
    """Draw every row as a point, coloured and shaped by its kind; with `trend` a line through all; see `trend_data`.

    Args:
        frame: DataFrame with the columns that x, y and kind name.
        x, y, kind: names of columns.
        title, x_title, y_title: texts of the figure.
        trend: whether to draw the line.
    """
    figure = go.Figure()
    shapes = ("circle", "square", "diamond", "triangle-up", "x", "cross")
    for number, (name, part) in enumerate(frame.groupby(kind, sort=False)):
        marker = {"size": 8, "symbol": shapes[number % 6], "color": TEMPLATE.layout.colorway[number % 6], "opacity": 0.75}
        figure.add_scatter(
            x=part[x], y=part[y], mode="markers", name=str(name), marker=marker,
            hovertemplate="%{x:.3f}, %{y:.4f}<extra>" + str(name) + "</extra>",
        )
    if trend:
        line = trend_data(frame[x], frame[y])
        name = f"trend, correlation {line['correlation']:.2f}"
        figure.add_scatter(x=line["x"], y=line["y"], mode="lines", name=name, line={"color": GREY, "dash": "dash"})
    figure.update_xaxes(title_text=x_title).update_yaxes(title_text=y_title)
    return layout(figure, title, 440)


# --- what accuracy costs


def price_data(table, price, score):
    """Mark the rows that are worth their price: nothing that costs as little or less scores as well or better.

    Args:
        table: DataFrame with the columns that price (lower is better) and score (higher is better) name.
        price, score: names of columns.

    Returns:
        The table with one more column, worth (bool), the cheapest row first.
    """
    table = table.sort_values([price, score], ascending=[True, False])
    best = table[score].cummax().shift(fill_value=-np.inf)
    return table.assign(worth=table[score] > best)


def plot_price(table, price, score, title, price_title, score_title):
    """Draw the score of each row over its price, on a logarithmic axis, and a line along what is worth its price.

    Args:
        table, price, score: as in `price_data`; the index names the rows.
        title, price_title, score_title: texts of the figure.
    """
    table = price_data(table, price, score)
    front = table[table.worth]
    figure = go.Figure()
    figure.add_scatter(
        x=front[price], y=front[score], mode="lines", name="worth its price", hoverinfo="skip",
        line={"color": BLUE, "shape": "hv", "dash": "dot"},
    )
    for worth, colour, symbol, place in ((True, BLUE, "circle", "top left"), (False, ORANGE, "square", "bottom right")):
        part = table[table.worth == worth]
        if len(part):
            figure.add_scatter(
                x=part[price], y=part[score], text=part.index, mode="markers+text", textposition=place,
                name="dearer, and no better", marker={"size": 11, "color": colour, "symbol": symbol},
                showlegend=not worth, hovertemplate="%{text}: %{x:.3g}, %{y:.4f}<extra></extra>",
            )
    low, high = np.log10(table[price].min()), np.log10(table[price].max())
    room = max(0.15, 0.2 * (high - low))  # for the names at both ends
    ticks = [digit * 10.0**power for power in range(int(np.floor(low)) - 1, int(np.ceil(high)) + 1) for digit in (1, 2, 5)]
    figure.update_xaxes(
        title_text=price_title, type="log", range=[low - room, high + room], tickvals=ticks,
        ticktext=[f"{tick:,g}" if tick < 1e6 else f"{tick / 1e6:,g} M" for tick in ticks],
    )
    span = max(table[score].max() - table[score].min(), 1e-3)
    figure.update_yaxes(title_text=score_title, range=[table[score].min() - 0.2 * span, table[score].max() + 0.15 * span])
    return layout(figure, title, 440)
