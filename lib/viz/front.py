"""What accuracy costs: the front of the models that nothing beats, each with its name beside it."""

import numpy as np
import plotly.graph_objects as go

from lib import arrays
from lib.errors import CourseError
from lib.viz.look import GREY, VERMILION, drawable, layout, style
from lib.viz.parallel import NONE

WIDTH = 820  # of the drawing in pixels, for which names are placed


def front_data(table, cost, gain, least=0.0):
    """Mark the rows that are worth their price: nothing that costs as little or less gains as much or more.

    A row whose cost or gain is unknown is not among them.

    Args:
        table: DataFrame with the columns that cost (lower is better) and gain (higher is better) name.
        cost, gain: names of columns.
        least: float, 0 or more: by how much a row has to gain more than the cheaper ones of the front. What is nearer
            may be chance.

    Returns:
        The table with one more column, front (bool), the cheapest row first.

    Raises:
        CourseError: there is no such column, or it holds what is no number; or a `least` below 0.
    """
    least = arrays.number("least", least, least=0)
    try:
        numbers = table[[cost, gain]].astype("Float64").astype(float)  # an unknown one may be NaN or NA
    except (KeyError, ValueError, TypeError):
        known = ", ".join(map(str, table))
        raise CourseError(f"{cost!r} or {gain!r} is no column of numbers in this table; its columns are {known}.") from None
    table = table.assign(**numbers).sort_values([cost, gain], ascending=[True, False])
    known = table[[cost, gain]].notna().all(axis=1)
    front, best = [], -np.inf
    for value in table[gain].where(known, -np.inf):
        front.append(value > best + least)
        best = value if front[-1] else best
    return table.assign(front=front)


def plot_front(table, cost, gain, title, cost_title, gain_title, kind=None, budget=None, least=0.0):
    """Draw what each model gives over what it costs, on a logarithmic axis, and a step line along the front.

    Args:
        table: DataFrame, one row a model, its name in the index.
        cost, gain: as in `front_data`.
        title, cost_title, gain_title: texts of the figure.
        kind: name of the column that says what colours the points; None for whether a model is on the front. A model
            that has no kind is drawn as "(none)".
        budget: float, a cost to draw as a line; or None.
        least: float, as in `front_data`; above 0 each point gets a bar of half of it up and down.

    Raises:
        CourseError: no row has a cost and a gain, or a cost is not above 0.
    """
    verdicts = ("worth its price", "costs more, no better")
    if kind and table[kind].isna().any():  # a gap equals nothing, itself neither: no point would be of that kind
        table = table.copy()
        table[kind] = table[kind].astype(object).where(table[kind].notna(), NONE)
    kinds = dict.fromkeys(table[kind] if kind else verdicts)  # before the table is sorted: a kind keeps its colour
    table = front_data(table, cost, gain, least)
    table = table[np.isfinite(table[[cost, gain]]).all(axis=1)]
    drawable(table, f"no row has both {cost!r} and {gain!r}")
    if table[cost].min() <= 0:
        raise CourseError(f"cost: {table[cost].idxmin()!r} costs {table[cost].min():g}, and a logarithmic axis begins above 0.")
    places = places_data(np.log10(table[cost]), table[gain], table.index, np.flatnonzero(table.front))
    table = table.assign(place=places, kind=table[kind] if kind else np.where(table.front, *verdicts))
    front = table[table.front]
    figure = go.Figure()
    figure.add_scatter(
        x=front[cost], y=front[gain], mode="lines", name="the front", hoverinfo="skip",
        line={"color": GREY, "shape": "hv", "dash": "dot"},
    )
    for number, name in enumerate(kinds):
        colour, _, symbol = style(number)
        part = table[table.kind == name]
        if len(part):
            figure.add_scatter(
                x=part[cost], y=part[gain], mode="markers+text", text=part.index, textposition=list(part.place),
                name=str(name), marker={"size": 11, "symbol": symbol, "color": colour},
                hovertemplate="%{text}: %{x:.4g}, %{y:.4f}<extra></extra>",
                error_y={"array": [least / 2] * len(part), "thickness": 1, "width": 0} if least else None,
            )
    if budget is not None:
        figure.add_vline(x=budget, line={"color": VERMILION, "dash": "dash", "width": 2}, name="the budget", showlegend=True)
    ends = np.log10([table[cost].min(), table[cost].max()])
    room = max(0.1, 0.08 * np.ptp(ends))  # for the names at both ends
    ticks = [digit * 10.0**power for power in range(int(ends[0]) - 2, int(ends[1]) + 2) for digit in (1, 2, 5)]
    figure.update_xaxes(
        title_text=cost_title, type="log", range=[ends[0] - room, ends[1] + room], tickvals=ticks,
        ticktext=[f"{tick:,g}" if tick < 1e6 else f"{tick / 1e6:,g} M" for tick in ticks],
    )
    figure.update_yaxes(title_text=gain_title)
    figure.update_layout(meta={"room": WIDTH + 100})  # a page that is narrower moves it sideways
    return layout(figure, title, 480)


# --- names beside points

PLACES = {  # where a name may stand: how far its middle lies from the point, in its own widths and heights
    "middle right": (0.5, 0.0), "middle left": (-0.5, 0.0), "top center": (0.0, 1.1), "bottom center": (0.0, -1.1),
    "top right": (0.5, 0.9), "bottom right": (0.5, -0.9), "top left": (-0.5, 0.9), "bottom left": (-0.5, -0.9),
}


def places_data(x, y, names, front=(), width=WIDTH, height=330):
    """Find for each point a place beside it for its name, so that names cover neither each other nor points.

    Args:
        x, y: float, shape (n,), in units in which the axes are linear.
        names: n str.
        front: numbers of the points that a step line joins, from left to right; names keep off it too.
        width, height: of the drawing in pixels.

    Returns:
        A list of n keys of `PLACES`, as plotly's textposition takes them.
    """
    x = width * _share(np.asarray(x, float))
    y = height * _share(np.asarray(y, float))
    chosen = []
    boxes = [(px, py, 14.0, 14.0) for px, py in zip(x, y, strict=True)]
    boxes += _steps(x[list(front)], y[list(front)])
    for px, py, name in zip(x, y, names, strict=True):
        wide = 7.0 * len(name) + 10
        options = {place: (px + dx * (wide + 16), py + 16 * dy, wide, 16.0) for place, (dx, dy) in PLACES.items()}
        best = min(options, key=lambda place: _covered(options[place], boxes, width))
        chosen.append(best)
        boxes.append(options[best])
    return chosen


def _steps(x, y):
    """Return thin boxes along a line that goes right first and then upwards."""
    flat = [((a + b) / 2, h, b - a, 4.0) for a, b, h in zip(x, x[1:], y, strict=False)]
    steep = [(right, (a + b) / 2, 4.0, abs(b - a)) for right, a, b in zip(x[1:], y, y[1:], strict=False)]
    return flat + steep


def _share(values):
    span = np.ptp(values)
    return (values - values.min()) / span if span else np.zeros(len(values))


def _covered(box, others, width):
    """Add up the area of a box (middle x, middle y, width, height) that others cover, or that leaves the drawing."""
    bx, by, wide, high = box
    area = 0.0
    for ox, oy, other_wide, other_high in others:
        across = min(bx + wide / 2, ox + other_wide / 2) - max(bx - wide / 2, ox - other_wide / 2)
        upwards = min(by + high / 2, oy + other_high / 2) - max(by - high / 2, oy - other_high / 2)
        area += max(0.0, across) * max(0.0, upwards)
    out = max(0.0, -60 - (bx - wide / 2)) + max(0.0, bx + wide / 2 - width - 60)
    return area + out * high
